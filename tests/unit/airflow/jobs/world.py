"""What the tests of this folder share: a simulated AWS with each kind of job, and processes that stop and go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from crosswind.airflow.jobs.claims import ClaimHeldError, Claims
from crosswind.airflow.jobs.glue import GlueJobs
from crosswind.airflow.jobs.lambda_ import LambdaJobs
from crosswind.airflow.jobs.model import RemoteJobs
from crosswind.airflow.jobs.processing import ProcessingJobs
from crosswind.airflow.jobs.submit import Started, SubmitOnce
from crosswind.airflow.jobs.training import TrainingJobs
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import AwsTarget
from tests.simulator.aws import Aws, AwsClients, Blow, Caller, Course, Crash, Run, Script, Way

KINDS = ("training", "processing", "glue", "lambda")
ACCOUNT, REGION, BUCKET, CLAIMS = "222222222222", "us-west-2", "source-bucket", "_crosswind/claims/"
TARGET = AwsTarget(ACCOUNT, REGION, "aws_ml", "dag", "run", "ml")


class Fixed(Script):
    """Jobs that all go one way."""

    def __init__(self, **way: Any) -> None:
        self.way = Course(**way)

    def course(self, run: Run) -> Course:
        return self.way


def owner(
    *,
    task_id: str = "train",
    run_id: str = "manual__2026-01-05T00:00:00+00:00",
    group: int = 2,
    since: int = 1_767_571_200,
) -> Owner:
    return Owner("cross_account_dag", run_id, task_id, -1, group, since)


def request(attempt: Attempt) -> dict[str, Any]:
    return {
        "TrainingJobName": attempt.name,
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/training",
        "OutputDataConfig": {"S3OutputPath": "s3://models/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def processing_request(attempt: Attempt) -> dict[str, Any]:
    outputs = [{"OutputName": "clean", "S3Output": {"S3Uri": "s3://models/clean/", "S3UploadMode": "EndOfJob"}}]
    return {
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "x", "VolumeSizeInGB": 5}},
        "AppSpecification": {"ImageUri": "image"},
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/processing",
        "ProcessingOutputConfig": {"Outputs": outputs},
    }


def arguments(attempt: Attempt) -> dict[str, str]:
    return {"--prefix": f"transformed/{attempt.folder}/"}


@dataclass
class World:
    """A simulated account and Region with a Glue job `etl`, a function `clean` and a bucket."""

    aws: Aws = field(default_factory=Aws)
    concurrent: int = 5
    seconds: float = 10_000.0

    def __post_init__(self) -> None:
        self.aws.s3.create(BUCKET, ACCOUNT, REGION)
        self.glue.jobs["etl"] = self.concurrent
        self.goes(runs=self.seconds)
        self.functions.code["clean"] = self._clean
        self.functions.retries = 0

    @property
    def glue(self) -> Any:
        return self.aws.glue(ACCOUNT, REGION)

    @property
    def sagemaker(self) -> Any:
        return self.aws.sagemaker(ACCOUNT, REGION)

    @property
    def functions(self) -> Any:
        return self.aws.functions(ACCOUNT, REGION)

    @property
    def logs(self) -> dict[tuple[str, str], list[str]]:
        streams: dict[tuple[str, str], list[str]] = self.aws.logs(ACCOUNT, REGION).streams
        return streams

    def goes(self, **way: Any) -> None:
        """How every job goes from now on."""
        self.glue.script = self.sagemaker.script = self.sagemaker.processing = Fixed(**way)

    def clients(self, caller: Caller | None = None) -> AwsClients:
        return self.aws.clients(TARGET, caller)

    def claims(self, clients: AwsClients, **more: Any) -> Claims:
        return Claims(clients, BUCKET, CLAIMS, now=self.aws.clock.date, **more)

    def jobs(self, kind: str, caller: Caller | None = None, **more: Any) -> RemoteJobs:
        """The jobs of a kind, as a process of its own sees them."""
        clients = self.clients(caller)
        match kind:
            case "training":
                return TrainingJobs(clients, request, **more)
            case "processing":
                return ProcessingJobs(clients, processing_request, **more)
            case "glue":
                return GlueJobs(clients, "etl", arguments, self.claims(clients), **more)
        now = self.aws.clock.date
        places = {"claims": self.claims(clients), "results": (BUCKET, "results/")}
        return LambdaJobs(clients, "clean", lambda _: {"keys": ["a"]}, 60, **{**places, **more}, now=now)

    def live(self, kind: str) -> list[str]:
        """The ids of the jobs of a kind that go on."""
        match kind:
            case "training":
                return [run.id for run in self.sagemaker.training.values() if run.live]
            case "processing":
                return [run.id for run in self.sagemaker.processed.values() if run.live]
            case "glue":
                return [run.id for run in self.glue.runs if run.live]
        return [each.request for each in self.functions.executions if each.live]

    def _clean(self, payload: Mapping[str, Any]) -> Any:
        place = payload["crosswind"].get("result")
        if place:
            self.aws.s3.write(self.aws.s3.buckets[place["bucket"]], place["key"], b'{"deleted": 1}')
        return {"deleted": 1}


class Blown:
    """A caller whose call number `at` (from 0) meets a blow."""

    def __init__(self, at: int, blow: Blow) -> None:
        self.left, self.blow, self.met = at, blow, False

    def enter(self, service: str, operation: str) -> Blow | None:
        self.left -= 1
        if self.left != -1:
            return None
        self.met = True
        return self.blow

    def leave(self, blow: Blow | None) -> None:
        if blow is Blow.CRASH_AFTER:
            raise Crash


def until_started(world: World, kind: str, of: Owner, caller: Caller | None = None, tries: int = 20) -> Started:
    """A task and its retries: each try is a new process; between two, time passes."""
    for _ in range(tries):
        try:
            started = SubmitOnce(world.jobs(kind, caller)).start(of)
        except (Crash, ClaimHeldError, ClientError, ReadTimeoutError, ConnectionClosedError):
            world.aws.clock.advance(60)
            continue
        return started
    raise AssertionError(f"no job after {tries} tries")


class Process:
    """Work in a thread that stands still before each call, until it is let go on. A caller."""

    def __init__(self, work: Callable[[Process], Any]) -> None:
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        self._free = False
        self.over = False
        self.outcome: Any = None
        self.calls: list[str] = []
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()
        self._stands.acquire()

    def step(self) -> None:
        """Let it make its next call."""
        if not self.over:
            self._go.release()
            self._stands.acquire()

    def until(self, *calls: str) -> None:
        """Let it go on until it stands before the last of these calls, having just made the others."""
        while tuple(self.calls[-len(calls) :]) != calls:
            if self.over:
                raise AssertionError(f"it has ended, and its calls were {self.calls}")
            self.step()

    def finish(self) -> Any:
        """Let it go on to its end, and give what came of it; raises what ended it."""
        while not self.over:
            self.step()
        self._thread.join()
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def enter(self, service: str, operation: str) -> Blow | None:
        self.calls.append(operation)
        self._stands.release()
        self._go.acquire()
        return None

    def leave(self, blow: Blow | None) -> None:
        return None

    def _run(self, work: Callable[[Process], Any]) -> None:
        try:
            self.outcome = work(self)
        except BaseException as error:  # noqa: BLE001 - handed on by finish
            self.outcome = error
        self.over = True
        self._stands.release()


__all__ = [
    "ACCOUNT", "BUCKET", "CLAIMS", "KINDS", "REGION", "TARGET", "Blown", "Fixed", "Process", "World", "Way", "owner",
    "until_started",
]  # fmt: skip
