"""What Airflow's database holds of a task, and what a task gives and is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from crosswind.airflow.owner import Owner
from tests.simulator.process import Process

__all__ = [
    "DagRun", "Deferred", "FailedTask", "LIVE", "Policy", "Success", "Task", "TaskInstance", "Trigger", "Watched",
]  # fmt: skip

LIVE = frozenset({"scheduled", "queued", "running", "restarting", "deferred", "up for retry", "none"})
"""The states in which Airflow will still do something about a task."""


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
        "announced", "error", "event", "kept", "max_tries", "process", "run", "state", "task", "ticket", "tries",
        "trigger", "value", "waiting", "waiting_for",
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
        self.announced: Owner | None = None

    @property
    def key(self) -> str:
        return f"{self.run.dag}/{self.run.id}/{self.task.id}"

    @property
    def live(self) -> bool:
        """Whether Airflow will still do something about it."""
        return (
            not self.run.deleted and self.state in LIVE and not (self.state == "none" and self.run.state != "running")
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
        started: when it began; anew when a task is cleared after its end.
    """

    dag: str
    id: str
    run_after: float
    conf: Mapping[str, Any]
    events: Sequence[tuple[float, Mapping[str, Any]]] = ()
    tasks: dict[str, TaskInstance] = field(default_factory=dict)
    state: str = "running"
    deleted: bool = False
    started: float = 0.0


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


class Watched(NamedTuple):
    """A wait that somebody looks after: a triggerer of an epoch, or the worker by the task's ticket."""

    ti: TaskInstance
    trigger: int
    waiting: Deferred
    made: Trigger
    process: Process
    mark: int
