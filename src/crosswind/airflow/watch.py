"""The wait for a remote job: looks, new log lines, what a failed look means. Knows no Airflow, and never sleeps.

Triggerer and worker wait alike: each takes a step, pauses as long as the step says, and takes the next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.failures import FailureClass, classify
from crosswind.airflow.jobs.glue import GlueJobs
from crosswind.airflow.jobs.lambda_ import LambdaJobs
from crosswind.airflow.jobs.model import JobState, Look, RemoteJobs, Submission
from crosswind.airflow.jobs.processing import ProcessingJobs
from crosswind.airflow.jobs.training import TrainingJobs
from crosswind.airflow.owner import Attempt
from crosswind.airflow.target import Clients
from crosswind.errors import CrosswindError, InputError

__all__ = ["EXPIRED", "FAILED_LOOKS", "Step", "Watch", "look_of", "watched"]

FAILED_LOOKS = 10
"""So many looks in a row may fail before a wait is given up."""

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
"""What services say of credentials that ended before they were renewed."""

_GLUE_LOG_GROUP = "/aws-glue/jobs"
_LONGEST_PAUSE = 600.0
_GROWTH = 2.0
_LOG_DELAY = 5.0  # seconds: CloudWatch shows a line some time after it was written
_LAST_READS = 2


@dataclass(frozen=True)
class Step:
    """What a step found.

    Args:
        look: the job's end; None while it goes on.
        gave_up: why the wait ended before the job did; empty otherwise.
        pause: seconds until the next step; 0 when there is none.
    """

    look: Look | None = None
    gave_up: str = ""
    pause: float = 0.0

    @property
    def over(self) -> bool:
        """Whether the wait has ended."""
        return self.look is not None or bool(self.gave_up)

    def event(self, submission: Submission) -> dict[str, Any]:
        """The end of the wait as plain data, for a trigger's event."""
        look = asdict(self.look) if self.look else None
        if look:
            look["state"] = str(look["state"])
        status = "ended" if look else "gave-up"
        return {"status": status, "submission": submission.document(), "look": look, "message": self.gave_up}


def look_of(event: Mapping[str, Any]) -> Look | None:
    """The look in an event; None when the wait was given up."""
    found = event.get("look")
    return Look(JobState(found["state"]), found["reason"], found["outcome"]) if found else None


def watched(clients: Clients, submission: Submission, log_group: str = "", timeout_seconds: float = 0) -> RemoteJobs:
    """The means to look at a job, to stop it and to read its log; it submits none.

    Args:
        clients: of the target where the job runs.
        submission: the job.
        log_group: its log group, when it is not the service's own.
        timeout_seconds: of a function.

    Raises:
        InputError: a kind of job that is not known.
    """
    match submission.kind:
        case "glue":
            group = log_group or _GLUE_LOG_GROUP
            return GlueJobs(clients, submission.job, _submits_none, Claims(clients, "", ""), log_group=group)
        case "training":
            return TrainingJobs(clients)
        case "processing":
            return ProcessingJobs(clients)
        case "lambda":
            bucket = submission.details.get("bucket", "")
            results = (bucket, "") if bucket else None
            claims = Claims(clients, bucket, "")
            return LambdaJobs(
                clients, submission.job, _submits_none, timeout_seconds, claims, results, log_group=log_group
            )
    raise InputError(f"no kind of job: {submission.kind!r}; there are glue, training, processing, lambda")


class Watch:
    """One job, from its submission to its end.

    A single failed look (a network's hiccup, a policy on its way) is no reason to give a paid job up; FAILED_LOOKS in
    a row are. Throttled looks are never counted: the pause grows instead. Expired credentials are replaced. When the
    job has ended its log is read once more some seconds later, and if there was more, again: its last lines say why.

    Args:
        submission: the job.
        connect: makes the means to look at it; called at the first step, and again after `renew`.
        renew: drops credentials that have expired.
        every: seconds between two looks.
        attempts: how many looks at most, failed and throttled ones included.
        log: where the job's own lines and failed looks are written.
    """

    def __init__(
        self,
        submission: Submission,
        *,
        connect: Callable[[], RemoteJobs],
        renew: Callable[[], None],
        every: float,
        attempts: int,
        log: logging.Logger,
    ) -> None:
        self._submission = submission
        self._connect = connect
        self._renew = renew
        self._every = every
        self._attempts = attempts
        self._log = log
        self._jobs: RemoteJobs | None = None
        self._position: Mapping[str, str] = {}
        self._looks = 0
        self._failed = 0
        self._pause = every
        self._end: Look | None = None
        self._last_reads = 0

    def step(self) -> Step:
        """Look once; blocks as long as the calls take, never raises what a service or a network answered."""
        if self._end is not None and self._jobs is not None:
            return self._read_last(self._jobs, self._end)
        self._looks += 1
        try:
            if self._jobs is None:
                self._jobs = self._connect()
            look = self._jobs.look(self._submission)
        except (BotoCoreError, ClientError, CrosswindError) as error:
            return self._after(error)
        self._failed = 0
        self._pause = self._every
        self._show_lines(self._jobs)
        if look.state.live:
            return self._next()
        self._end = look
        return Step(pause=min(self._every, _LOG_DELAY))

    def stop(self) -> None:
        """Ask for the job's end."""
        (self._jobs or self._connect()).stop(self._submission)

    def _read_last(self, jobs: RemoteJobs, end: Look) -> Step:
        self._last_reads += 1
        if self._show_lines(jobs) and self._last_reads < _LAST_READS:
            return Step(pause=min(self._every, _LOG_DELAY))
        return Step(look=end)

    def _after(self, error: Exception) -> Step:
        failure = classify(error)
        if failure.refresh:
            self._renew()
            self._jobs = None
        if failure.kind is FailureClass.THROTTLED:
            self._pause = min(max(self._pause, 1.0) * _GROWTH, max(self._every, _LONGEST_PAUSE))
            self._log.warning("Throttled; the next look is in %.0f s: %s", self._pause, error)
            return self._next()
        self._failed += 1
        self._log.warning("Look %d at %s failed: %s", self._looks, self._submission.id, error)
        if self._failed >= FAILED_LOOKS:
            return Step(gave_up=f"{self._failed} looks in a row failed, the last with: {error}")
        return self._next()

    def _next(self) -> Step:
        if self._looks >= self._attempts:
            return Step(gave_up=f"gave up after {self._looks} looks")
        return Step(pause=self._pause)

    def _show_lines(self, jobs: RemoteJobs) -> bool:
        """Write the new lines; whether there were any."""
        try:
            lines, self._position = jobs.log_lines(self._submission, self._position)
        except (BotoCoreError, ClientError, CrosswindError) as error:
            # No log is a reason to give a job up, and the next look asks again.
            self._log.warning("No log of %s to show: %s", self._submission.id, error)
            return False
        for line in lines:
            self._log.info("%s", line.rstrip())
        return bool(lines)


def _submits_none(attempt: Attempt) -> Mapping[str, str]:
    raise InputError(f"these jobs are only looked at: nothing submits attempt {attempt.token}")
