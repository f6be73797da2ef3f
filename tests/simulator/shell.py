"""`crosswind.airflow.operators.job.RemoteJobOperator` and its trigger as a thin shell over the real logic.

A shell follows its operator line by line (named in each docstring), with Airflow's words replaced by the simulated
Airflow's. All decisions are the real classes'. The tasks themselves: `handing`, `tasks`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.jobs.failures import Failure, classify, classify_job
from crosswind.airflow.jobs.model import JobState, Look, RemoteJobs, Submission
from crosswind.airflow.jobs.submit import Started, SubmitOnce
from crosswind.airflow.owner import Owner
from crosswind.airflow.watch import Step, Watch, look_of
from crosswind.errors import CrosswindError, RunError, RunTimeoutError
from tests.simulator.process import Process
from tests.simulator.rows import Deferred, FailedTask, Success, TaskInstance
from tests.simulator.site import Company

__all__ = ["ERRORS", "QUIET", "JobTask", "Setup", "failed", "owner_of"]

QUIET = logging.getLogger("tests.simulator")
ERRORS = (BotoCoreError, ClientError, CrosswindError)
_CHECK = 30.0


@dataclass(frozen=True)
class Setup:
    """What a topology declares, as far as the tasks' way depends on it.

    Args:
        mover: `crr`, `copy` or `in-place`.
        repair: whether the sensor copies what S3 failed to replicate.
        queue: whether failure events are subscribed to.
        asynchronous: whether the function answers by a result object.
        take: `newest` or `all`.
    """

    mover: str = "crr"
    repair: bool = False
    queue: bool = True
    asynchronous: bool = True
    take: str = "newest"


def owner_of(ti: TaskInstance) -> Owner:
    """`crosswind.airflow.context.owner_of`."""
    return Owner(ti.run.dag, ti.run.id, ti.task.id, -1, ti.max_tries, int(ti.run.started))


class _JobError(RunError):
    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failure = failure


class JobTask:
    """`crosswind.airflow.operators.job.RemoteJobOperator` and its trigger."""

    id = ""
    upstream: tuple[str, ...] = ()
    seconds = 3600.0

    def __init__(self, company: Company, setup: Setup) -> None:
        self.company, self.setup = company, setup

    def jobs(self, ti: TaskInstance, process: Process) -> RemoteJobs:
        """The operator's `remote_jobs`."""
        raise NotImplementedError

    def finished(self, ti: TaskInstance, process: Process, submission: Submission, look: Look) -> dict[str, Any]:
        """The operator's `finished`."""
        return {"token": submission.attempt.token, "id": submission.id, **submission.details, **look.outcome}

    def execute(self, ti: TaskInstance, process: Process) -> Success | Deferred:
        ti.announced = owner_of(ti)
        return self._again(ti, process, {})

    def resume(self, ti: TaskInstance, process: Process, event: Any, error: str) -> Success | Deferred:
        call = _Call(self, ti, process)
        kind, kept = ti.waiting_for
        if error:
            call.begin()
            call.on_kill()
            raise FailedTask(f"the trigger: {error}")
        if kind == "again":
            return self._again(ti, process, kept)
        submission = call.submission = Submission.of(event["submission"])
        look = look_of(event)
        if kept and look and look.state is JobState.STOPPED:
            return self._again(ti, process, {})
        try:
            return call.end(submission, look, str(event["message"]))
        except ERRORS as caught:
            waits: dict[str, int] = {}
            paused = call.settle(_failure_of(caught), caught, waits)
            return paused or self._again(ti, process, waits)

    def on_kill(self, ti: TaskInstance, process: Process) -> None:
        if isinstance(ti.kept, _Call) and ti.kept.process is process:
            ti.kept.on_kill()

    def _again(self, ti: TaskInstance, process: Process, waits: Mapping[str, int]) -> Success | Deferred:
        call, waited = _Call(self, ti, process), dict(waits)
        while True:
            try:
                return call.run()
            except ERRORS as error:
                paused = call.settle(_failure_of(error), error, waited)
                if paused:
                    return paused


class _Call:
    """One life of the operator: what its attributes hold."""

    def __init__(self, task: JobTask, ti: TaskInstance, process: Process) -> None:
        self.task, self.ti, self.process = task, ti, process
        self.running: tuple[RemoteJobs, Owner] | None = None
        self.submission: Submission | None = None
        self.killed = False
        ti.kept = self

    def begin(self) -> tuple[RemoteJobs, Owner]:
        self.running = self.task.jobs(self.ti, self.process), owner_of(self.ti)
        return self.running

    def run(self) -> Success | Deferred:
        jobs, owner = self.begin()
        started = SubmitOnce(jobs, QUIET).start(owner)
        submission = self.submission = started.submission
        if self.killed:
            jobs.stop(submission)
            raise RunError("the task was ended while it submitted")
        if not started.look.state.live:
            return self.end(submission, started.look)
        return self.wait(jobs, started)

    def wait(self, jobs: RemoteJobs, started: Started) -> Deferred:
        stopping = started.adopted and started.look.reason == "stopping"
        submission, task, ti = started.submission, self.task, self.ti
        make = lambda process: _JobTrigger(task, ti, process, submission)  # noqa: E731 - a trigger's serialized form
        return Deferred(make, _CHECK, kept=("complete", stopping))

    def end(self, submission: Submission, look: Look | None, gave_up: str = "") -> Success:
        if look is None:
            self.begin()
            self.on_kill()
            raise RunTimeoutError(f"the wait has ended before the job ({gave_up})")
        if look.state is JobState.SUCCEEDED:
            return Success(self.task.finished(self.ti, self.process, submission, look))
        raise _JobError(f"{submission.id} has {look.state}: {look.reason}", classify_job(look))

    def settle(self, failure: Failure, error: Exception, waits: dict[str, int]) -> Deferred | None:
        done = waits.get(failure.kind, 0)
        if done < failure.attempts and not self.killed:
            waits[failure.kind] = done + 1
            seconds = failure.wait_seconds(done + 1)
            if seconds <= 0:
                return None
            return Deferred(lambda process: _Timer(), seconds, kept=("again", dict(waits)))
        raise FailedTask(f"{failure.kind}: {error}", retry=failure.retry) from error

    def on_kill(self) -> None:
        self.killed = True
        if self.running is None:
            return
        jobs, owner = self.running
        jobs.end()
        try:
            found = [self.submission] if self.submission else [job for job, look in jobs.find(owner) if look.state.live]
            for submission in found:
                jobs.stop(submission)
        except ERRORS:
            return


class _Timer:
    """Airflow's TimeDeltaTrigger."""

    job = ""

    def look(self) -> tuple[Any, float]:
        return {"due": True}, 0.0

    def on_kill(self) -> None:
        """It has nothing to stop."""


class _JobTrigger:
    """`crosswind.airflow.triggers.job.RemoteJobTrigger`."""

    def __init__(self, task: JobTask, ti: TaskInstance, process: Process, submission: Submission) -> None:
        self._submission = submission
        self.job = submission.id
        self._watch = Watch(
            submission,
            connect=lambda: task.jobs(ti, process),
            renew=_nothing,
            every=_CHECK,
            attempts=math.ceil(task.seconds / _CHECK),
            log=QUIET,
        )

    def look(self) -> tuple[Any, float]:
        step: Step = self._watch.step()
        return (step.event(self._submission), 0.0) if step.over else (None, step.pause)

    def on_kill(self) -> None:
        self._watch.stop()


def _failure_of(error: Exception) -> Failure:
    return error.failure if isinstance(error, _JobError) else classify(error)


def failed(error: Exception) -> FailedTask:
    """`crosswind.airflow.final.final_errors`."""
    return FailedTask(str(error), retry=classify(error).retry)


def _nothing() -> None:
    """The caller's next call has a new session."""
