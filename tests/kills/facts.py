"""What came of a schedule, as plain data: AWS's side as each account's root sees it, and Airflow's. Times are Unix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Claimed", "Facts", "Handover", "Job", "Model", "Reap", "Run", "Sample", "Task", "TaskKey", "timeline"]

TaskKey = tuple[str, str, str, int]
"""DAG, run, task, map index."""

Versions = frozenset[tuple[str, str]]
"""Key and version id of each object."""


@dataclass(frozen=True)
class Job:
    """A remote job: a Glue run or a training job.

    Args:
        kind: `glue` or `training`.
        id: AWS's.
        task: whose it is, as its arguments or tags say.
        group: the task's max_tries when it was submitted: with the task, the attempt group.
        began: when it was made.
        ended: when it ended; None while it is live.
        state: `running`, `succeeded`, `failed` or `stopped`.
        asked: when it was first asked to stop; None when it never was.
        reads: the S3 URIs of its channels.
    """

    kind: str
    id: str
    task: TaskKey
    group: int
    began: float
    ended: float | None
    state: str
    asked: float | None = None
    reads: tuple[str, ...] = ()

    @property
    def gone(self) -> float | None:
        """From when on it is no orphan: it has ended, or was asked to."""
        return min((each for each in (self.asked, self.ended) if each is not None), default=None)


@dataclass(frozen=True)
class Claimed:
    """An attempt at the function that somebody has claimed, and whether its answer is there."""

    token: str
    answered: bool


@dataclass(frozen=True)
class Handover:
    """A handover, as its manifest in the source bucket says, and what the two buckets hold of it.

    Args:
        prefix: `<folder>/<run>/`.
        version_id: of the manifest.
        versions: of its objects.
        source: every version that each of its keys ever had at the source.
        destination: and at the destination.
    """

    prefix: str
    version_id: str
    versions: Versions
    source: Versions
    destination: Versions


@dataclass(frozen=True)
class Model:
    """A model with its record, `lineage.json`.

    Args:
        job: the training job.
        prefix: of the handover that the record names.
        version_id: of that handover's manifest.
        handed: the versions that were handed over, by the record.
        arrived: the versions that were read, by the record.
        superseded: the prefixes that its run passed over.
    """

    job: str
    prefix: str
    version_id: str
    handed: Versions
    arrived: Versions
    superseded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A task instance at the end.

    Args:
        state: Airflow's.
        tries: how many it had.
        group: its max_tries.
    """

    state: str
    tries: int
    group: int


@dataclass(frozen=True)
class Run:
    """A DAG run at the end.

    Args:
        dag: its DAG.
        id: its id.
        state: Airflow's; `deleted` when it is gone.
        tasks: its task instances.
        events: the prefixes that the Asset events carry which have started it.
    """

    dag: str
    id: str
    state: str
    tasks: Mapping[str, Task] = field(default_factory=dict)
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """What Airflow said of every task instance: state and group. It was asked and has answered at these times."""

    asked: float
    answered: float
    tasks: Mapping[TaskKey, tuple[str, int]]


@dataclass(frozen=True)
class Reap:
    """A run of the reaper's DAG."""

    began: float
    ended: float | None
    state: str


@dataclass(frozen=True)
class Facts:
    """All of it.

    Args:
        jobs: Glue runs and training jobs.
        claimed: the function's attempts.
        invoked: how often the function was invoked.
        handovers: what was published, oldest first.
        models: what has a record.
        runs: the DAG runs, the reaper's left out.
        samples: of the whole time, by time.
        reaps: the reaper's runs.
        marked: the tasks that the schedule has ended by hand.
        hits: how many tries of each task the schedule's kills may have cost.
        denied: the calls that IAM refused.
        done: how many of the schedule's faults were done; the moments of the others did not come.
    """

    jobs: tuple[Job, ...] = ()
    claimed: tuple[Claimed, ...] = ()
    invoked: int = 0
    handovers: tuple[Handover, ...] = ()
    models: tuple[Model, ...] = ()
    runs: tuple[Run, ...] = ()
    samples: tuple[Sample, ...] = ()
    reaps: tuple[Reap, ...] = ()
    marked: frozenset[TaskKey] = frozenset()
    hits: Mapping[TaskKey, int] = field(default_factory=dict)
    denied: tuple[str, ...] = ()
    done: int = 0


def timeline(facts: Facts) -> str:
    """What happened when, for who reads of a violation: the tasks' states and the jobs, in seconds from the first."""
    seen: dict[TaskKey, tuple[str, int]] = {}
    found: list[tuple[float, str]] = []
    for sample in facts.samples:
        for key, (state, group) in sample.tasks.items():
            if state and seen.get(key) != (state, group):
                seen[key] = state, group
                found.append((sample.answered, f"{key[2]} of {key[1]}: {state}, group {group}"))
    for job in facts.jobs:
        name = f"{job.kind} job {job.id[:80]}"
        told = ((job.began, "begins"), (job.asked, "is asked to stop"), (job.ended, f"has {job.state}"))
        found += [(time, f"{name} {what}") for time, what in told if time is not None]
    first = min((time for time, _ in found), default=0.0)
    return "\n".join(f"{time - first:7.1f}  {text}" for time, text in sorted(found))
