"""Grants: who may do what with which folder or job, and the line of the topology that asks for it.

A grant is an intent, free of IAM. `grants` derives all of them from the declared jobs, pipelines and replications;
the `*_statements` files turn them into IAM statements, each of which stands once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from crosswind.topology.model import GlueJob, Job, LambdaJob, Pipeline, Replication, SageMakerJob, Topology
from crosswind.topology.names import CLAIMS, Names

__all__ = ["ORCHESTRATOR", "Grant", "folders", "grants", "mover", "split_ref", "training_prefixes"]

Verb = Literal[
    "answer",
    "carry",
    "claim",
    "copy",
    "delete",
    "fetch",
    "inspect",
    "pin",
    "publish",
    "read",
    "record",
    "start",
    "write",
]
ORCHESTRATOR = "orchestrator"
# 63 characters, less a token (10 digits, the group, the ordinal, two hyphens) and one more hyphen, with some room.
_UNCUT = 45


@dataclass(frozen=True, order=True)
class Grant:
    """One intent.

    The verbs of jobs: `read`, `write`, `delete`, and `answer`: put a result. Of S3: `copy`: replicate. Airflow's own:
    `start` a job; `read`; `pin`: tell the versions of what it reads; `publish` a handover; `inspect` how S3
    replicates; `claim` a submission; `record` what a model was made from. Of a mover, which is Airflow in the
    destination's account: `fetch` versions at the source, `carry` them into the destination, with the manifest of what
    arrived.

    Attributes:
        who: `orchestrator` (Airflow, through the cross-account role of the account in question), `mover REPLICATION`,
            `job NAME`, or `replication BUCKET`.
        verb: what it does.
        what: a folder (`bucket/folder`), an object (`bucket/folder/key`), or a job's name for `start`.
        why: the key path in the topology that asks for it.
    """

    who: str
    verb: Verb
    what: str
    why: str


def grants(topology: Topology) -> tuple[Grant, ...]:
    """Every grant of a topology, sorted."""
    found: set[Grant] = set()
    for name, job in topology.jobs.items():
        found.update(_of_job(name, job))
    for name, pipeline in topology.pipelines.items():
        found.update(_of_pipeline(topology, f"pipelines.{name}", pipeline))
    for name, replication in topology.replications.items():
        if replication.by_s3:
            source = f"{replication.source}/{replication.folder}"
            found.add(Grant(f"replication {replication.source}", "copy", source, f"replications.{name}"))
    return tuple(sorted(found))


def mover(replication: str) -> str:
    """The `who` of what Airflow does for a replication in its destination's account."""
    return f"mover {replication}"


def _of_job(name: str, job: Job) -> Iterator[Grant]:
    who, path = f"job {name}", f"jobs.{name}"
    for index, folder in enumerate(job.reads):
        yield Grant(who, "read", folder, f"{path}.reads[{index}]")
    for index, folder in enumerate(job.writes):
        yield Grant(who, "write", folder, f"{path}.writes[{index}]")
    for index, folder in enumerate(job.deletes):
        yield Grant(who, "delete", folder, f"{path}.deletes[{index}]")
    if isinstance(job, GlueJob):
        yield Grant(who, "read", job.scripts, f"{path}.scripts")
    if isinstance(job, LambdaJob) and job.results is not None:
        yield Grant(who, "answer", job.results, f"{path}.results")


def _of_pipeline(topology: Topology, path: str, pipeline: Pipeline) -> Iterator[Grant]:
    for index, step in enumerate(pipeline.steps):
        where = f"{path}.steps[{index}]"
        if step.wait is not None:
            yield Grant(ORCHESTRATOR, "read", step.wait, f"{where}.wait")
            for name, replication in topology.replications.items():
                if step.wait == f"{replication.destination}/{replication.folder}":
                    yield from _of_arrival(name, replication, f"{where}.wait")
        if step.run is not None:
            yield Grant(ORCHESTRATOR, "start", step.run, f"{where}.run")
            yield from _around_job(topology, step.run, f"{where}.run")


def _of_arrival(name: str, replication: Replication, where: str) -> Iterator[Grant]:
    """What Airflow does while it waits for a handover: it compares versions at both ends, and moves what is its own."""
    source, destination = (f"{b}/{replication.folder}" for b in (replication.source, replication.destination))
    for folder in (source, destination):
        yield Grant(ORCHESTRATOR, "read", folder, where)
        yield Grant(ORCHESTRATOR, "pin", folder, where)
        if replication.by_s3:
            yield Grant(ORCHESTRATOR, "inspect", folder, where)
    if replication.copies:
        why = f"replications.{name}.{'repair' if replication.by_s3 else 'mover'}"
        yield Grant(mover(name), "fetch", source, why)
        yield Grant(mover(name), "carry", destination, why)


def _around_job(topology: Topology, name: str, where: str) -> Iterator[Grant]:
    """What Airflow itself reads and writes before and after a job."""
    job = topology.jobs[name]
    read: tuple[str, ...] = ()
    if isinstance(job, GlueJob):  # the versions of its inputs, and the manifest that the script writes last
        read = (*job.reads, *job.writes)
    elif isinstance(job, SageMakerJob):  # the configuration, and the versions that it trains on
        read = (job.configs, *job.reads)
    elif job.results is not None:
        read = (job.results,)
    for folder in read:
        yield Grant(ORCHESTRATOR, "read", folder, where)
    for folder in job.reads if not isinstance(job, LambdaJob) else ():
        yield Grant(ORCHESTRATOR, "pin", folder, where)
    if isinstance(job, SageMakerJob):
        for folder in job.writes:
            yield Grant(ORCHESTRATOR, "record", folder, where)
    if bucket := Names(topology).claims_bucket(name):
        yield Grant(ORCHESTRATOR, "claim", f"{bucket}/{CLAIMS}", where)
    for folder in job.writes:
        if any(folder == f"{r.source}/{r.folder}" for r in topology.replications.values()):
            for verb in _PUBLISHING:
                yield Grant(ORCHESTRATOR, verb, folder, where)


_PUBLISHING: tuple[Verb, ...] = ("pin", "publish", "read")


def training_prefixes(topology: Topology, job: str) -> tuple[str, ...]:
    """How the training jobs of a declared job begin, one for each task that runs it; sorted.

    The operator names a training job `<task>-<run>-<token>`, with all but letters and digits as hyphens and the head
    cut so that all of it has 63 characters.
    """
    tasks = {
        step.task or step.run for pipeline in topology.pipelines.values() for step in pipeline.steps if step.run == job
    }
    words = (re.sub(r"[^A-Za-z0-9]+", "-", task).strip("-") for task in tasks if task)
    return tuple(sorted(f"{word}-" if len(word) <= _UNCUT else word[:_UNCUT].rstrip("-") for word in words))


def split_ref(ref: str) -> tuple[str, str]:
    """`bucket/folder/key` as (bucket, the path in it)."""
    bucket, _, path = ref.partition("/")
    return bucket, path


def folders(found: Iterable[Grant], who: str, *verbs: Verb) -> dict[str, tuple[str, ...]]:
    """The paths that somebody may touch by a verb, by bucket; buckets and paths sorted, none below another.

    Args:
        found: grants.
        who: whose.
        verbs: any of these.
    """
    paths: dict[str, set[str]] = {}
    for grant in found:
        if grant.who == who and grant.verb in verbs:
            bucket, path = split_ref(grant.what)
            paths.setdefault(bucket, set()).add(path)
    return {bucket: tuple(p for p in sorted(paths[bucket]) if not _below(p, paths[bucket])) for bucket in sorted(paths)}


def _below(path: str, others: Iterable[str]) -> bool:
    """Whether a path lies in one of the others, which holds it then."""
    return any(path != other and path.startswith(f"{other.rstrip('/')}/") for other in others)
