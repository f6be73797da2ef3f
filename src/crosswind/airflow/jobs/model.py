"""What a remote job is to its task: submissions, what a look at one finds, and what every kind can do. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import AwsTarget
from crosswind.errors import RunError

__all__ = ["JobState", "Look", "RemoteJobs", "Submission", "Submitter"]


class JobState(StrEnum):
    """Where a job is. Live jobs are adopted, SUCCEEDED ones too; after the others a new one may be submitted."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"

    @property
    def live(self) -> bool:
        """Whether it goes on (waiting to start and stopping included)."""
        return self is JobState.RUNNING


@dataclass(frozen=True)
class Submission:
    """A job that was submitted, as its task and the trigger remember it.

    Args:
        kind: `glue`, `training`, `processing` or `lambda`.
        job: the declared thing that runs: the Glue job's or function's name; the job's own name for SageMaker.
        id: what AWS calls this run of it: the Glue run's id, SageMaker's job name, the token for Lambda.
        attempt: whose it is, and which of the group.
        details: what else the kind must remember, as text (the prefix written, the place of the result); `ended` when
            the job had ended by the time its submission was answered.
    """

    kind: str
    job: str
    id: str
    attempt: Attempt
    details: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The submission as plain data, for XCom and a trigger's arguments."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Submission:
        """The submission that `document()` gave."""
        attempt = document["attempt"]
        return cls(
            document["kind"],
            document["job"],
            document["id"],
            Attempt(Owner(**attempt["owner"]), attempt["ordinal"], attempt.get("fence", 1)),
            dict(document["details"]),
        )


@dataclass(frozen=True)
class Look:
    """What a look at a job found.

    Args:
        state: where it is.
        reason: why it failed, in the service's words; `stopping` for a live job that was asked to stop; else empty.
        outcome: what the task hands on when it succeeded (plain data: model artifact, metrics, answer).
    """

    state: JobState
    reason: str = ""
    outcome: Mapping[str, Any] = field(default_factory=dict)


class Submitter:
    """Who submits jobs, until it is told that its task was ended."""

    _ended = False

    def end(self) -> None:
        """Submit nothing any more; for the task's `on_kill`, which comes at any moment."""
        self._ended = True

    def require_wanted(self, attempt: Attempt) -> None:
        """Raise RunError when the task was ended: last of all before the job of an attempt is submitted."""
        if self._ended:
            raise RunError(
                f"the task was ended before it submitted the job of attempt {attempt.token}; nothing was submitted"
            )


class RemoteJobs(Protocol):
    """One kind of job at one target. Calls AWS; knows no Airflow. botocore's errors pass through untranslated."""

    kind: str

    @property
    def target(self) -> AwsTarget:
        """Where the jobs run."""

    def find(self, owner: Owner) -> Sequence[tuple[Submission, Look]]:
        """The jobs of an owner's attempt group, by ordinal."""

    def submit(self, attempt: Attempt) -> Submission:
        """Start the job of an attempt, or take over the one that a lost answer or another try has started.

        Two calls for one attempt give one job; for Glue but for the race that `crosswind.airflow.jobs.glue` states.
        """

    def end(self) -> None:
        """Submit nothing any more: the task was ended."""

    def look(self, submission: Submission) -> Look:
        """Where a job is; LOST when AWS knows none of it."""

    def stop(self, submission: Submission) -> None:
        """Ask AWS to stop it; one that has ended is left as it is. Safe to repeat."""

    def stale(self, owner: Owner) -> Sequence[Submission]:
        """Live jobs of earlier groups of the same task: those that a clear has left behind."""

    def log_lines(self, submission: Submission, position: Mapping[str, str]) -> tuple[list[str], Mapping[str, str]]:
        """The log lines since a position (empty for the beginning), and the position after them."""
