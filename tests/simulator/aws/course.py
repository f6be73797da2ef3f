"""How a simulated job goes: when it starts, what it does then, how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.simulator.clock import Clock

__all__ = ["Course", "Run", "Script"]


@dataclass(frozen=True)
class Course:
    """The way of one job.

    Args:
        waits: seconds until it starts.
        runs: seconds that it then takes.
        fails: the reason why it fails at its end; empty when it succeeds.
        stops: seconds that it takes to stop.
    """

    waits: float = 5.0
    runs: float = 60.0
    fails: str = ""
    stops: float = 2.0


class Script:
    """What the jobs of a kind do. Subclasses say more.

    `course` is asked once a job; `begin` is called when it starts (it reads its inputs), `half` in the middle, and
    `finish` when it succeeds (it writes its outputs). None of them is called for a job that was stopped before.
    """

    def course(self, run: Run) -> Course:
        return Course()

    def begin(self, run: Run) -> None:
        """It has started."""

    def half(self, run: Run) -> None:
        """Half of its time has passed."""

    def finish(self, run: Run) -> None:
        """It succeeds."""


class Run:
    """One job, in the states `starting`, `running`, `stopping`, and then `succeeded`, `failed` or `stopped`.

    Args:
        clock: the time.
        script: what it does.
        name: of what runs: the Glue job, the training job.
        id: of this run.
        request: the parameters with which it was started.
    """

    def __init__(self, clock: Clock, script: Script, name: str, id: str, request: Any) -> None:  # noqa: A002 - AWS's word
        self.clock, self.script = clock, script
        self.name, self.id, self.request = name, id, request
        self.created = clock.now
        self.ended: float | None = None
        self.state = "starting"
        self.reason = ""
        self.started: float | None = None
        self.notes: dict[str, Any] = {}
        self.way = script.course(self)
        clock.after(self.way.waits, self._begin)

    @property
    def live(self) -> bool:
        """Whether it goes on: stopping is not over yet."""
        return self.ended is None

    def stop(self) -> bool:
        """Ask it to stop; whether it could be asked."""
        if self.state not in {"starting", "running"}:
            return False
        self.state = "stopping"
        self.clock.after(self.way.stops, lambda: self._end("stopped"))
        return True

    def _begin(self) -> None:
        if self.state != "starting":
            return
        self.state, self.started = "running", self.clock.now
        self.script.begin(self)
        self.clock.after(self.way.runs / 2, self._half)
        self.clock.after(self.way.runs, self._finish)

    def _half(self) -> None:
        if self.state == "running":
            self.script.half(self)

    def _finish(self) -> None:
        if self.state != "running":
            return
        if self.way.fails:
            self.reason = self.way.fails
            self._end("failed")
            return
        self.script.finish(self)
        self._end("succeeded")

    def _end(self, state: str) -> None:
        if self.ended is None:
            self.state, self.ended = state, self.clock.now
