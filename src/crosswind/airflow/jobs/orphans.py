"""Which of our live jobs no live task owns: decided from what was listed and what Airflow says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.owner import Owner
from crosswind.airflow.target import AwsTarget

__all__ = [
    "Found",
    "LiveState",
    "Orphan",
    "Survey",
    "live_state",
    "orphans_among",
    "state_in",
    "states_in",
    "succeeded_by_later",
]

_ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}


Answer = Mapping[str, Mapping[str, str | None]]


class LiveState(StrEnum):
    """What Airflow says of a job's owner."""

    LIVE = "live"
    """Its task has not ended, and this is the task's attempt group: the job is adopted, if by a later try."""
    ENDED = "ended"
    """Its task has ended."""
    SUPERSEDED = "superseded"
    """Its task is live in another attempt group: it was cleared."""
    GONE = "gone"
    """Airflow knows no such task instance: its DAG run was deleted."""
    UNKNOWN = "unknown"
    """Airflow did not say. Never a reason to stop."""


_WHY: Mapping[LiveState, str] = {
    LiveState.ENDED: "its task has ended",
    LiveState.SUPERSEDED: "its task was cleared, and goes on without it",
    LiveState.GONE: "its DAG run is gone",
}


@dataclass(frozen=True)
class Found:
    """A live job of ours.

    Args:
        submission: which.
        target: where.
        twin: why it is a second job beside its task's own; empty when it is not.
        detached: whether its task does not wait for it: then it may outlive its task, though not a clear of it.
        tried: the try of its task that has submitted it; 0 when that is not known.
    """

    submission: Submission
    target: AwsTarget
    twin: str = ""
    detached: bool = False
    tried: int = 0


@dataclass(frozen=True)
class Orphan:
    """A live job that no live task owns.

    Args:
        submission: which.
        target: where.
        why: how that is known.
        twin: whether it is a second job beside its task's own, whatever its owner's state.
        detached: whether its task does not wait for it.
    """

    submission: Submission
    target: AwsTarget
    why: str
    twin: bool = False
    detached: bool = False

    @property
    def text(self) -> str:
        """The orphan in a line."""
        owner = self.submission.attempt.owner
        task = f"{owner.dag_id} {owner.run_id} {owner.task_id}"
        return f"{self.submission.kind} job {self.submission.id} in {self.target.text}, of {task}: {self.why}"

    def document(self) -> dict[str, Any]:
        """The orphan as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Survey:
    """What the reaper found.

    Args:
        orphans: to be stopped.
        kept: live jobs of ours that are owned, or whose owner's state is unknown.
        failures: what could not be listed: the target, and why.
    """

    orphans: tuple[Orphan, ...]
    kept: tuple[Found, ...]
    failures: tuple[tuple[AwsTarget, str], ...] = ()


def live_state(owner: Owner, *, state: str | None, group: int | None, since: int | None = None) -> LiveState:
    """What a task instance, as Airflow has it, says of an owner.

    Args:
        owner: a job's.
        state: the task instance's state; None for one that waits to be scheduled: after a clear, but also when the
            scheduler that had it died, and then its next try adopts the job.
        group: its `max_tries`; None when that is not known.
        since: when its DAG run started, in whole Unix seconds; None when that is not known.
    """
    if state in _ENDED:
        return LiveState.ENDED
    known = (owner.group if group is None else group, owner.since if since is None else since)
    return LiveState.LIVE if known == (owner.group, owner.since) else LiveState.SUPERSEDED


def states_in(answer: Answer, owner: Owner, announced: Owner | None = None) -> LiveState:
    """What the answer of the Task SDK's `get_task_states` says of an owner. Pure.

    It tells no `max_tries`; the tasks announce it themselves (`context.announce`). A task that has been cleared and not
    yet begun again counts as live: its next try stops the job of before (`RemoteJobs.stale`).

    Args:
        answer: state by task (`<task>_<map index>` when it is mapped) by run; a run that is gone is left out.
        owner: a job's.
        announced: whom the task has last said to be; None when it has said nothing.
    """
    if _key(owner) not in answer.get(owner.run_id, {}):
        return LiveState.GONE
    state = state_in(answer, owner)
    if announced is None:
        return live_state(owner, state=state, group=None)
    return live_state(owner, state=state, group=announced.group, since=announced.since)


def state_in(answer: Answer, owner: Owner) -> str | None:
    """The state of an owner's task in such an answer; None for none, or no such task. Pure."""
    return answer.get(owner.run_id, {}).get(_key(owner))


def _key(owner: Owner) -> str:
    return owner.task_id if owner.map_index < 0 else f"{owner.task_id}_{owner.map_index}"


def succeeded_by_later(found: Sequence[Found]) -> list[Found]:
    """What was found, those marked as twins beside which a later group of the same task has a job. Pure."""
    last: dict[str, Found] = {}
    for each in found:
        family = each.submission.attempt.owner.family
        last[family] = max(last.get(family, each), each, key=_age)
    return [_beside(each, last[each.submission.attempt.owner.family]) for each in found]


def _beside(each: Found, last: Found) -> Found:
    if each.twin or each.submission.attempt.owner == last.submission.attempt.owner:
        return each
    return replace(each, twin=f"its task has another job, {last.submission.id}, of a later group of tries")


def _age(each: Found) -> tuple[int, int, int]:
    return each.submission.attempt.owner.age(each.tried)


def orphans_among(found: Sequence[Found], states: Mapping[Owner, LiveState]) -> tuple[Orphan, ...]:
    """The jobs that no live task owns. Pure."""
    orphans = []
    for each in found:
        state = states[each.submission.attempt.owner]
        outlives = each.detached and state is LiveState.ENDED
        why = each.twin or ("" if outlives else _WHY.get(state, ""))
        if why:
            orphans.append(Orphan(each.submission, each.target, why, bool(each.twin), each.detached))
    return tuple(orphans)
