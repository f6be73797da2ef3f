"""One lock a service and account: moto has none of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Locks"]


class Locks:
    """The locks of moto's state."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], threading.RLock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def locked(self, service: str, account: str) -> Iterator[None]:
        """Hold a service's state of one account."""
        with self._guard:
            lock = self._locks.setdefault((service, account), threading.RLock())
        with lock:
            yield
