"""What every operator of a remote job does: submit once, wait without a worker, stop what nobody waits for."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR
from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.compat import AirflowFailException
from crosswind.airflow.context import announce, owner_of
from crosswind.airflow.hooks.cross_account import TargetClients, forget
from crosswind.airflow.jobs.failures import Failure, classify, classify_job
from crosswind.airflow.jobs.model import JobState, Look, RemoteJobs, Submission
from crosswind.airflow.jobs.submit import Started, SubmitOnce
from crosswind.airflow.links import RemoteJobLink, RemoteJobLogLink, show_links
from crosswind.airflow.operators.placed import PlacedOperator
from crosswind.airflow.owner import Owner
from crosswind.airflow.triggers.job import RemoteJobTrigger
from crosswind.airflow.watch import Step, Watch, look_of
from crosswind.errors import CrosswindError, RunError, RunTimeoutError

__all__ = ["RemoteJobOperator"]

_CHECK_SECONDS = 30
_LONGEST_WAIT = 12 * 3600


class RemoteJobOperator(PlacedOperator):
    """Run a job in another account and Region, once for each attempt group of its task.

    A try of the task looks for the job that an earlier one has submitted, and goes on with it; only where there is
    none, or it failed, does it submit one. A cleared task stops the job that it had and submits a new one
    (`crosswind.airflow.owner`). The wait is the triggerer's; a job that nobody waits for any longer is stopped.

    Errors: one that nothing changes by itself (access, data) fails the task without another try, with the reason.
    Throttling and missing capacity are waited out, without a worker and without a retry of the task. Everything else
    is tried again as the task's `retries` say.

    Args:
        check_interval: seconds between two looks; by default `intervals.job_seconds`, else 30.
        max_attempts: how many looks; by default as many as outlast the job.
        deferrable: wait in the triggerer, default True.
        wait_for_completion: False ends the task when the job is submitted.
        kwargs: where it acts, as for PlacedOperator.
    """

    operator_extra_links = (RemoteJobLink(), RemoteJobLogLink())
    ui_color = "#cfe4f6"

    def __init__(
        self,
        *,
        check_interval: float | None = None,
        max_attempts: int | None = None,
        deferrable: bool = True,
        wait_for_completion: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.check_interval = check_interval or (self.names.intervals.job_seconds if self.names else _CHECK_SECONDS)
        self.max_attempts = max_attempts
        self.deferrable = deferrable
        self.wait_for_completion = wait_for_completion
        self._running: tuple[RemoteJobs, Owner] | None = None
        self._submission: Submission | None = None
        self._killed = False
        # How often each class of failure has been waited for, since the last try of the task began.
        self._waits: dict[str, int] = {}

    @abstractmethod
    def remote_jobs(self, clients: TargetClients, context: Any) -> RemoteJobs:
        """The operator's kind of job at its target; calls nothing of AWS."""

    def finished(self, context: Any, submission: Submission, look: Look) -> dict[str, Any]:
        """What the task hands on (XCom) of a job that succeeded, or that it does not wait for.

        May be called again for the same job: a try that dies in it is followed by one that adopts the job.
        """
        return {"token": submission.attempt.token, **submission.details, **look.outcome}

    def longest_seconds(self, clients: TargetClients) -> float:
        """How long the job may take, waiting for its start included; it ends by itself before."""
        return _LONGEST_WAIT

    def execute(self, context: Any) -> dict[str, Any]:
        """Find or submit the job, and wait for its end."""
        announce(context)
        while True:
            try:
                return self._run(context)
            except (BotoCoreError, ClientError, CrosswindError) as error:
                self._settle(context, error)

    def execute_again(self, context: Any, event: Any = None, waits: Mapping[str, int] | None = None) -> dict[str, Any]:
        """`execute`, after a wait for capacity or a throttled service.

        Args:
            context: Airflow's.
            event: the timer's.
            waits: how often each class of failure has been waited for.
        """
        self._waits = dict(waits or {})
        return self.execute(context)

    def execute_complete(
        self,
        context: Any,
        event: Mapping[str, Any] | None = None,
        stopping: bool = False,
        waits: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """The job has ended, or its wait has.

        Args:
            context: Airflow's.
            event: the trigger's.
            stopping: whether the job was being stopped when this try found it; then another is due.
            waits: as for `execute_again`.
        """
        if not event:
            raise RunError("the trigger came back without an event")
        self._waits = dict(waits or {})
        submission, look = Submission.of(event["submission"]), look_of(event)
        if stopping and look and look.state is JobState.STOPPED:
            return self.execute(context)
        self._submission = submission
        try:
            return self._end(context, submission, look, str(event["message"]))
        except (BotoCoreError, ClientError, CrosswindError) as error:
            self._settle(context, error)
        return self.execute(context)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Airflow's way back from the triggerer; when the trigger failed or timed out, the job is stopped first."""
        if next_method == TRIGGER_FAIL_REPR:
            self._stop_left(context)
        return super().resume_execution(next_method, next_kwargs, context)

    def on_kill(self) -> None:
        """Stop the job, or submit none. One that is being submitted is stopped when its submission is answered."""
        self._killed = True
        if self._running is None:
            return
        jobs, owner = self._running
        jobs.end()
        try:
            found = (
                [self._submission] if self._submission else [each for each, look in jobs.find(owner) if look.state.live]
            )
            for submission in found:
                self.log.info("Stopping %s job %s in %s.", submission.kind, submission.id, jobs.target.text)
                jobs.stop(submission)
        except (BotoCoreError, ClientError, CrosswindError) as error:
            # The task ends all the same; the reaper stops what is left.
            self.log.error("The job of %s could not be stopped: %s", owner.text, error)

    def _run(self, context: Any) -> dict[str, Any]:
        jobs, owner = self._begin(context)
        started = SubmitOnce(jobs, self.log).start(owner)
        submission = self._submission = started.submission
        if self._killed:
            jobs.stop(submission)
            raise RunError(f"the task was ended while it submitted {submission.kind} job {submission.id}")
        url = show_links(context["ti"], submission, jobs.target, self.site, self._log_group)
        self.log.info("%s job %s in %s: %s", submission.kind, submission.id, jobs.target.text, url)
        if not started.look.state.live:
            return self._end(context, submission, started.look)
        if not self.wait_for_completion:
            return self.finished(context, submission, started.look)
        return self._wait(context, jobs, started)

    def _begin(self, context: Any) -> tuple[RemoteJobs, Owner]:
        self._running = self.remote_jobs(self.clients(context), context), owner_of(context)
        return self._running

    def _wait(self, context: Any, jobs: RemoteJobs, started: Started) -> dict[str, Any]:
        stopping = started.adopted and started.look.reason == "stopping"
        attempts = self.max_attempts or math.ceil(self.longest_seconds(self.clients(context)) / self.check_interval)
        if self.deferrable:
            self.defer(
                trigger=RemoteJobTrigger(
                    target=jobs.target.document(),
                    submission=started.submission.document(),
                    check_interval=self.check_interval,
                    max_attempts=int(attempts),
                    log_group=self._log_group,
                    timeout_seconds=self.job.timeout_seconds if self.job else 0,
                    verify=self.verify,
                    botocore_config=self.botocore_config,
                ),
                method_name="execute_complete",
                kwargs={"stopping": stopping, "waits": self._waits},
                timeout=self.execution_timeout,
            )
        step = self._watched(context, jobs, started.submission, int(attempts))
        if stopping and step.look and step.look.state is JobState.STOPPED:
            return self._run(context)
        return self._end(context, started.submission, step.look, step.gave_up)

    def _watched(self, context: Any, jobs: RemoteJobs, submission: Submission, attempts: int) -> Step:
        """Wait on the worker."""
        watch = Watch(
            submission,
            connect=lambda: self.remote_jobs(self.clients(context), context),
            renew=lambda: forget(jobs.target),
            every=self.check_interval,
            attempts=attempts,
            log=self.log,
        )
        while not (step := watch.step()).over:
            time.sleep(step.pause)
        return step

    def _end(self, context: Any, submission: Submission, look: Look | None, gave_up: str = "") -> dict[str, Any]:
        where = f"{submission.kind} job {submission.id} in {self.target(context).text}"
        if look is None:
            self._given_up(context, where, gave_up)
        if look.state is JobState.SUCCEEDED:
            done = self.finished(context, submission, look)
            self.log.info("%s has succeeded.", where)
            return done
        raise _JobError(
            f"{where} has {look.state}: {look.reason or 'no reason is given'}", classify_job(look), submission
        )

    def _given_up(self, context: Any, where: str, why: str) -> NoReturn:
        self._stop_left(context)
        raise RunTimeoutError(
            f"the wait for {where} has ended before it ({why}); it was asked to stop",
            hint="raise max_attempts, or lower the job's own time-out",
        )

    def _stop_left(self, context: Any) -> None:
        """Stop what this task has running, on a worker that has not started it."""
        try:
            self._begin(context)
        except (BotoCoreError, ClientError, CrosswindError) as error:
            self.log.error("The job could not be stopped, the reaper will: %s", error)
            return
        self.on_kill()

    def _settle(self, context: Any, error: Exception) -> None:
        """Wait and come back, or raise what is left to raise."""
        failure = error.failure if isinstance(error, _JobError) else classify(error)
        done = self._waits.get(failure.kind, 0)
        if done < failure.attempts and not self._killed:
            self._waits[str(failure.kind)] = done + 1
            if failure.refresh:
                forget(self.target(context))
            self._pause(failure, failure.wait_seconds(done + 1))
            return
        if failure.retry:
            raise error
        if not isinstance(error, _JobError):
            self.on_kill()  # no other try comes to look after it
        raise AirflowFailException(f"{failure.kind}, so no other try is made: {failure.message}") from error

    def _pause(self, failure: Failure, seconds: float) -> None:
        attempt = f"{self._waits[failure.kind]} of {failure.attempts}"
        self.log.warning("%s (%s): again in %.0f s. %s", failure.kind, attempt, seconds, failure.message)
        if seconds <= 0:
            return
        if self.deferrable:
            trigger = TimeDeltaTrigger(timedelta(seconds=seconds))
            self.defer(trigger=trigger, method_name="execute_again", kwargs={"waits": self._waits})
        time.sleep(seconds)

    @property
    def _log_group(self) -> str:
        return self.job.log_group if self.job else ""


class _JobError(RunError):
    """A job has ended without success.

    Args:
        failure: what that means for the task.
        submission: the job.
    """

    def __init__(self, message: str, failure: Failure, submission: Submission) -> None:
        super().__init__(message, hint="its own lines are above in this log, and behind the button Remote job's log")
        self.failure = failure
        self.submission = submission
