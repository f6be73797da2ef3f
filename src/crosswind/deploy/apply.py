"""Run a plan: each step as soon as the steps before it are done, several at a time, every result kept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import assert_never

from crosswind.aws import Sessions
from crosswind.deploy.cleanup import remove_log_groups, stop_jobs, stop_runs
from crosswind.deploy.events import Event, Outcome, Result
from crosswind.deploy.known import Known
from crosswind.deploy.objects import empty_bucket, remove_object, stop_replication, upload
from crosswind.deploy.stacks import Working, apply_stack, delete_stack
from crosswind.deploy.stacksets import apply_stackset, delete_stackset
from crosswind.deploy.steps import (
    ApplyStack,
    ApplyStackSet,
    DeleteStack,
    DeleteStackSet,
    EmptyBucket,
    Plan,
    RemoveLogGroups,
    RemoveObject,
    Step,
    StopJobs,
    StopReplication,
    StopRuns,
    Unchanged,
    Upload,
)
from crosswind.deploy.target import assert_accounts
from crosswind.deploy.waiting import Pace, StoppedError, Wait
from crosswind.errors import CrosswindError, DeployError

__all__ = ["Applier"]

_LOG = logging.getLogger(__name__)
_WORKERS = 8
# The main thread wakes up to see a Ctrl-C that the system has given to another thread.
_WAKE_SECONDS = 0.5


def _ignore(_: Event) -> None:
    """Take an event and do nothing."""


class Applier:
    """Runs plans.

    Args:
        sessions: makes the clients.
        on_event: takes what happens; called from one thread at a time.
        pace: how often to look, and for how long; suited to the endpoint when left out.
        workers: how many steps run at a time.
    """

    def __init__(
        self,
        sessions: Sessions,
        on_event: Callable[[Event], None] = _ignore,
        *,
        pace: Pace | None = None,
        workers: int = _WORKERS,
    ) -> None:
        self._sessions = sessions
        self._on_event = on_event
        self._pace = pace or Pace.of(sessions)
        self._workers = workers

    def apply(self, plan: Plan) -> Outcome:
        """Run every step of a plan.

        A failed step stops only the steps that need it. Ctrl-C stops waiting and starts nothing new; what AWS
        is doing goes on there, and the same command run again goes on from it.

        Raises:
            WrongAccountError: credentials act in another account than declared; nothing was changed.
        """
        assert_accounts(plan.accounts, self._sessions)
        return _Application(plan, self._sessions, self._on_event, self._pace).run(self._workers)


class _Application:
    """One plan while it runs. Only the thread that calls `run` changes its state."""

    def __init__(self, plan: Plan, sessions: Sessions, on_event: Callable[[Event], None], pace: Pace) -> None:
        self._sessions, self._on_event = sessions, on_event
        self._stop = threading.Event()
        self._wait = Wait(pace, self._stop)
        self._waiting = {step.id: step for step in plan.steps}
        self._planned = frozenset(self._waiting)
        self._done: set[str] = set()
        self._results: dict[str, Result] = {}
        self._known = Known()
        self._told = threading.Lock()

    def run(self, workers: int) -> Outcome:
        interrupted = False
        with ThreadPoolExecutor(workers, thread_name_prefix="deploy") as pool:
            running: dict[Future[Result], Step] = {}
            try:
                while True:
                    try:
                        if not self._round(pool, running):
                            break
                    except KeyboardInterrupt:
                        interrupted = True
                        self._stop.set()
            finally:
                self._stop.set()
        for step in list(self._waiting.values()):
            self._skip(step, "interrupted" if interrupted else "nothing that it waits for can end")
        return Outcome(tuple(self._results.values()), self._known.outputs, self._known.versions, interrupted)

    def _round(self, pool: Executor, running: dict[Future[Result], Step]) -> bool:
        """Start what can start and take in what has ended; whether something still runs."""
        if not self._stop.is_set():
            for step in self._ready():
                running[pool.submit(self._step, step)] = step
                del self._waiting[step.id]
        for future in wait(running, _WAKE_SECONDS, FIRST_COMPLETED).done:
            self._end(future.result())
            del running[future]
        return bool(running) or bool(self._ready() and not self._stop.is_set())

    def _ready(self) -> list[Step]:
        """The steps that can start now; a predecessor that is not in the plan is not waited for."""
        return [
            step
            for step in self._waiting.values()
            if all(before in self._done or before not in self._planned for before in step.after)
        ]

    def _step(self, step: Step) -> Result:
        """Run one step in a thread of the pool; never raises."""
        self._tell(Event("started", step))
        start = time.monotonic()
        try:
            note = self._do(step)
        except StoppedError as error:
            return Result(step, "interrupted", error.message, time.monotonic() - start)
        except CrosswindError as error:
            return Result(step, "failed", error.message, time.monotonic() - start, error)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one step must not lose the others' results
            fault = DeployError(f"{step.id}: {type(error).__name__}: {error}", hint="this is a fault of Crosswind")
            fault.__cause__ = error
            return Result(step, "failed", fault.message, time.monotonic() - start, fault)
        return Result(step, "done", note, time.monotonic() - start)

    def _do(self, step: Step) -> str:
        """The one place that knows what each kind of step does."""
        working = Working(self._sessions, self._wait, lambda text: self._tell(Event("progress", step, text)))
        match step:
            case ApplyStack():
                note, outputs = apply_stack(step, self._known.resolve(step.parameters), working)
                self._known.keep_outputs(step.stack, outputs)
                return note
            case ApplyStackSet():
                note, outputs = apply_stackset(step, self._known.resolve(step.parameters), working)
                self._known.keep_outputs(step.stackset, outputs)
                return note
            case Upload():
                version = upload(step, working)
                self._known.keep_version(step.id, version)
                return "uploaded"
            case Unchanged():
                self._known.keep_outputs(step.name, dict(step.outputs))
                self._known.keep_version(step.id, step.version)
                return "unchanged"
            case DeleteStackSet():
                return delete_stackset(step, working)
            case DeleteStack():
                return delete_stack(step, working)
            case _:
                return _remove(step, working)

    def _end(self, result: Result) -> None:
        # By id: Ctrl-C may come between this and forgetting the future, which then ends once more.
        self._results[result.step.id] = result
        self._tell(Event(result.status, result.step, result.note, result.seconds))
        if result.status == "done":
            self._done.add(result.step.id)
        else:
            for step in self._dependants(result.step.id):
                self._skip(step, f"needs {result.step.id}, which {_DID[result.status]}")

    def _dependants(self, gone: str) -> list[Step]:
        """The waiting steps that need `gone`, directly or not."""
        lost, found = {gone}, []
        again = True
        while again:
            again = False
            for step in self._waiting.values():
                if step.id not in lost and lost.intersection(step.after):
                    lost.add(step.id)
                    found.append(step)
                    again = True
        return found

    def _skip(self, step: Step, why: str) -> None:
        del self._waiting[step.id]
        self._results[step.id] = Result(step, "skipped", why)
        self._tell(Event("skipped", step, why))

    def _tell(self, event: Event) -> None:
        with self._told:
            try:
                self._on_event(event)
            except Exception:  # noqa: BLE001 - a reader that fails (a closed pipe) must not end half-done work
                _LOG.exception("an event of %s could not be shown", event.step.id)


_DID = {"failed": "failed", "interrupted": "was interrupted", "skipped": "was skipped", "done": "is done"}


def _remove(
    step: RemoveObject | StopRuns | StopJobs | StopReplication | EmptyBucket | RemoveLogGroups,
    working: Working,
) -> str:
    match step:
        case RemoveObject():
            return remove_object(step, working)
        case StopRuns():
            return stop_runs(step, working)
        case StopJobs():
            return stop_jobs(step, working)
        case StopReplication():
            return stop_replication(step, working)
        case EmptyBucket():
            return empty_bucket(step, working)
        case RemoveLogGroups():
            return remove_log_groups(step, working)
        case _:
            assert_never(step)
