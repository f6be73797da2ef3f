"""Grants: who may do what with which folder or job, and the line of the topology that asks for it.

A grant is an intent, free of IAM. `grants` derives all of them from the declared jobs, pipelines and replications;
the `*_statements` files turn them into IAM statements, each of which stands once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, overload

from crosswind.topology.model import (
    GlueJob,
    Job,
    LambdaJob,
    Pipeline,
    ProcessingJob,
    Replication,
    SageMakerJob,
    Topology,
    TrainingJob,
)
from crosswind.topology.names import CLAIMS, Names

__all__ = ["ORCHESTRATOR", "Grant", "Grants", "folders", "grants", "job_prefixes", "mover", "split_ref"]

Verb = Literal[
    "answer",
    "carry",
    "claim",
    "copy",
    "delete",
    "fetch",
    "find",
    "inspect",
    "load",
    "open",
    "pin",
    "publish",
    "read",
    "reap",
    "record",
    "start",
    "trace",
    "vet",
    "write",
]
ORCHESTRATOR = "orchestrator"
_OF_JOBS = ("reap", "start")
# 63 characters, less a token (16 and 8 digits, the group, the ordinal, three hyphens) and one more hyphen, with some
# room for the two numbers.
_UNCUT = 28


@dataclass(frozen=True, order=True)
class Grant:
    """One intent.

    The verbs of jobs: `load` the script; `read`, `write`, `delete`, and `answer`: put a result. Of S3: `copy`:
    replicate. Of a mover, which is Airflow in the destination's account: `fetch` versions at the source, `carry` them
    into the destination, with the manifest of what arrived. Airflow's own:

    - jobs: `load` a configuration; `claim` a submission; `start` a job; `reap` what was left running, and `vet` whose
      it is; `record` what a model was made from;
    - handovers: `publish` one; `find` them by their folder; `open` the one that is meant; `pin`: read by version;
      `trace`: list versions; `inspect` how S3 replicates;
    - and `read` whatever else.

    Attributes:
        who: `orchestrator` (Airflow, through a cross-account role where it acts), `mover REPLICATION`, `job NAME`, or
            `replication BUCKET`.
        verb: what it does.
        what: a folder (`bucket/folder`), an object (`bucket/folder/key`), or a job's name for `start` and `reap`.
        why: the key path in the topology that asks for it.
        pipeline: whose step asks for it; empty where that is not one pipeline's affair.
    """

    who: str
    verb: Verb
    what: str
    why: str
    pipeline: str = ""


class Grants(Sequence[Grant]):
    """The grants of a topology, sorted; found by who takes them, where, and about what.

    Args:
        topology: the topology, which says where buckets and jobs are.
        found: the grants.
    """

    def __init__(self, topology: Topology, found: Iterable[Grant]) -> None:
        self._all = tuple(sorted(found))
        self._of: dict[str, list[Grant]] = {}
        self._at: dict[str, list[Grant]] = {}
        self._on: dict[str, list[Grant]] = {}
        into = {mover(name): topology.buckets[r.destination].site for name, r in topology.replications.items()}
        for grant in self._all:
            self._of.setdefault(grant.who, []).append(grant)
            if grant.verb not in _OF_JOBS:
                self._on.setdefault(split_ref(grant.what)[0], []).append(grant)
            if grant.who == ORCHESTRATOR:
                self._at.setdefault(_place(topology, grant), []).append(grant)
            elif grant.who in into:
                self._at.setdefault(into[grant.who], []).append(grant)

    @overload
    def __getitem__(self, index: int) -> Grant: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Grant, ...]: ...
    def __getitem__(self, index: int | slice) -> Grant | tuple[Grant, ...]:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grants) and self._all == other._all

    def __hash__(self) -> int:
        return hash(self._all)

    def of(self, who: str) -> Sequence[Grant]:
        """Those of one `who`."""
        return self._of.get(who, ())

    def on(self, bucket: str) -> Sequence[Grant]:
        """Those about a bucket, whoever takes them."""
        return self._on.get(bucket, ())

    def at(self, site: str) -> Sequence[Grant]:
        """Those that Airflow takes at a site: its own about what is there, and those of movers into it."""
        return self._at.get(site, ())


def grants(topology: Topology) -> Grants:
    """Every grant of a topology."""
    found: set[Grant] = set()
    for name, job in topology.jobs.items():
        found.update(_of_job(topology, name, job))
    for name, pipeline in topology.pipelines.items():
        found.update(replace(each, pipeline=name) for each in _of_pipeline(topology, f"pipelines.{name}", pipeline))
        found.update(_of_reaper(topology, f"pipelines.{name}", pipeline))
    for name, replication in topology.replications.items():
        if replication.by_s3:
            source = f"{replication.source}/{replication.folder}"
            found.add(Grant(f"replication {replication.source}", "copy", source, f"replications.{name}"))
    return Grants(topology, found)


def mover(replication: str) -> str:
    """The `who` of what Airflow does for a replication in its destination's account."""
    return f"mover {replication}"


def _of_job(topology: Topology, name: str, job: Job) -> Iterator[Grant]:
    who, path = f"job {name}", f"jobs.{name}"
    for index, folder in enumerate(job.reads):
        yield Grant(who, "read", folder, f"{path}.reads[{index}]")
    for index, folder in enumerate(job.writes):
        yield Grant(who, "write", folder, f"{path}.writes[{index}]")
    for index, folder in enumerate(job.deletes):
        yield Grant(who, "delete", folder, f"{path}.deletes[{index}]")
    if isinstance(job, GlueJob | ProcessingJob):
        script = f"{split_ref(job.scripts)[0]}/{Names(topology).script_key(name)}"
        # That of a processing job is an input as others are: SageMaker lists it.
        yield Grant(who, "read" if isinstance(job, ProcessingJob) else "load", script, f"{path}.scripts")
    if isinstance(job, LambdaJob) and job.results is not None:
        yield Grant(who, "answer", job.results, f"{path}.results")


def _of_pipeline(topology: Topology, path: str, pipeline: Pipeline) -> Iterator[Grant]:
    handed = False
    for index, step in enumerate(pipeline.steps):
        where = f"{path}.steps[{index}]"
        if step.wait is not None:
            arriving = [
                (name, replication)
                for name, replication in topology.replications.items()
                if step.wait == f"{replication.destination}/{replication.folder}"
            ]
            handed = handed or bool(arriving)
            for name, replication in arriving:
                yield from _of_arrival(name, replication, f"{where}.wait")
            if not arriving:
                yield Grant(ORCHESTRATOR, "read", step.wait, f"{where}.wait")
        if step.run is not None:
            yield Grant(ORCHESTRATOR, "start", step.run, f"{where}.run")
            yield from _around_job(topology, step.run, f"{where}.run", handed=handed)


def _of_reaper(topology: Topology, path: str, pipeline: Pipeline) -> Iterator[Grant]:
    """What a pipeline's tasks leave running when they are killed is found and stopped by one DAG for all."""
    for index, step in enumerate(pipeline.steps):
        if step.run is not None:
            where = f"{path}.steps[{index}].run"
            yield Grant(ORCHESTRATOR, "reap", step.run, where)
            if isinstance(topology.jobs[step.run], GlueJob):
                yield Grant(ORCHESTRATOR, "vet", f"{Names(topology).claims_bucket(step.run)}/{CLAIMS}", where)


def _of_arrival(name: str, replication: Replication, where: str) -> Iterator[Grant]:
    """What Airflow does while it waits for a handover: it compares versions at both ends, and moves what is its own."""
    source, destination = (f"{b}/{replication.folder}" for b in (replication.source, replication.destination))
    yield Grant(ORCHESTRATOR, "find", source, where)
    yield Grant(ORCHESTRATOR, "open", source, where)
    yield Grant(ORCHESTRATOR, "trace", destination, where)
    for folder in (source, destination):
        yield Grant(ORCHESTRATOR, "pin", folder, where)
        if replication.by_s3:
            yield Grant(ORCHESTRATOR, "inspect", folder, where)
    if replication.copies:
        why = f"replications.{name}.{'repair' if replication.by_s3 else 'mover'}"
        yield Grant(mover(name), "fetch", source, why)
        yield Grant(mover(name), "carry", destination, why)


def _around_job(topology: Topology, name: str, where: str, *, handed: bool) -> Iterator[Grant]:
    """What Airflow itself reads and writes before and after a job; `handed`: the pipeline has waited for a handover."""
    job = topology.jobs[name]
    if isinstance(job, GlueJob):  # which versions its inputs have
        for folder in job.reads:
            yield Grant(ORCHESTRATOR, "read", folder, where)
    if isinstance(job, SageMakerJob):
        config = f"{split_ref(job.configs)[0]}/{Names(topology).config_key(name)}"
        yield Grant(ORCHESTRATOR, "load", config, where)
    if isinstance(job, LambdaJob) and job.results is not None:
        yield Grant(ORCHESTRATOR, "read", job.results, where)
        yield Grant(ORCHESTRATOR, "find", job.results, where)
    if isinstance(job, TrainingJob) and handed:
        for folder in job.writes:
            yield Grant(ORCHESTRATOR, "record", folder, where)
    if bucket := Names(topology).claims_bucket(name):
        yield Grant(ORCHESTRATOR, "claim", f"{bucket}/{CLAIMS}", where)
    for folder in job.writes:
        if any(folder == f"{r.source}/{r.folder}" for r in topology.replications.values()):
            for verb in _PUBLISHING:
                yield Grant(ORCHESTRATOR, verb, folder, where)


_PUBLISHING: tuple[Verb, ...] = ("publish", "read")


def job_prefixes(topology: Topology, job: str, pipeline: str | None = None) -> tuple[str, ...]:
    """How the names of a declared SageMaker job's jobs begin, one for each task that runs it; sorted.

    The operators name a job `<task>-<run>-<token>`, with all but letters and digits as hyphens and the head
    cut so that all of it has 63 characters.

    Args:
        topology: a checked topology.
        job: a declared job.
        pipeline: the pipeline whose tasks alone are meant; by default all.
    """
    meant = [p for name, p in topology.pipelines.items() if not pipeline or name == pipeline]
    tasks = {step.task or step.run for each in meant for step in each.steps if step.run == job}
    words = (re.sub(r"[^A-Za-z0-9]+", "-", task).strip("-") for task in tasks if task)
    return tuple(sorted(f"{word}-" if len(word) <= _UNCUT else word[:_UNCUT].rstrip("-") for word in words))


def _place(topology: Topology, grant: Grant) -> str:
    """The site of a grant's job or bucket."""
    if grant.verb in _OF_JOBS:
        return topology.jobs[grant.what].site
    return topology.buckets[split_ref(grant.what)[0]].site


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
    for grant in found.of(who) if isinstance(found, Grants) else found:
        if grant.who == who and grant.verb in verbs:
            bucket, path = split_ref(grant.what)
            paths.setdefault(bucket, set()).add(path)
    return {bucket: tuple(p for p in sorted(paths[bucket]) if not _below(p, paths[bucket])) for bucket in sorted(paths)}


def _below(path: str, others: Iterable[str]) -> bool:
    """Whether a path lies in one of the others, which holds it then."""
    return any(path != other and path.startswith(f"{other.rstrip('/')}/") for other in others)
