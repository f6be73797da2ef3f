"""A run of all pipelines as one value: every step with its place, its identity and its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswind.report.trail import Request, Trail
from crosswind.synth import actors, grants
from crosswind.topology import Topology

__all__ = ["Handed", "StepRow", "Summary", "TaskRow", "summarise"]

_WORK = {
    "glue": "Glue job runs",
    "sagemaker": "SageMaker job runs",
    "lambda": "Lambda runs",
    "s3": "S3 replicates",
}


@dataclass(frozen=True)
class TaskRow:
    """An Airflow task instance: its state, and when it ran (Unix times)."""

    dag: str
    task: str
    state: str
    started: float
    ended: float


@dataclass(frozen=True)
class StepRow:
    """One step: what was done, where, by whom, for how long (seconds)."""

    what: str
    account: str
    region: str
    identity: str
    started: float
    seconds: float


@dataclass(frozen=True)
class Handed:
    """What was handed over from one pipeline to the other, as the model's record has it.

    Args:
        prefix: where, at source and destination alike.
        mover: what brought it.
        seconds: from publication to arrival.
        objects: how many.
        size: in bytes.
        versions: key, version id at the source, version id at the destination.
    """

    prefix: str
    mover: str
    seconds: float
    objects: int
    size: int
    versions: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Handed:
        """What a model's record (`crosswind.airflow.handover.lineage`) says."""
        handover, replication = record["handover"], record["replication"]
        there = {version["key"]: version["version_id"] for version in replication["versions"]}
        reference = handover["reference"]
        return cls(
            reference["prefix"],
            replication["mover"],
            replication["seconds"],
            reference["objects"],
            reference["size"],
            tuple((each["key"], each["version_id"], there.get(each["key"], "")) for each in handover["versions"]),
        )


@dataclass(frozen=True)
class Summary:
    """What one run of all pipelines did.

    Args:
        topology: its name.
        steps: in order of start.
        replicated_objects: how many objects arrived at another site.
        replicated_bytes: their size.
        metrics: the training job's final metrics, by name.
        model: the model's S3 URI.
        removed: the objects that the clean-up removed, `bucket/key`.
        requests: how many AWS calls each account served.
        handed: what was handed over to the training job; None when its model has no record.
    """

    topology: str
    steps: tuple[StepRow, ...]
    replicated_objects: int
    replicated_bytes: int
    metrics: Mapping[str, float]
    model: str
    removed: tuple[str, ...]
    requests: Mapping[str, int]
    handed: Handed | None = None


def summarise(
    topology: Topology,
    tasks: Sequence[TaskRow],
    trail: Trail,
    training: Mapping[str, Any],
    replicas: Mapping[str, int],
    removed: Iterable[str],
    record: Mapping[str, Any] | None = None,
) -> Summary:
    """Join what is known of a run.

    Args:
        topology: the declared topology.
        tasks: the task instances of its DAG runs.
        trail: the request log of the world in which it ran.
        training: sagemaker:DescribeTrainingJob's answer.
        replicas: the size of each replicated object, by `bucket/key`.
        removed: what the clean-up reported as removed.
        record: what lies beside the model; None for nothing.
    """
    rows = [_task_row(topology, task, trail) for task in tasks]
    rows += _work_rows(tasks, trail)
    return Summary(
        topology=topology.name,
        steps=tuple(sorted(rows, key=lambda row: row.started)),
        replicated_objects=len(replicas),
        replicated_bytes=sum(replicas.values()),
        metrics={metric["MetricName"]: metric["Value"] for metric in training.get("FinalMetricDataList", [])},
        model=training.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""),
        removed=tuple(sorted(removed)),
        # A plain dict: dataclasses.asdict copies a Counter into one whose keys are pairs.
        requests=dict(trail.by_account()),
        handed=Handed.of(record) if record else None,
    )


def _task_row(topology: Topology, task: TaskRow, trail: Trail) -> StepRow:
    """A task's row: the identity that it acted as in other accounts, and where."""
    roles = {actor.role for actor in actors(topology, grants(topology))}
    acted = Counter(
        (request.account, request.region, request.principal)
        for request in trail.requests
        if task.started <= request.time <= task.ended
        and request.principal.partition(":assumed-role/")[2].partition("/")[0] in roles
        and request.service not in {"sts", "logs"}
        and _may_be(task, request.principal.rpartition("/")[2])
    )
    if acted:
        (account, region, identity), _ = acted.most_common(1)[0]
    else:
        account, region, identity = topology.hub_account, topology.hub.region, "(Airflow itself)"
    return StepRow(task.task, account, region, identity, task.started, task.ended - task.started)


def _may_be(task: TaskRow, session: str) -> bool:
    """Whether a session may be a task's: sessions of our own operators are named after their DAG, Airflow's are not."""
    dag, at, _ = session.partition("@")
    return not at or dag == task.dag


def _work_rows(tasks: Sequence[TaskRow], trail: Trail) -> list[StepRow]:
    """A row for each role under which AWS services worked; what they do in their own name is no work of a job."""
    began, ended = min((task.started for task in tasks), default=0.0), max((task.ended for task in tasks), default=0.0)
    acted: dict[tuple[str, str], list[Request]] = {}
    for request in trail.requests:
        # Other runs' jobs work under the same roles.
        ours = began <= request.time <= ended
        if ours and request.via in _WORK and ":assumed-role/" in request.principal:
            acted.setdefault((request.via, request.principal), []).append(request)
    rows = []
    for (via, principal), requests in acted.items():
        first, last = requests[0], requests[-1]
        seconds = last.time + last.duration_ms / 1000 - first.time
        # A job logs where it runs, whatever Regions it reads and writes in.
        home = next((request for request in requests if request.service == "logs"), first)
        rows.append(StepRow(_WORK[via], home.account, home.region, principal, first.time, seconds))
    return rows
