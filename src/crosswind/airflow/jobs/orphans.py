"""Which of our live jobs no live task owns: decided from what was listed and what Airflow says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.owner import Owner
from crosswind.airflow.target import AwsTarget

__all__ = ["Found", "LiveState", "Orphan", "Survey", "live_state", "orphans_among"]

_ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}


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
        twin: why it is a second run of its attempt; empty when it is not.
        detached: whether its task does not wait for it: then it may outlive its task, though not a clear of it.
    """

    submission: Submission
    target: AwsTarget
    twin: str = ""
    detached: bool = False


@dataclass(frozen=True)
class Orphan:
    """A live job that no live task owns.

    Args:
        submission: which.
        target: where.
        why: how that is known.
        twin: whether it is a second run of its attempt, whatever its owner's state.
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


def live_state(owner: Owner, *, state: str | None, group: int | None) -> LiveState:
    """What a task instance, as Airflow has it, says of an owner.

    Args:
        owner: a job's.
        state: the task instance's state; None for one that waits to be scheduled (also after a clear).
        group: its `max_tries`; None when that is not known.
    """
    if state in _ENDED:
        return LiveState.ENDED
    return LiveState.SUPERSEDED if group is not None and group != owner.group else LiveState.LIVE


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
