"""Waiting without sleeping: polls that slow down, end at a deadline, and end at once when stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from crosswind.aws import Sessions
from crosswind.errors import CrosswindError, DeployError, ThrottledError, UnreachableError

__all__ = ["StoppedError", "Pace", "Wait"]

T = TypeVar("T")


class StoppedError(CrosswindError):
    """The user stopped the work while a step was waiting; what was started in AWS goes on there."""

    exit_code = 130


@dataclass(frozen=True)
class Pace:
    """How often to look, in seconds.

    Args:
        first: the first pause.
        limit: the longest pause; each is 1.5 times the one before.
        timeout: when to give up. MWAA takes 20 to 30 minutes to create an environment, hence two hours.
        tries: how often a call is tried that is throttled or finds the endpoint away.
    """

    first: float = 0.2
    limit: float = 5.0
    timeout: float = 7200.0
    tries: int = 6

    @classmethod
    def of(cls, sessions: Sessions) -> Pace:
        """The pace for an endpoint: an endpoint of one's own has no rate limits, AWS does."""
        return cls(first=0.1, limit=0.5, timeout=1800.0) if sessions.endpoint else cls(first=1.0)


class Wait:
    """Pauses of one running plan.

    Args:
        pace: how often and how long.
        stop: set when the user interrupts.
    """

    def __init__(self, pace: Pace, stop: threading.Event) -> None:
        self._pace = pace
        self._stop = stop

    def until(self, probe: Callable[[], T | None], what: str) -> T:
        """Call `probe` until it returns something.

        Args:
            probe: a read; None means not yet. Throttling and a short absence of the endpoint are waited out.
            what: what is waited for, for the message.

        Raises:
            DeployError: when the time is over.
            StoppedError: when the user stopped.
        """
        deadline = time.monotonic() + self._pace.timeout
        pause, misses = self._pace.first, 0
        while True:
            try:
                found = probe()
                misses = 0
            except (ThrottledError, UnreachableError):
                misses += 1
                if misses >= self._pace.tries:
                    raise
                found = None
            if found is not None:
                return found
            if time.monotonic() >= deadline:
                raise DeployError(
                    f"{what} did not end within {self._pace.timeout:.0f} s",
                    hint="it may still end; run the same command again to go on from there",
                )
            self.pause(pause, what)
            pause = min(pause * 1.5, self._pace.limit)

    def trying(self, call: Callable[[], T], what: str) -> T:
        """Make one changing call, again after throttling; other errors are raised at once."""
        pause = self._pace.first
        for _ in range(self._pace.tries - 1):
            try:
                return call()
            except ThrottledError:
                self.pause(pause, what)
                pause = min(pause * 2, self._pace.limit)
        return call()

    def pause_long(self, what: str) -> None:
        """Wait twice the longest pause: ten seconds on AWS, one at an endpoint of one's own."""
        self.pause(2 * self._pace.limit, what)

    def pause(self, seconds: float, what: str) -> None:
        """Wait for some seconds; raises StoppedError as soon as the user stops."""
        if self._stop.wait(seconds):
            raise StoppedError(f"interrupted while waiting: {what}", hint="run the same command again to go on")
