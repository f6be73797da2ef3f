"""The request to end a job."""

from __future__ import annotations

import threading

from crosswind.local.children.child import Child

__all__ = ["Halt"]


class Halt:
    """A request to end a job, that holds also for a child which the job starts later.

    Args:
        grace: seconds between SIGTERM and SIGKILL.
    """

    def __init__(self, grace: float = 5.0) -> None:
        self._grace = grace
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._child: Child | None = None

    def asked(self) -> bool:
        """Whether the end was asked for."""
        return self._asked.is_set()

    def attach(self, child: Child) -> None:
        """Name the child to end; it ends at once when the end was already asked for."""
        with self._lock:
            self._child = child
        if self.asked():
            child.stop(self._grace)

    def ask(self) -> None:
        """Ask for the end, and end the attached child; returns when it has ended."""
        with self._lock:
            self._asked.set()
            child = self._child
        if child:
            child.stop(self._grace)
