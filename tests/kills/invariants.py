"""What must hold after every schedule, checked on facts. Pure; `test_invariants` shows that each check can fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.kills.facts import Facts, Job, Run, Sample, TaskKey

__all__ = ["PATIENCE", "Invariant", "Orphaned", "orphaned", "violations"]

PATIENCE = 30.0
"""Seconds beyond the reaper's interval, for an Airflow whose scheduler was killed and for the reaper's own run."""

_ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
_CLOCKS = 0.5  # between a call's place in the log and the end of the task that made it


class Invariant(StrEnum):
    """The invariants."""

    VERSIONS = "every model is of exactly the versions of its run's newest handover"
    ONCE = "one job at a time for an attempt group, and none where one could be adopted"
    ORPHAN = "no job outlives its live task by more than one interval of the reaper"
    ENDS = "every run ends, and fails only where the schedule made it"
    LOST = "every handover is trained on or superseded"
    DENIED = "no call is denied"


@dataclass(frozen=True)
class Orphaned:
    """A job that was live and nobody's.

    Args:
        job: which.
        since: when it was first seen so, without being owned again.
        gone: when it was asked to stop, or ended; None when it still is.
    """

    job: Job
    since: float
    gone: float | None


def violations(facts: Facts, reap_seconds: float, retries: int) -> list[tuple[Invariant, str]]:
    """What does not hold.

    Args:
        facts: of a schedule that is over.
        reap_seconds: the reaper's interval.
        retries: of a task.
    """
    checks = {
        Invariant.VERSIONS: _versions(facts),
        Invariant.ONCE: _once(facts),
        Invariant.ORPHAN: _orphans(facts, reap_seconds),
        Invariant.ENDS: _ends(facts, retries),
        Invariant.LOST: _lost(facts, retries),
        Invariant.DENIED: iter(facts.denied),
    }
    return [(invariant, text) for invariant, found in checks.items() for text in found]


def orphaned(facts: Facts) -> list[Orphaned]:
    """The jobs that were live and nobody's for a while. Functions cannot be stopped, and are none of them."""
    found = []
    for job in facts.jobs:
        since = None
        for sample in facts.samples:
            if sample.asked < job.began or (job.gone is not None and sample.answered > job.gone):
                continue
            since = None if _owned(sample, job) else (since or sample.answered)
        if since is not None:
            found.append(Orphaned(job, since, job.gone))
    return found


def _owned(sample: Sample, job: Job) -> bool:
    """Whether the job's task is live, in the very attempt group that has submitted it."""
    state, group = sample.tasks.get(job.task, ("removed", job.group))
    return state not in _ENDED and group == job.group


def _orphans(facts: Facts, reap_seconds: float) -> Iterator[str]:
    for each in orphaned(facts):
        job, since, gone = each.job, each.since, each.gone
        latest = since + reap_seconds + PATIENCE
        # A run of the reaper that began afterwards sees it; a job whose task goes on without it is that task's to stop.
        if not _superseded(facts, job):
            whole = (reap for reap in facts.reaps if reap.began >= since and reap.state == "success" and reap.ended)
            latest = min([latest, *(reap.ended + _CLOCKS for reap in whole if reap.ended)])
        if gone is None or gone > latest:
            end = "is still live" if gone is None else f"was asked to stop {gone - since:.1f} s later"
            yield f"{job.kind} job {job.id} was nobody's and {end}; due within {latest - since:.1f} s"


def _superseded(facts: Facts, job: Job) -> bool:
    """Whether the job's task was seen in another attempt group."""
    return any(sample.tasks[job.task][1] != job.group for sample in facts.samples if job.task in sample.tasks)


def _versions(facts: Facts) -> Iterator[str]:
    handovers = {(each.prefix, each.version_id): each for each in facts.handovers}
    jobs = {job.id: job for job in facts.jobs}
    for model in facts.models:
        job, handover = jobs.get(model.job), handovers.get((model.prefix, model.version_id))
        if job is None or handover is None:
            yield f"the record of {model.job} names a job or a handover that is not there: {model.prefix}"
            continue
        for what, found in (
            ("its record's handover", model.handed),
            ("its record's replicas", model.arrived),
            ("the source's history", handover.source),
            ("the destination's history", handover.destination),
        ):
            if found != handover.versions:
                yield f"{model.job}: {what} is {sorted(found)}, handed over were {sorted(handover.versions)}"
        strange = [uri for uri in job.reads if f"/{model.prefix}" not in uri]
        if strange or not job.reads:
            yield f"{model.job} read {strange or 'nothing'}, its handover is {model.prefix}"
        for run in facts.runs:
            newest = [each.prefix for each in facts.handovers if each.prefix in run.events][-1:]
            if (run.dag, run.id) == job.task[:2] and newest != [model.prefix]:
                yield f"{model.job} took {model.prefix}; its run's events were {run.events}"
    recorded = {model.job for model in facts.models}
    for key, own in _last_jobs(facts):
        if own and own.kind == "training" and own.id not in recorded and key not in facts.marked:
            yield f"{own.id} has no record, though its task has succeeded"


def _once(facts: Facts) -> Iterator[str]:
    groups: dict[tuple[TaskKey, int], list[Job]] = defaultdict(list)
    for job in facts.jobs:
        groups[job.task, job.group].append(job)
    for jobs in groups.values():
        ordered = sorted(jobs, key=lambda job: job.began)
        for number, later in enumerate(ordered):
            for earlier in ordered[:number]:
                if earlier.ended is None or later.began < earlier.ended:
                    yield f"two live jobs of {later.task}: {earlier.id} and {later.id}"
                elif earlier.state == "succeeded":
                    yield f"{later.id} was submitted although {earlier.id} of {later.task} had succeeded"
    for key, own in _last_jobs(facts):
        if own is None and key not in facts.marked:
            yield f"{key} has succeeded without a job of its attempt group that has"
    if facts.invoked > len(facts.claimed):
        yield f"the function was invoked {facts.invoked} times for {len(facts.claimed)} claimed attempts"
    for each in facts.claimed:
        group, _, ordinal = each.token.rpartition("-")
        following = f"{group}-{int(ordinal) + 1}"
        if each.answered and any(other.token == following for other in facts.claimed):
            yield f"the function was claimed as {following} although {each.token} was answered"


def _last_jobs(facts: Facts) -> Iterator[tuple[TaskKey, Job | None]]:
    """Each task with a job that has succeeded, and the job of its attempt group that has."""
    kinds = {job.task[2] for job in facts.jobs}
    for run in facts.runs:
        for name, task in run.tasks.items():
            if name in kinds and task.state == "success":
                key = (run.dag, run.id, name, -1)
                own = (job for job in facts.jobs if (job.task, job.group) == (key, task.group))
                yield key, next((job for job in own if job.state == "succeeded"), None)


def _ends(facts: Facts, retries: int) -> Iterator[str]:
    for run in facts.runs:
        if run.state in ("success", "deleted") or _excused(facts, run, retries):
            continue
        tasks = {name: (task.state, task.tries) for name, task in run.tasks.items()}
        yield f"run {run.id} of {run.dag} is {run.state}: {tasks}"


def _excused(facts: Facts, run: Run, retries: int) -> bool:
    """Whether a run may have failed: each failed task was ended by hand, or every try of it may have been killed."""
    failed = [(run.dag, run.id, name, -1) for name, task in run.tasks.items() if task.state == "failed"]
    ended = run.state == "failed" and bool(failed)
    return ended and all(key in facts.marked or facts.hits.get(key, 0) > retries for key in failed)


def _lost(facts: Facts, retries: int) -> Iterator[str]:
    runs = {prefix: run for run in facts.runs for prefix in run.events}
    trained = {model.prefix for model in facts.models}
    trained |= {prefix for model in facts.models for prefix in model.superseded}
    for handover in facts.handovers:
        run = runs.get(handover.prefix)
        if run is None:
            if not _unannounced(facts, retries):
                yield f"{handover.prefix} was published, and no run was started by it"
        elif handover.prefix not in trained and run.state != "deleted" and not _excused(facts, run, retries):
            yield f"{handover.prefix} was published, and run {run.id} has trained on something else or nothing"
    for run in facts.runs:
        published = run.tasks.get("publish")
        if published and published.state == "success" and not facts.handovers:
            yield f"run {run.id} of {run.dag} has published nothing"


def _unannounced(facts: Facts, retries: int) -> bool:
    """Whether the task that publishes was ended, by the schedule, before it could announce what it wrote."""
    writers = [run for run in facts.runs if "publish" in run.tasks and run.tasks["publish"].state != "success"]
    return any(run.state == "deleted" or _excused(facts, run, retries) for run in writers)
