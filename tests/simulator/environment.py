"""What is under the simulated Airflow: its time, its rows, and how a task gets from one try to the next."""

from __future__ import annotations

import heapq
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.simulator.clock import Clock
from tests.simulator.process import Fault, Process
from tests.simulator.rows import LIVE, DagRun, Policy, Task, TaskInstance, Trigger

__all__ = ["HEARTBEAT_TIMEOUT", "Environment", "coin", "nothing", "quietly"]

HEARTBEAT_TIMEOUT = 300.0
"""Seconds after which a task without a heartbeat is given up."""
_NOTICED = 3.0


class Environment(ABC):
    """The clock, the rows and the retries of one environment.

    Args:
        clock: the time.
        dags: the tasks of each DAG, in order.
        policy: how it is set up.
        faults: gives the faults of a process by its name and its kind (`worker`, `trigger`, `kill`).
        applied: where the ids of faults that happened are kept.
    """

    def __init__(
        self,
        clock: Clock,
        dags: Mapping[str, Sequence[Task]],
        policy: Policy,
        faults: Callable[[str, str], dict[int, Fault]],
        applied: list[str],
    ) -> None:
        self.clock, self.policy, self.faults, self.applied = clock, policy, faults, applied
        self.dags = dags
        self.retries = policy.retries
        self.runs: dict[tuple[str, str], DagRun] = {}
        self.calls = 0
        self.asset_events: list[tuple[float, Mapping[str, Any]]] = []
        self.delivered: set[int] = set()
        self.scheduler_up = 0.0
        self.triggerer_up = 0.0
        self.epoch = 0
        self.calm = False
        self.pauses: list[tuple[str, str, float]] = []
        self.cleared: Callable[[TaskInstance], None] = lambda ti: None
        self.succeeded: Callable[[TaskInstance], None] = lambda ti: None
        self.trigger_killed: Callable[[Trigger, bool], None] = lambda trigger, disturbed: None
        self._waits_since: float | None = None
        self._last_run_after = -1.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._processes: dict[str, int] = {}

    # time

    def at(self, time: float, act: Callable[[], None]) -> None:
        """Do something at a time."""
        self._count += 1
        heapq.heappush(self._events, (time, self._count, act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        self.at(self.clock.now + seconds, act)

    def wake(self, seconds: float, resume: Callable[[], None]) -> None:
        """Resume a paused process."""
        self.after(seconds, resume)

    def run_until(self, end: float) -> None:
        """Let everything happen that is due by then."""
        events, clock = self._events, self.clock
        while events and events[0][0] <= end:
            time, _, act = heapq.heappop(events)
            clock.now = max(clock.now, time)
            clock.settle()
            act()
        clock.now = max(clock.now, end)
        clock.settle()

    def process(self, name: str, kind: str) -> Process:
        """A new process; its name is made unique by a number."""
        number = self._processes[name] = self._processes.get(name, 0) + 1
        full = f"{name}#{number}"
        return Process(self, full, self.faults(full, kind))

    # rows and tries

    def instances(self) -> Iterator[TaskInstance]:
        """All task instances."""
        for run in self.runs.values():
            yield from run.tasks.values()

    @abstractmethod
    def _run(self, ti: TaskInstance, ticket: int) -> None:
        """Run a queued task in a worker."""

    def _advance(self, run: DagRun) -> None:
        """Queue what may run; end the run when nothing is left."""
        if run.deleted:
            return
        open_, failed = False, False
        for ti in run.tasks.values():
            ups = [run.tasks[up].state for up in ti.task.upstream]
            if ti.state == "none" and all(up == "success" for up in ups):
                self._queue(ti, new=True)
            elif ti.state == "none" and any(up in {"failed", "upstream failed"} for up in ups):
                ti.state = "upstream failed"
            elif ti.state == "upstream failed" and not any(up in {"failed", "upstream failed"} for up in ups):
                ti.state = "none"
                if all(up == "success" for up in ups):
                    self._queue(ti, new=True)
            open_ |= ti.state in LIVE
            failed |= ti.state in {"failed", "upstream failed"}
        run.state = "running" if open_ else "failed" if failed else "success"

    def _queue(self, ti: TaskInstance, *, new: bool) -> None:
        ti.state = "queued"
        ti.ticket += 1
        if new:
            ti.tries += 1
        ticket = ti.ticket
        self.at(max(self.clock.now + 1.0, self.scheduler_up + 1.0), lambda: self._run(ti, ticket))

    def _died(self, ti: TaskInstance, ticket: int) -> None:
        """A process is gone: its supervisor tells at once, or died with it and the heartbeat runs out."""
        with_worker = coin(ti.key, ticket)
        wait = HEARTBEAT_TIMEOUT if with_worker else _NOTICED
        self.at(max(self.clock.now + wait, self.scheduler_up), lambda: self._gone(ti, ticket))

    def _gone(self, ti: TaskInstance, ticket: int) -> None:
        if ti.ticket == ticket and ti.state == "running" and not ti.run.deleted:
            ti.error = "the process is gone"
            self._failed(ti, retry=True)

    def _failed(self, ti: TaskInstance, *, retry: bool) -> None:
        ti.event, ti.waiting, ti.ticket = None, None, ti.ticket + 1
        if retry and ti.max_tries and ti.tries <= ti.max_tries:
            ti.state, ticket = "up for retry", ti.ticket
            self.after(self.policy.retry_delay, lambda: self._retry(ti, ticket))
            return
        ti.state = "failed"
        self._advance(ti.run)

    def _retry(self, ti: TaskInstance, ticket: int) -> None:
        if ti.ticket == ticket and ti.state == "up for retry" and not ti.run.deleted:
            self._queue(ti, new=True)


def coin(name: str, number: int) -> bool:
    """Chance, the same in every replay."""
    return zlib.crc32(f"{name}/{number}".encode()) & 1 == 1


def quietly(act: Callable[[], None]) -> None:
    """Airflow logs what an on_kill raises; only the end of the process goes through."""
    try:
        act()
    except Exception:  # noqa: BLE001 - as said
        return


def nothing() -> None:
    """Nobody cares for this process's end."""
