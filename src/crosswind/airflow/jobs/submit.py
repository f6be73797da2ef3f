"""Submit once: an attempt group has one job at a time, however often its task dies and is tried again."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from crosswind.airflow.jobs.model import JobState, Look, RemoteJobs, Submission
from crosswind.airflow.owner import Attempt, Owner

__all__ = ["Started", "SubmitOnce"]


@dataclass(frozen=True)
class Started:
    """The job that a task goes on with.

    Args:
        submission: which.
        look: where it was when it was found; RUNNING for one just submitted.
        adopted: whether an earlier try of the same attempt group had submitted it.
    """

    submission: Submission
    look: Look
    adopted: bool


class SubmitOnce:
    """Look for the attempt group's job, adopt it, else submit the next.

    - live or SUCCEEDED: adopted;
    - FAILED, STOPPED or LOST: the next ordinal is submitted;
    - none: the first is.

    A job that is stopping counts as live, for two must not run at once: it is adopted, its look says `stopping`, and
    it will end STOPPED. Then call `start` again.

    Args:
        jobs: one kind of job at one target.
        log: where to say what happened.
    """

    def __init__(self, jobs: RemoteJobs, log: logging.Logger | None = None) -> None:
        self._jobs = jobs
        self._log = log or logging.getLogger(__name__)

    def start(self, owner: Owner) -> Started:
        """The owner's job, found or submitted; what earlier groups of the task left behind is stopped first."""
        for left in self._jobs.stale(owner):
            self._jobs.stop(left)
            self._tell("stopped, since its task was cleared:", left)
        found = self.find(owner)
        if found and (found[1].state.live or found[1].state is JobState.SUCCEEDED):
            submission, look = found
            self._tell(f"adopted ({look.reason or look.state}):", submission)
            return Started(submission, look, adopted=True)
        ordinal = 1
        if found:
            submission, look = found
            self._tell(f"is {look.state}{f' ({look.reason})' if look.reason else ''}, going on after", submission)
            ordinal = submission.attempt.ordinal + 1
        submission = self._jobs.submit(Attempt(owner, ordinal))
        self._tell("submitted:", submission)
        # A synchronous function has ended by now, and looking costs no call.
        look = self._jobs.look(submission) if "ended" in submission.details else Look(JobState.RUNNING)
        return Started(submission, look, adopted=False)

    def find(self, owner: Owner) -> tuple[Submission, Look] | None:
        """The last job of an owner's attempt group; None before the first."""
        found = self._jobs.find(owner)
        return found[-1] if found else None

    def _tell(self, what: str, job: Submission) -> None:
        where = self._jobs.target.text
        self._log.info("%s job %s %s, attempt %s, in %s.", job.kind, what, job.id, job.attempt.token, where)
