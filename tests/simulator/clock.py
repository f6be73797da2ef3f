"""The simulator's time: it moves when it is told to. Nothing here reads a real clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

__all__ = ["Clock"]

_START = datetime(2026, 1, 5, tzinfo=UTC)


class Clock:
    """Seconds since the start, and acts that are due at a time.

    Acts are what the simulated AWS does by itself: a replica lands, a job ends. They happen when `settle` is called,
    in the order of their times; acts of one time in the order in which they were entered.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, time: float, act: Callable[[], None]) -> None:
        """Do something at a time."""
        self._count += 1
        heapq.heappush(self._due, (time, self._count, act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        self.at(self.now + seconds, act)

    def settle(self) -> None:
        """Do all that is due; each act sees its own time as the present."""
        due, now = self._due, self.now
        if not due or due[0][0] > now:
            return
        while due and due[0][0] <= now:
            time, _, act = heapq.heappop(due)
            self.now = time if time > 0 else 0.0
            act()
        self.now = now

    def advance(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        self.now += seconds
        self.settle()

    def header(self) -> str:
        """The present as HTTP writes it, to the second."""
        return format_datetime(self.date(self.now // 1), usegmt=True)

    def date(self, seconds: float | None = None) -> datetime:
        """A time as a date; the present without one."""
        return _START + timedelta(seconds=self.now if seconds is None else seconds)
