"""What must hold in every schedule, checked on facts: what jobs read, when they lived, what Airflow has on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crosswind.airflow.jobs.claims import LEASE_SECONDS
from crosswind.airflow.owner import Owner
from tests.simulator.aws import Run
from tests.simulator.aws.functions import Invocation

if TYPE_CHECKING:
    from tests.simulator.rows import TaskInstance
    from tests.simulator.world import World

# A function that may run for 60 s counts as lost after its time-out, a minute in the queue and a minute's margin.
_FUNCTION_LOST = 180.0

__all__ = ["Invariant", "Report", "check", "check_model", "handover_of", "orphans"]


class Invariant(StrEnum):
    """The invariants."""

    VERSIONS = "no model from any version but its handover's"
    TWO_LIVE = "no two live jobs for one attempt group"
    ORPHAN = "no orphan beyond one reap interval"
    LOST = "nothing lost: each handover is consumed or superseded"
    FINISHES = "every schedule that can finish does"
    KILLED = "a kill that goes through stops the job"
    RERUN = "a clear gives a new job"


@dataclass
class Report:
    """What came of a schedule.

    Args:
        seed: its seed.
        violations: (invariant, what happened).
        counts: of what is counted and no violation: the stated Glue race, events that Airflow lost, and what went on.
        applied: the faults and deeds that happened, in order.
        calls: to AWS and Airflow.
    """

    seed: int
    violations: list[tuple[Invariant, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)
    calls: int = 0

    def add(self, invariant: Invariant, text: str) -> None:
        """A violation."""
        self.violations.append((invariant, text))

    def count(self, what: str, more: int = 1) -> None:
        """Something that is counted."""
        self.counts[what] = self.counts.get(what, 0) + more

    @property
    def broken(self) -> set[Invariant]:
        """The invariants that were violated."""
        return {invariant for invariant, _ in self.violations}


def orphans(world: World) -> set[str]:
    """The ids of live jobs, not yet asked to stop, that no live task owns."""
    return {run.id for run, owner in _jobs(world) if run.state in {"starting", "running"} and not world.owned(owner)}


def check(world: World) -> None:
    """Check what can be checked at the end."""
    _two_live(world)
    _lost(world)
    _finishes(world)


def _jobs(world: World) -> Iterator[tuple[Run, Owner]]:
    for run in world.company.glue.runs:
        yield run, Owner.of(run.request["Arguments"]["--crosswind-owner"])
    for run in world.company.sagemaker.training.values():
        yield run, world.owner_of_training(run)


def check_model(world: World, ti: TaskInstance) -> None:
    """A training task has succeeded: its model is of exactly the run's handover."""
    world.report.count("models")
    read, expected = world.company.sagemaker.training[ti.value["id"]].notes.get("read"), world.expected(ti)
    if expected is not None and read != expected:
        world.report.add(Invariant.VERSIONS, f"{ti.key} trained on {read}, its handover is {expected}")
    newest, taken = world.newest(ti.run), world.taken(ti.run)
    if newest is not None and taken != newest:
        world.report.add(Invariant.VERSIONS, f"{ti.key} took {taken}, its newest was {newest}")


def _two_live(world: World) -> None:
    _functions(world)
    groups: dict[tuple[str, Owner], list[Run]] = {}
    for run, owner in _jobs(world):
        groups.setdefault((type(run.script).__name__, owner), []).append(run)
    for (kind, owner), runs in groups.items():
        for number, first in enumerate(runs):
            for second in runs[number + 1 :]:
                end = first.ended if first.ended is not None else float("inf")
                if second.created < end:
                    text = f"{kind} {first.id} ({first.created:.0f}-{end:.0f}) and {second.id} ({second.created:.0f})"
                    _twins(world, kind, owner, text)


def _functions(world: World) -> None:
    """Executions of a function for one owner, two at a time: as for jobs, but for what `jobs.lambda_` states.

    Called synchronously, it may be called again when its answer was lost. Called asynchronously, a submitter that
    pauses before its call until the job counts as lost makes a second one.
    """
    by_owner: dict[str, list[Invocation]] = {}
    for each in world.company.functions.executions:
        by_owner.setdefault(each.payload["crosswind"]["owner"], []).append(each)
    for text, executions in by_owner.items():
        for first, second in pairwise(executions):
            if first.ended is None or second.began < first.ended:
                said = f"the function for {text} at {first.began:.0f} s and {second.began:.0f} s"
                stated = not world.schedule.setup.asynchronous or _paused(
                    world, Owner.of(text), "invoke", _FUNCTION_LOST
                )
                _two(world, said, "function races" if stated else "")


def _twins(world: World, kind: str, owner: Owner, text: str) -> None:
    """Two live jobs. What `jobs.glue` states takes a submitter that pauses for longer than the lease, then starts."""
    stated = kind == "Transform" and _paused(world, owner, "start_job_run", LEASE_SECONDS)
    _two(world, text, "Glue races" if stated else "")


def _two(world: World, text: str, race: str) -> None:
    """A violation, unless it is a race that the docs state, which is counted."""
    if race and world.stated:
        world.report.count(f"{race} (stated)")
    else:
        world.report.add(Invariant.TWO_LIVE, text)


def _paused(world: World, owner: Owner, operation: str, seconds: float) -> bool:
    """Whether a process of the owner's task was paused for so long right before an operation."""
    task = f"{owner.dag_id}/{owner.run_id}/{owner.task_id}/"
    return any(
        name.startswith(task) and before == operation and lasted > seconds
        for name, before, lasted in world.airflow.pauses
    )


def _lost(world: World) -> None:
    airflow = world.airflow
    seen = set(world.consumed)
    for run in airflow.runs.values():
        if run.deleted or not world.can_finish(run):
            seen.update(extra["prefix"] for _, extra in run.events)
    for number, (time, extra) in enumerate(airflow.asset_events):
        if extra["prefix"] in seen:
            continue
        if number not in airflow.delivered:
            world.report.count("events that Airflow gives to no run")
        else:
            world.report.add(Invariant.LOST, f"{extra['prefix']}, published at {time:.0f} s")


def _finishes(world: World) -> None:
    for run in world.airflow.runs.values():
        if run.deleted or run.state == "success":
            continue
        states = {task: (ti.state, ti.tries, ti.error) for task, ti in run.tasks.items()}
        if any(ti.state == "failed" and ti.error == "the process is gone" for ti in run.tasks.values()):
            world.report.count("runs whose last try was killed")  # no retry was left when the faults stopped
        elif world.can_finish(run):
            world.report.add(Invariant.FINISHES, f"{run.dag}/{run.id} ends as {run.state}: {states}")
        else:
            world.report.count("runs that cannot finish")


def handover_of(body: bytes) -> set[tuple[str, str]]:
    """Key and version of each object of a handover."""
    document: dict[str, Any] = json.loads(body)
    return {(each["key"], each["version_id"]) for each in document["versions"]}
