"""Schedules: which process is killed, or what a person does, at which moment of a run. Pure; a seed is a schedule.

A moment is told by what can be seen, never by a clock: calls that reached AWS, states that Airflow has on record.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["FIXED", "MOMENTS", "PRODUCER", "CONSUMER", "Call", "Deed", "Fault", "Moment", "Schedule", "schedule"]

PRODUCER, CONSUMER = "cross_account_data_processing_dag", "cross_account_machine_learning_dag"
GLUE, TRAIN, CLEAN = "mwaa_glue_raw_to_transform", "train", "dagcleanup"
AIRFLOW = "-cross-account/"
"""In the ARN of whoever acts for a task or a trigger."""


class Deed(StrEnum):
    """What is done. The first six end processes by SIGKILL; the others go through Airflow's API."""

    TASK = "the task's process is killed"
    WORKER = "the task's worker is killed"
    TRIGGERER = "the triggerer is killed"
    SCHEDULER = "the scheduler is killed"
    DAG_PROCESSOR = "the dag-processor is killed"
    TRIGGERER_AND_FAIL = "the triggerer is killed, and the task marked failed while it is away"
    FAIL = "the task is marked failed"
    CLEAR = "the task is cleared"
    DELETE = "the run is ended and deleted"

    @property
    def last(self) -> bool:
        """Whether nothing comes of the run afterwards."""
        return self in (Deed.FAIL, Deed.TRIGGERER_AND_FAIL, Deed.DELETE)

    @property
    def disowns(self) -> bool:
        """Whether the task's job is nobody's afterwards, and must be stopped."""
        return self.last or self is Deed.CLEAR

    @property
    def component(self) -> str:
        """The component of Airflow that is killed; empty when none is."""
        return _COMPONENTS.get(self, "")


_COMPONENTS = {
    Deed.TRIGGERER: "triggerer",
    Deed.TRIGGERER_AND_FAIL: "triggerer",
    Deed.SCHEDULER: "scheduler",
    Deed.DAG_PROCESSOR: "dag-processor",
}


@dataclass(frozen=True)
class Call:
    """Calls to AWS.

    Args:
        service: botocore's name.
        operation: the API operation.
        resource: a text in what it names.
        principal: a text in the caller's ARN.
    """

    service: str
    operation: str
    resource: str = ""
    principal: str = AIRFLOW


@dataclass(frozen=True)
class Moment:
    """A moment of a run.

    Args:
        name: for people.
        dag: the DAG.
        task: its task.
        state: that the task has then: `running` or `deferred`.
        held: the answer of this call is on its way: AWS has done it, and its caller does not know.
        after: this call has been answered, as often as the fault says.
        resumed: the task runs again, after it was deferred.
        work: these calls of the task's job are answered only afterwards, so that the job is at work.
        waits: a replica is held back until afterwards, so that the task waits for it.
    """

    name: str
    dag: str
    task: str
    state: str = "running"
    held: Call | None = None
    after: Call | None = None
    resumed: bool = False
    work: Call | None = None
    waits: bool = False


_START, _CREATE, _INVOKE = (
    Call("glue", "StartJobRun"),
    Call("sagemaker", "CreateTrainingJob"),
    Call("lambda", "Invoke"),
)
_GLUE_WORK = Call("s3", "HeadObject", principal="/GlueJobRunnerSession")
_TRAIN_WORK = Call("s3", "GetObject", principal="/SageMaker")
_CLEAN_WORK = Call("s3", "ListObjectsV2", principal="-lambda/")
# In the order of a run; each task's are alternatives.
MOMENTS = (
    Moment("the raw data's sensor has looked", PRODUCER, "wait_for_raw_data", after=Call("s3", "HeadObject", "/raw/")),
    Moment("StartJobRun is done, its answer on the way", PRODUCER, GLUE, held=_START),
    Moment("StartJobRun was answered", PRODUCER, GLUE, after=_START),
    Moment("the Glue job is at work", PRODUCER, GLUE, "deferred", after=Call("glue", "GetJobRun"), work=_GLUE_WORK),
    Moment("the Glue task has resumed", PRODUCER, GLUE, resumed=True),
    Moment("publish runs", PRODUCER, "publish"),
    Moment("the handover is written", PRODUCER, "publish", after=Call("s3", "PutObject", "/handover.json")),
    Moment(
        "a replica has not come", CONSUMER, "wait_for_transformed_data", "deferred",
        after=Call("s3", "ListObjectVersions", "-destination-"), waits=True,
    ),
    Moment("CreateTrainingJob is done, its answer on the way", CONSUMER, TRAIN, held=_CREATE),
    Moment("CreateTrainingJob was answered", CONSUMER, TRAIN, after=_CREATE),
    Moment(
        "the training job is at work", CONSUMER, TRAIN, "deferred",
        after=Call("sagemaker", "DescribeTrainingJob"), work=_TRAIN_WORK,
    ),
    Moment("the training task has resumed", CONSUMER, TRAIN, resumed=True),
    Moment("the model's record is written", CONSUMER, TRAIN, after=Call("s3", "PutObject", "/lineage.json")),
    Moment("Invoke is done, its answer on the way", CONSUMER, CLEAN, held=_INVOKE),
    Moment("Invoke was answered", CONSUMER, CLEAN, after=_INVOKE),
    Moment("the function is at work", CONSUMER, CLEAN, "deferred", work=_CLEAN_WORK),
    Moment("the clean-up task has resumed", CONSUMER, CLEAN, resumed=True),
)  # fmt: skip
_AT = {moment.name: moment for moment in MOMENTS}
# How often each is chosen: tasks with jobs most, and the commoner a failure, the oftener.
_TASKS = {"wait_for_raw_data": 1, GLUE: 5, "publish": 2, "wait_for_transformed_data": 2, TRAIN: 6, CLEAN: 3}
_RUNNING = {
    Deed.TASK: 5, Deed.WORKER: 4, Deed.SCHEDULER: 4, Deed.TRIGGERER: 1, Deed.DAG_PROCESSOR: 1, Deed.CLEAR: 2,
    Deed.FAIL: 1,
}  # fmt: skip
_DEFERRED = {
    Deed.TRIGGERER: 5, Deed.SCHEDULER: 3, Deed.DAG_PROCESSOR: 1, Deed.CLEAR: 3, Deed.FAIL: 2,
    Deed.TRIGGERER_AND_FAIL: 2, Deed.DELETE: 2,
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A deed at a moment.

    Args:
        moment: when.
        deed: what.
        count: of the calls that the moment is after, the first, second, ...
        lingers: what the moment held back goes on only when the next try of the task has begun, or the component that
            was killed is back: by then a process that nobody waits for acts beside its successor.
    """

    moment: Moment
    deed: Deed
    count: int = 1
    lingers: bool = False

    @property
    def text(self) -> str:
        """The fault in a line."""
        which = f" ({self.count}x)" if self.count > 1 else ""
        return f"{self.moment.name}{which}: {self.deed}{' (lingers)' if self.lingers else ''}"


@dataclass(frozen=True)
class Schedule:
    """What befalls one run of both pipelines.

    Args:
        seed: its number.
        faults: in the order of the run.
        late: seconds that one replica of the training data comes late; 0 for none.
    """

    seed: int
    faults: tuple[Fault, ...]
    late: int = 0


# Each important kind once, at moments that something holds still: a fixed schedule misses none.
FIXED = (
    Schedule(0, (
        Fault(_AT["StartJobRun is done, its answer on the way"], Deed.TASK),
        Fault(_AT["CreateTrainingJob is done, its answer on the way"], Deed.TASK),
        Fault(_AT["Invoke is done, its answer on the way"], Deed.TASK),
    )),
    Schedule(1, (
        Fault(_AT["StartJobRun is done, its answer on the way"], Deed.WORKER),
        Fault(_AT["CreateTrainingJob is done, its answer on the way"], Deed.WORKER, lingers=True),
    ), late=3),
    Schedule(2, (
        Fault(_AT["a replica has not come"], Deed.TRIGGERER, count=2),
        Fault(_AT["the training job is at work"], Deed.TRIGGERER, count=2, lingers=True),
    )),
    Schedule(3, (
        Fault(_AT["StartJobRun is done, its answer on the way"], Deed.SCHEDULER, lingers=True),
        Fault(_AT["the training job is at work"], Deed.SCHEDULER),
    )),
    Schedule(4, (
        Fault(_AT["the Glue job is at work"], Deed.DAG_PROCESSOR),
        Fault(_AT["the training job is at work"], Deed.FAIL),
    )),
)  # fmt: skip


def schedule(seed: int) -> Schedule:
    """The schedule of a seed: the fixed ones first, then one at random for each number."""
    if seed < len(FIXED):
        return FIXED[seed]
    chance = random.Random(seed)
    tasks = list(_TASKS)
    chosen: set[str] = set()
    for _ in range(chance.choice((1, 2, 3, 3))):  # of the same task twice is one
        chosen |= set(chance.choices(tasks, list(_TASKS.values())))
    faults: list[Fault] = []
    for task in sorted(chosen, key=tasks.index):
        faults.append(_fault(chance, chance.choice([moment for moment in MOMENTS if moment.task == task])))
        if faults[-1].deed.last:
            break
    return Schedule(seed, tuple(faults), late=chance.choice((0, 0, 3)))


def _fault(chance: random.Random, moment: Moment) -> Fault:
    weights = _RUNNING if moment.state == "running" else _DEFERRED
    (deed,) = chance.choices(list(weights), list(weights.values()))
    looks = moment.state == "deferred" and moment.after is not None
    outlived = moment.held and deed in (Deed.WORKER, Deed.SCHEDULER)
    lingers = bool(outlived or (moment.work and deed.component)) and chance.random() < 0.5
    return Fault(moment, deed, chance.randint(1, 3) if looks else 1, lingers)
