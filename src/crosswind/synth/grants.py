"""Grants: who may do what with which folder or job, and the line of the topology that asks for it.

A grant is an intent, free of IAM. `grants` derives all of them from the declared jobs, pipelines and replications;
the `*_statements` files turn them into IAM statements, each of which stands once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from crosswind.topology.model import GlueJob, Job, Pipeline, SageMakerJob, Topology

__all__ = ["ORCHESTRATOR", "Grant", "folders", "grants", "split_ref", "training_prefixes"]

Verb = Literal["read", "write", "delete", "start", "copy"]
ORCHESTRATOR = "orchestrator"
# 63 characters, less the hash (8), the attempt (2) and three hyphens, with some room.
_UNCUT = 45


@dataclass(frozen=True, order=True)
class Grant:
    """One intent.

    Attributes:
        who: `orchestrator` (Airflow, through the cross-account role of the account in question), `job NAME`,
            or `replication BUCKET`.
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
        source = f"{replication.source}/{replication.folder}"
        found.add(Grant(f"replication {replication.source}", "copy", source, f"replications.{name}"))
    return tuple(sorted(found))


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


def _of_pipeline(topology: Topology, path: str, pipeline: Pipeline) -> Iterator[Grant]:
    for index, step in enumerate(pipeline.steps):
        where = f"{path}.steps[{index}]"
        if step.wait is not None:
            yield Grant(ORCHESTRATOR, "read", step.wait, f"{where}.wait")
        if step.run is not None:
            yield Grant(ORCHESTRATOR, "start", step.run, f"{where}.run")
            yield from _around_job(topology.jobs[step.run], f"{where}.run")


def _around_job(job: Job, where: str) -> Iterator[Grant]:
    """What Airflow itself reads before and after a job."""
    if isinstance(job, GlueJob):  # the manifest that the script writes last
        for folder in job.writes:
            yield Grant(ORCHESTRATOR, "read", folder, where)
    elif isinstance(job, SageMakerJob):  # the configuration, and the operator's check that its inputs exist
        for folder in (job.configs, *job.reads):
            yield Grant(ORCHESTRATOR, "read", folder, where)


def training_prefixes(topology: Topology, job: str) -> tuple[str, ...]:
    """How the training jobs of a declared job begin, one for each task that runs it; sorted.

    The operator names a training job `<task>-<run>-<hash>-<attempt>`, with all but letters and digits as
    hyphens and the head cut at 63 characters.
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
    """The paths that somebody may touch by a verb, by bucket; buckets and paths sorted.

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
    return {bucket: tuple(sorted(paths[bucket])) for bucket in sorted(paths)}
