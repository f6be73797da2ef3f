"""The tasks of both DAGs as thin shells over the real logic: what `crosswind.airflow.operators` and `sensors` do.

A shell follows its operator line by line (named in each docstring), with Airflow's words replaced by the simulated
Airflow's. All decisions are the real classes'.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow import arrivals
from crosswind.airflow.arrivals import ArrivalStep, ArrivalWatch, Awaited, End
from crosswind.airflow.handover import lineage
from crosswind.airflow.handover.choose import choose
from crosswind.airflow.handover.model import Arrival
from crosswind.airflow.handover.movers import choice
from crosswind.airflow.handover.movers.copy import Copy
from crosswind.airflow.handover.movers.model import Mover
from crosswind.airflow.handover.publish import publish
from crosswind.airflow.handover.read import read
from crosswind.airflow.handover.verify import MismatchError, verify
from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.failures import Failure, classify, classify_job
from crosswind.airflow.jobs.glue import GlueJobs
from crosswind.airflow.jobs.lambda_ import LambdaJobs
from crosswind.airflow.jobs.model import JobState, Look, RemoteJobs, Submission
from crosswind.airflow.jobs.submit import Started, SubmitOnce
from crosswind.airflow.jobs.training import TrainingJobs
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import AwsTarget, Clients
from crosswind.airflow.watch import Step, Watch, look_of
from crosswind.errors import CrosswindError, InputError, RunError, RunTimeoutError
from tests.simulator.airflow import Deferred, FailedTask, Success, TaskInstance
from tests.simulator.process import Process
from tests.simulator.site import EAST, FUNCTION, GLUE_JOB, QUEUE, RAW, WEST, Company

__all__ = ["Arrive", "Clean", "Publish", "Setup", "TrainTask", "TransformTask", "dags", "staged"]

QUIET = logging.getLogger("tests.simulator")
_ERRORS = (BotoCoreError, ClientError, CrosswindError)
_CHECK = 30.0
_BUDGET = 3600.0


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
    return Owner(ti.run.dag, ti.run.id, ti.task.id, -1, ti.max_tries)


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
        except _ERRORS as caught:
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
            except _ERRORS as error:
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
        try:
            found = [self.submission] if self.submission else [job for job, look in jobs.find(owner) if look.state.live]
            for submission in found:
                jobs.stop(submission)
        except _ERRORS:
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


class TransformTask(JobTask):
    """The Glue operator."""

    id = "transform"

    def jobs(self, ti: TaskInstance, process: Process) -> GlueJobs:
        clients = self.company.clients(EAST, process)
        claims = Claims(clients, "claims-east", "_crosswind/claims/", holder=process.name, now=self.company.clock.date)

        def arguments(attempt: Attempt) -> dict[str, str]:
            version = clients.client("s3").head_object(Bucket="source", Key=RAW)["VersionId"]
            inputs = [{"bucket": "source", "key": RAW, "version_id": version}]
            return {"--prefix": _prefix(attempt), "--crosswind-inputs": json.dumps(inputs)}

        return GlueJobs(clients, GLUE_JOB, arguments, claims, details=lambda attempt: {"prefix": _prefix(attempt)})


class Publish:
    """`crosswind.airflow.operators.handover.PublishHandover`."""

    id = "publish"
    upstream = ("transform",)

    def __init__(self, company: Company, setup: Setup) -> None:
        self.company = company

    def execute(self, ti: TaskInstance, process: Process) -> Success:
        produced, clients = ti.run.tasks["transform"].value, self.company.clients(EAST, process)
        try:
            if produced is None:  # it was cleared meanwhile, and Airflow has removed its XCom
                raise InputError("produced is None")
            run = clients.client("glue").get_job_run(JobName=GLUE_JOB, RunId=produced["id"])["JobRun"]
            if run["JobRunState"] != "SUCCEEDED":
                raise InputError(f"Glue run {run['Id']} is {run['JobRunState']}")
            inputs = json.loads(run["Arguments"]["--crosswind-inputs"])
            producer = {"dag_id": ti.run.dag, "run_id": ti.run.id, "task_id": ti.task.id, "inputs": inputs}
            prefix = run["Arguments"]["--prefix"]
            _, reference = publish(clients, "source", prefix, producer, self.company.clock.date())
        except _ERRORS as error:
            raise _failed(error) from error
        return Success(reference.document(), event=reference.document())

    def resume(self, ti: TaskInstance, process: Process, event: Any, error: str) -> Success:
        raise AssertionError("it never waits")

    def on_kill(self, ti: TaskInstance, process: Process) -> None:
        """Nothing runs elsewhere."""


class Arrive:
    """`crosswind.airflow.sensors.arrival.ArrivalSensor` and its trigger."""

    id = "arrive"
    upstream: tuple[str, ...] = ()

    def __init__(self, company: Company, setup: Setup) -> None:
        self.company, self.setup = company, setup

    def execute(self, ti: TaskInstance, process: Process) -> Success | Deferred:
        date, setup = self.company.clock.date, self.setup
        events = [(date(time), extra) for time, extra in ti.run.events]
        try:
            found = choose(
                self.company.clients(EAST, process), "source", "transformed", events, ti.run.conf,
                before=date(ti.run.run_after),
            )  # fmt: skip
        except _ERRORS as error:
            raise _failed(error) from error
        awaited = Awaited(
            source=EAST,
            destination=EAST if setup.mover == "in-place" else WEST,
            bucket="source" if setup.mover == "in-place" else "destination",
            mover=setup.mover,
            repair=setup.repair,
            queue=QUEUE if setup.queue and setup.mover == "crr" else "",
            queue_target=EAST,
            references=found.references,
            superseded=found.superseded,
            deadline=date(self.company.clock.now + _BUDGET).isoformat(),
            every=60.0,
        )
        watch = self.watch(awaited, process)
        while (step := watch.step()).busy:
            continue
        if step.error is not None and not classify(step.error).retry:
            raise _failed(step.error)
        if step.end is not None:
            return self._ended(step)
        return Deferred(lambda process: _ArrivalTrigger(self.watch(awaited, process)), 0.1)

    def watch(self, awaited: Awaited, process: Process) -> ArrivalWatch:
        return ArrivalWatch(
            awaited,
            connect=lambda target: self.company.clients(target, process),
            renew=_nothing_of,
            log=QUIET,
            now=self.company.clock.date,
        )

    def resume(self, ti: TaskInstance, process: Process, event: Any, error: str) -> Success:
        if error:
            raise FailedTask(f"the trigger: {error}")
        return self._ended(ArrivalStep.of(event))

    def on_kill(self, ti: TaskInstance, process: Process) -> None:
        """Nothing runs elsewhere."""

    def _ended(self, step: ArrivalStep) -> Success:
        if step.end is not End.ARRIVED:
            raise FailedTask(f"{step.end}: {step.message}", retry=step.end is End.BLIND)
        return Success(step.arrivals[0].document())


class _ArrivalTrigger:
    job = ""

    def __init__(self, watch: ArrivalWatch) -> None:
        self._watch = watch

    def look(self) -> tuple[Any, float]:
        step = self._watch.step()
        return (None, step.pause) if step.end is None else (step.event(), 0.0)

    def on_kill(self) -> None:
        """Nothing runs elsewhere."""


class TrainTask(JobTask):
    """`crosswind.airflow.operators.sagemaker`: verifies, trains, verifies again, and writes the model's record."""

    id = "train"
    upstream = ("arrive",)

    def jobs(self, ti: TaskInstance, process: Process) -> TrainingJobs:
        arrival, clients = _arrival(ti), self.company.clients(_site(_arrival(ti)), process)

        def request(attempt: Attempt) -> dict[str, Any]:
            verify(clients, arrival)
            data = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{arrival.bucket}/{arrival.prefix}part-"}
            return {
                "RoleArn": "arn:aws:iam::222222222222:role/training",
                "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
                "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": data}}],
                "OutputDataConfig": {"S3OutputPath": "s3://models/models"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
                "Tags": lineage.tags(arrival),
            }

        return TrainingJobs(self.company.clients(WEST, process), request)

    def finished(self, ti: TaskInstance, process: Process, submission: Submission, look: Look) -> dict[str, Any]:
        arrival, west = _arrival(ti), self.company.clients(WEST, process)
        job = west.client("sagemaker").describe_training_job(TrainingJobName=submission.id)
        uri = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
        if not uri.startswith(f"s3://{arrival.bucket}/{arrival.prefix}"):
            raise MismatchError(f"{submission.id} read {uri}")
        verify(self.company.clients(_site(arrival), process), arrival)
        source = self.company.clients(EAST, process)
        lineage.put(west, arrival, read(source, arrival.reference), job, submission)
        return super().finished(ti, process, submission, look)


class Clean(JobTask):
    """The Lambda operator."""

    id = "clean"
    upstream = ("train",)

    def jobs(self, ti: TaskInstance, process: Process) -> LambdaJobs:
        clients, now, prefix = self.company.clients(WEST, process), self.company.clock.date, _arrival(ti).prefix
        claims = Claims(clients, "claims-west", "_crosswind/claims/", holder=process.name, now=now)
        results = ("claims-west", "results/") if self.setup.asynchronous else None
        return LambdaJobs(clients, FUNCTION, lambda _: {"prefix": prefix}, 60.0, claims, results, now=now)


def dags(company: Company, setup: Setup) -> dict[str, list[Any]]:
    """Both DAGs."""
    return {
        "process": [TransformTask(company, setup), Publish(company, setup)],
        "train": [Arrive(company, setup), TrainTask(company, setup), Clean(company, setup)],
    }


def _prefix(attempt: Attempt) -> str:
    return f"transformed/{attempt.folder}/"


def _arrival(ti: TaskInstance) -> Arrival:
    value = ti.run.tasks["arrive"].value
    if value is None:  # it was cleared meanwhile, and Airflow has removed its XCom
        raise FailedTask("no arrival", retry=False)
    return Arrival.of(value)


def _site(arrival: Arrival) -> AwsTarget:
    return EAST if arrival.bucket == "source" else WEST


def _failure_of(error: Exception) -> Failure:
    return error.failure if isinstance(error, _JobError) else classify(error)


def _failed(error: Exception) -> FailedTask:
    """`crosswind.airflow.final.final_errors`."""
    return FailedTask(str(error), retry=classify(error).retry)


def _nothing() -> None:
    """The caller's next call has a new session."""


def _nothing_of(target: AwsTarget) -> None:
    """As above."""


def _small_parts(name: str, source: Clients, destination: Clients, bucket: str) -> Mover:
    """Objects of a few bytes are copied in a few parts each, and by more than one call."""
    if name == "copy":
        return Copy(source, destination, bucket, threshold=40, part_size=32, requests=4)
    return choice.mover_of(name, source, destination, bucket)


@contextmanager
def staged() -> Iterator[None]:
    """Inside the block copies are resumable although the objects are small, and nothing is logged."""
    before, arrivals.mover_of = arrivals.mover_of, _small_parts
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        arrivals.mover_of = before
        logging.disable(level)
