"""Airflow, as far as a task's fate goes: states, tries, deferral, zombies, clears, Asset events. Read from 3.3.1.

What is modelled, and where it was read (paths below `airflow/`):

- a retry leaves `max_tries`, a clear sets it to the tries so far plus `retries`; a task that is cleared while it runs
  becomes RESTARTING and keeps `max_tries` when its process ends badly, else gets it as by a clear
  (`models/taskinstance.py: clear_task_instances`, `jobs/scheduler_job_runner.py: process_executor_events`);
- a task without a heartbeat for 300 s is failed and tried again while its process may still live; that process
  learns it at its next heartbeat (`_purge_task_instances_without_heartbeats`, `execution_api/.../task_instances.py`);
- SIGTERM calls `on_kill` in the midst of `execute`, which goes on until SIGKILL (`sdk/execution_time/task_runner.py`);
- a trigger is serialized when its task defers, and starts anew from that in another triggerer when its own dies; its
  time-out and its failure resume the task to fail (`models/trigger.py`, `check_trigger_timeouts`); `on_kill` of a
  trigger is called when a person acts on a deferred task and its triggerer lives, from 3.3 (`triggerer_job_runner.py`);
- one row waits for a DAG that an Asset starts: its run gets the events since the run before, up to the time of the
  first that waits; an event that comes in between waits for the next (`_create_dag_runs_asset_triggered`, #56050).
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from tests.simulator.aws.client import Blow
from tests.simulator.clock import Clock
from tests.simulator.process import Act, Fault, Process

__all__ = ["Airflow", "DagRun", "Deferred", "FailedTask", "Policy", "Success", "Task", "TaskInstance"]

_HEARTBEAT_TIMEOUT = 300.0
_NOTICED = 3.0
_KILLED = 5.0
_LIVE = frozenset({"scheduled", "queued", "running", "restarting", "deferred", "up for retry", "none"})


class FailedTask(Exception):  # noqa: N818 - a task's end, as Airflow's own
    """The task fails; `retry` says whether it may be tried again."""

    def __init__(self, reason: str, *, retry: bool = True) -> None:
        super().__init__(reason)
        self.retry = retry


@dataclass(frozen=True)
class Success:
    """The task succeeds.

    Args:
        value: its XCom.
        event: the extra of an Asset event, or None.
    """

    value: Any = None
    event: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Deferred:
    """The task waits.

    Args:
        make: makes the trigger; called again for each triggerer that takes it over.
        every: seconds until the first look, and between looks that do not say otherwise.
        timeout: seconds; None for none.
        kept: what the task is told when it goes on (Airflow's method name and arguments).
        inside: the worker itself waits and holds its slot (no deferral); a crash is the task's.
    """

    make: Callable[[Process], Trigger]
    every: float
    timeout: float | None = None
    inside: bool = False
    kept: Any = None


class Trigger(Protocol):
    """What looks while a task waits."""

    job: str
    """The id of the job that it waits for; empty for none."""

    def look(self) -> tuple[Any, float]:
        """(event, 0) when the wait is over, else (None, seconds until the next look). Raises to fail the trigger."""

    def on_kill(self) -> None:
        """A person acted on the task."""


class Task(Protocol):
    """A task of a DAG: the thin shell of an operator."""

    id: str
    upstream: tuple[str, ...]

    def execute(self, ti: TaskInstance, process: Process) -> Success | Deferred:
        """Called for each new try."""

    def resume(self, ti: TaskInstance, process: Process, event: Any, error: str) -> Success | Deferred:
        """Called when the wait is over: with an event, or with the error `timeout` or `failure`."""

    def on_kill(self, ti: TaskInstance, process: Process) -> None:
        """Called in the worker."""


class TaskInstance:
    """The row of a task in a DAG run."""

    __slots__ = (
        "error", "event", "kept", "max_tries", "process", "run", "state", "task", "ticket", "tries", "trigger", "value",
        "waiting", "waiting_for",
    )  # fmt: skip

    def __init__(self, run: DagRun, task: Task, retries: int) -> None:
        self.run, self.task = run, task
        self.state = "none"
        self.tries = 0
        self.max_tries = retries
        self.ticket = 0
        self.waiting: Deferred | None = None
        self.event: tuple[Any, str] | None = None
        self.trigger = 0
        self.process: Process | None = None
        self.value: Any = None
        self.error = ""
        self.kept: Any = None
        self.waiting_for: Any = None

    @property
    def key(self) -> str:
        return f"{self.run.dag}/{self.run.id}/{self.task.id}"

    @property
    def live(self) -> bool:
        """Whether Airflow will still do something about it."""
        return (
            not self.run.deleted and self.state in _LIVE and not (self.state == "none" and self.run.state != "running")
        )


@dataclass
class DagRun:
    """A DAG run.

    Args:
        dag: its DAG.
        id: its id.
        run_after: when it was asked for.
        conf: its parameters.
        events: time and extra of the Asset events that started it.
    """

    dag: str
    id: str
    run_after: float
    conf: Mapping[str, Any]
    events: Sequence[tuple[float, Mapping[str, Any]]] = ()
    tasks: dict[str, TaskInstance] = field(default_factory=dict)
    state: str = "running"
    deleted: bool = False


@dataclass(frozen=True)
class Policy:
    """How Airflow is set up.

    Args:
        retries: of every task.
        retry_delay: seconds.
        trigger_on_kill: whether this Airflow calls a trigger's `on_kill` (3.3 does).
        consumer: the DAG that the Asset starts.
    """

    retries: int = 2
    retry_delay: float = 60.0
    trigger_on_kill: bool = True
    consumer: str = "train"


class _Watch(NamedTuple):
    """A wait that somebody looks after: a triggerer of an epoch, or the worker by the task's ticket."""

    ti: TaskInstance
    trigger: int
    waiting: Deferred
    made: Trigger
    process: Process
    mark: int


class Airflow:
    """The scheduler, the triggerer and the workers of one environment.

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

    # DAG runs

    def start(
        self,
        dag: str,
        run_id: str,
        conf: Mapping[str, Any] | None = None,
        events: Sequence[tuple[float, Mapping[str, Any]]] = (),
        run_after: float | None = None,
    ) -> DagRun:
        """A new DAG run."""
        run = DagRun(dag, run_id, self.clock.now if run_after is None else run_after, conf or {}, events)
        run.tasks = {task.id: TaskInstance(run, task, self.retries) for task in self.dags[dag]}
        self.runs[dag, run_id] = run
        self._advance(run)
        return run

    def emit(self, extra: Mapping[str, Any]) -> None:
        """An Asset event: one row waits for the consumer, however many events there are."""
        self.asset_events.append((self.clock.now, extra))
        if self._waits_since is None:
            self._waits_since = self.clock.now
            self.at(max(self.clock.now + 2.0, self.scheduler_up), self._consume)

    def _consume(self) -> None:
        since = self._waits_since
        if since is None:
            return
        if self.clock.now < self.scheduler_up:
            self.at(self.scheduler_up, self._consume)
            return
        window = [n for n, (time, _) in enumerate(self.asset_events) if self._last_run_after < time <= since]
        self.delivered.update(window)
        self._waits_since, self._last_run_after = None, since
        events = [self.asset_events[n] for n in window]
        self.start(self.policy.consumer, f"asset-{since:.2f}", events=events, run_after=since)

    def instances(self) -> Iterator[TaskInstance]:
        """All task instances."""
        for run in self.runs.values():
            yield from run.tasks.values()

    # what people do

    def clear(self, ti: TaskInstance) -> None:
        """Clear a task and those after it."""
        if ti.run.deleted:
            return
        ti.run.state = "running"
        for each in self._from(ti):
            self._clear(each)
        self._advance(ti.run)

    def mark_failed(self, ti: TaskInstance) -> None:
        """Mark a task failed."""
        if ti.run.deleted:
            return
        self._cancel(ti)
        ti.state, ti.ticket = "failed", ti.ticket + 1
        self._advance(ti.run)

    def delete(self, run: DagRun) -> None:
        """Delete a DAG run and its task instances."""
        for ti in run.tasks.values():
            self._cancel(ti)
            ti.ticket += 1
        run.deleted = True

    def _from(self, ti: TaskInstance) -> list[TaskInstance]:
        found = [ti]
        for each in ti.run.tasks.values():
            if any(up in {one.task.id for one in found} for up in each.task.upstream):
                found.append(each)
        return found

    def _clear(self, ti: TaskInstance) -> None:
        if ti.state == "running":
            ti.state, ti.ticket = "restarting", ti.ticket + 1
            ticket = ti.ticket
            # The executor tells how the process ended; one that is paused is given up for want of a heartbeat.
            paused = ti.waiting is None and ti.process is not None and ti.process.on_kill is not _told
            bad = paused or _coin(ti.key, ti.tries)
            self.after(_HEARTBEAT_TIMEOUT if paused else _KILLED, lambda: self._restarted(ti, ticket, bad=bad))
            return
        if ti.state == "restarting":
            return
        self._cancel(ti)
        self.cleared(ti)
        if ti.tries or ti.state != "none":
            ti.max_tries = ti.tries + self.retries
        ti.state, ti.event, ti.ticket = "none", None, ti.ticket + 1

    def _restarted(self, ti: TaskInstance, ticket: int, *, bad: bool) -> None:
        if ti.ticket != ticket or ti.state != "restarting" or ti.run.deleted:
            return
        ti.event = None
        if bad:
            ti.state = "up for retry"
            self.after(self.policy.retry_delay, lambda: self._retry(ti, ticket))
            return
        ti.max_tries = ti.tries + self.retries
        ti.state = "none"
        self._advance(ti.run)

    def _cancel(self, ti: TaskInstance) -> None:
        """The task leaves its wait: its trigger is cancelled, by its `on_kill` where Airflow calls that."""
        if ti.state != "deferred" or ti.waiting is None:
            return
        waiting, ti.waiting, ti.trigger = ti.waiting, None, ti.trigger + 1
        if not self.policy.trigger_on_kill or self.clock.now < self.triggerer_up:
            return
        # The triggerer learns it from the database, a moment later.
        epoch = self.epoch
        self.after(1.0, lambda: self._end_trigger(ti, waiting, epoch))

    def _end_trigger(self, ti: TaskInstance, waiting: Deferred, epoch: int) -> None:
        if epoch != self.epoch:
            return
        process, faults = self.process(f"{ti.key}/trigger-kill", "kill"), len(self.applied)
        made = waiting.make(process)
        process.run(lambda: _quietly(made.on_kill), _nothing)
        self.trigger_killed(made, len(self.applied) > faults)

    # a task's way

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
            open_ |= ti.state in _LIVE
            failed |= ti.state in {"failed", "upstream failed"}
        run.state = "running" if open_ else "failed" if failed else "success"

    def _queue(self, ti: TaskInstance, *, new: bool) -> None:
        ti.state = "queued"
        ti.ticket += 1
        if new:
            ti.tries += 1
        ticket = ti.ticket
        self.at(max(self.clock.now + 1.0, self.scheduler_up + 1.0), lambda: self._run(ti, ticket))

    def _run(self, ti: TaskInstance, ticket: int) -> None:
        if ti.ticket != ticket or ti.state != "queued" or ti.run.deleted:
            return
        ti.state = "running"
        process = ti.process = self.process(f"{ti.key}/{'resume' if ti.event else 'execute'}", "worker")
        process.on_kill = lambda: _quietly(lambda: ti.task.on_kill(ti, process))
        process.user = lambda act: self._act(ti, act)
        process.doomed = lambda: ti.ticket != ticket
        process.frozen = lambda seconds: self._frozen(ti, ticket, seconds)
        process.run(lambda: self._work(ti, ticket, process), lambda: self._died(ti, ticket))

    def _work(self, ti: TaskInstance, ticket: int, process: Process) -> None:
        event, outcome, failure = ti.event, None, None
        if event is None:
            ti.value = None
        try:
            outcome = ti.task.execute(ti, process) if event is None else ti.task.resume(ti, process, *event)
        except FailedTask as error:
            failure = error
        # The report to Airflow is a call, too: the process may end before it or after it.
        blow = process.enter("airflow", "report")
        if blow is Blow.CRASH_BEFORE:
            self._died(ti, ticket)
            return
        if ti.ticket != ticket or ti.state != "running" or ti.run.deleted:
            return
        if failure is not None:
            ti.error = str(failure)
            self._failed(ti, retry=failure.retry)
        elif isinstance(outcome, Deferred):
            self._defer(ti, outcome)
        elif outcome is not None:
            ti.state, ti.value, ti.event, ti.ticket = "success", outcome.value, None, ti.ticket + 1
            self.succeeded(ti)
            if outcome.event is not None:
                self.emit(outcome.event)
            self._advance(ti.run)

    def _act(self, ti: TaskInstance, act: str) -> None:
        process = ti.process
        if process is not None:
            on_kill = process.on_kill
            process.on_kill = _told
            try:
                {
                    Act.FAILED: lambda: self.mark_failed(ti),
                    Act.CLEARED: lambda: self.clear(ti),
                    Act.DELETED: lambda: self.delete(ti.run),
                    Act.OUT_OF_TIME: lambda: self._failed(ti, retry=True),
                }[act]()
            finally:
                process.on_kill = on_kill

    def _died(self, ti: TaskInstance, ticket: int) -> None:
        """A process is gone: its supervisor tells at once, or died with it and the heartbeat runs out."""
        with_worker = _coin(ti.key, ticket)
        wait = _HEARTBEAT_TIMEOUT if with_worker else _NOTICED
        self.at(max(self.clock.now + wait, self.scheduler_up), lambda: self._gone(ti, ticket))

    def _frozen(self, ti: TaskInstance, ticket: int, seconds: float) -> None:
        """A process sends no heartbeat for a while, and wakes later."""
        if seconds > _HEARTBEAT_TIMEOUT:
            self.at(max(self.clock.now + _HEARTBEAT_TIMEOUT, self.scheduler_up), lambda: self._gone(ti, ticket))

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

    # waits

    def _defer(self, ti: TaskInstance, waiting: Deferred) -> None:
        ti.waiting, ti.event, ti.waiting_for = waiting, None, waiting.kept
        ti.trigger += 1
        trigger = ti.trigger
        if waiting.inside:
            assert ti.process is not None
            watch = _Watch(ti, trigger, waiting, waiting.make(ti.process), ti.process, ti.ticket)
            self.after(waiting.every, lambda: self._poll(watch))
            return
        ti.state, ti.ticket = "deferred", ti.ticket + 1
        self._watch(ti, trigger)
        if waiting.timeout is not None:
            self.after(waiting.timeout, lambda: self._resume(ti, trigger, None, "timeout"))

    def _watch(self, ti: TaskInstance, trigger: int) -> None:
        """A triggerer takes a trigger on, from its serialized form."""
        waiting = ti.waiting
        if waiting is None or ti.trigger != trigger or ti.state != "deferred":
            return
        if self.clock.now < self.triggerer_up:
            self.at(self.triggerer_up, lambda: self._watch(ti, trigger))
            return
        process = self.process(f"{ti.key}/trigger", "trigger")
        # Without a heartbeat for 30 s its triggers are another's; it looks once more when it wakes.
        process.frozen = lambda seconds: self.triggerer_dies(30.0)
        watch = _Watch(ti, trigger, waiting, waiting.make(process), process, self.epoch)
        self.after(waiting.every, lambda: self._poll(watch))

    def _poll(self, watch: _Watch) -> None:
        ti, trigger = watch.ti, watch.trigger
        if watch.waiting.inside:
            if ti.ticket != watch.mark:
                self._told_inside(watch)
                return
        elif ti.waiting is None or ti.trigger != trigger or ti.run.deleted or watch.mark != self.epoch:
            return  # the task has gone on, or the triggerer is gone

        def body() -> None:
            try:
                event, pause = watch.made.look()
            except FailedTask as error:
                ti.error = str(error)
                self._resume(ti, trigger, None, "failure")
                return
            if event is not None:
                self._resume(ti, trigger, event, "")
            else:
                self.after(pause, lambda: self._poll(watch))

        watch.process.run(body, lambda: self._look_died(watch))

    def _look_died(self, watch: _Watch) -> None:
        if not watch.waiting.inside:
            self.triggerer_dies(45.0)
        elif watch.ti.trigger == watch.trigger:
            self._died(watch.ti, watch.mark)

    def _told_inside(self, watch: _Watch) -> None:
        """A worker that waits learns by its heartbeat that its task is no longer its own."""
        faults = len(self.applied)
        watch.process.run(watch.process.on_kill, _nothing)
        self.trigger_killed(watch.made, len(self.applied) > faults)

    def triggerer_dies(self, seconds: float) -> None:
        """The triggerer is gone; another takes its triggers on after a while."""
        self.epoch += 1
        self.triggerer_up = max(self.triggerer_up, self.clock.now + seconds)
        for ti in self.instances():
            if ti.state == "deferred" and ti.waiting is not None and not ti.run.deleted:
                trigger = ti.trigger
                self.at(self.triggerer_up, lambda ti=ti, trigger=trigger: self._watch(ti, trigger))

    def _resume(self, ti: TaskInstance, trigger: int, event: Any, error: str) -> None:
        """The wait is over: the task goes on in a worker, as the same try."""
        if ti.trigger != trigger or ti.waiting is None or ti.run.deleted:
            return
        if ti.state == "running" and ti.waiting.inside:
            ti.waiting, ti.event = None, (event, error)
            process, ticket = ti.process, ti.ticket
            assert process is not None
            process.run(lambda: self._work(ti, ticket, process), lambda: self._died(ti, ticket))
            return
        if ti.state != "deferred":
            return
        ti.waiting, ti.trigger, ti.event = None, ti.trigger + 1, (event, error)
        self._queue(ti, new=False)


def _coin(name: str, number: int) -> bool:
    """Chance, the same in every replay."""
    return zlib.crc32(f"{name}/{number}".encode()) & 1 == 1


def _quietly(act: Callable[[], None]) -> None:
    """Airflow logs what an on_kill raises; only the end of the process goes through."""
    try:
        act()
    except Exception:  # noqa: BLE001 - as said
        return


def _told() -> None:
    """Stands for the on_kill of a process that is told to end at this moment."""


def _nothing() -> None:
    """Nobody cares for this process's end."""
