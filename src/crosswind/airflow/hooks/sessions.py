"""The sessions of this process: one for each target, all with one copy of AWS's service models. Knows no Airflow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from crosswind.airflow.accounts import LONGEST_CHAINED
from crosswind.airflow.target import AwsTarget

__all__ = ["KeptSession", "KeptSessions", "share_models"]

_LOADER = "data_loader"
_models: list[Any] = []


class KeptSession:
    """One target's session, made by whoever asks first, and what was made from it."""

    def __init__(self) -> None:
        # Re-entrant: a signal that ends a task calls on_kill in the same thread, wherever it is.
        self.lock = threading.RLock()
        self.used = time.monotonic()
        self.clients: dict[str, Any] = {}
        self._made: Any = None

    def get(self, make: Callable[[], Any]) -> Any:
        """The session; one that could not be made is tried again at the next call."""
        with self.lock:
            if self._made is None:
                self._made = make()
            return self._made


class KeptSessions:
    """A session for each target. One that nobody used for as long as its credentials live is dropped."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._kept: dict[AwsTarget, KeptSession] = {}

    def of(self, target: AwsTarget) -> KeptSession:
        """The target's session, perhaps still to be made."""
        now = time.monotonic()
        with self._lock:
            if target not in self._kept:
                self._kept = {key: kept for key, kept in self._kept.items() if now - kept.used < LONGEST_CHAINED}
                self._kept[target] = KeptSession()
            self._kept[target].used = now
            return self._kept[target]

    def forget(self, target: AwsTarget) -> None:
        """Drop a target's session: the next call makes a new one."""
        with self._lock:
            self._kept.pop(target, None)

    def clear(self) -> None:
        """Drop all."""
        with self._lock:
            self._kept.clear()


def share_models(session: Any) -> None:
    """Give a boto3 session the service models that an earlier one has read.

    Each session reads its own otherwise: for a triggerer with a hundred DAG runs, gigabytes (22 MB and 0.1 CPU seconds
    for the clients of S3, SageMaker and Logs alone). The models are only read.
    """
    inner = session._session  # boto3 has no public way to its botocore session
    if not _models:
        _models.append(inner.get_component(_LOADER))
    inner.register_component(_LOADER, _models[0])
