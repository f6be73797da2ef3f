"""One company in two worlds: the simulated AWS, and the local world's edge with engines that end jobs when told to."""

from __future__ import annotations

import io
import itertools
import json
import threading
import time
import zipfile
from collections.abc import Callable
from typing import Any

from crosswind.airflow.target import AwsTarget
from crosswind.local.edge.call import Credentials
from crosswind.local.engines import (
    GlueDefinitions,
    GlueService,
    LambdaService,
    ProcessingService,
    SageMakerService,
    SageMakerTags,
)
from crosswind.local.engines.glue import GlueJob, GlueOutcome
from crosswind.local.engines.lambda_ import LambdaOutcome
from crosswind.local.engines.processing import ProcessingJob, ProcessingOutcome
from crosswind.local.engines.sagemaker import TrainingJob, TrainingOutcome
from tests.local.conftest import LiveEdge
from tests.simulator.aws import Aws, Course, Fate, Replica, Run, Script, failure_event

EAST, WEST = "us-east-1", "us-west-2"
_ACCOUNTS = itertools.count(520_000_000_001)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


class FakePlace:
    """The simulated AWS."""

    def __init__(self) -> None:
        self.account = str(next(_ACCOUNTS))
        self.aws = Aws()
        self._script = _Told()
        self.failing = False

    def client(self, service: str, region: str = EAST) -> Any:
        return self.aws.clients(AwsTarget(self.account, region, "c")).client(service)

    def bucket(self, name: str, region: str = EAST) -> str:
        self.aws.s3.create(f"{name}-{self.account}", self.account, region)
        return f"{name}-{self.account}"

    def replicate(self, source: str, destination: str, folder: str, queue: str = "") -> None:
        here, there = self.aws.s3.buckets[source], self.aws.s3.buckets[destination]
        here.replicate_to, here.folder = there, folder
        here.script = lambda _: Replica(Fate.FAILS if self.failing else Fate.ARRIVES, 1.0)
        if queue:
            here.failed = lambda bucket, stored: self.aws.queues.push(queue, failure_event(bucket, there, stored))

    def queue(self, name: str) -> str:
        url = f"https://sqs.{EAST}.amazonaws.com/{self.account}/{name}"
        self.aws.queues.create(url)
        return url

    def fail_replicas(self, destination: str) -> None:
        self.failing = True

    def replicated(self) -> None:
        self.aws.clock.advance(10)

    def glue_job(self, name: str, concurrent: int) -> None:
        glue = self.aws.glue(self.account, EAST)
        glue.jobs[name], glue.script = concurrent, self._script

    def trains(self) -> None:
        sagemaker = self.aws.sagemaker(self.account, WEST)
        sagemaker.script = sagemaker.processing = self._script

    def function(self, name: str, code: Callable[[Any], Any]) -> None:
        self.aws.functions(self.account, WEST).code[name] = code

    def run(self) -> None:
        """Jobs that have been started are running."""
        self.aws.clock.advance(10)

    def end(self, *, fail: str = "") -> None:
        """Jobs that run end."""
        self._script.reason = fail
        self.aws.clock.advance(1000)

    def stopped(self) -> None:
        """Jobs that are asked to stop have stopped."""
        self.aws.clock.advance(10)


class _Told(Script):
    def __init__(self) -> None:
        self.reason = ""

    def course(self, run: Run) -> Course:
        return Course(waits=5, runs=500)

    def half(self, run: Run) -> None:
        run.way = Course(fails=self.reason)


class EdgePlace:
    """The local world's edge: its own services, over engines that hold a job until they are told to end it."""

    def __init__(self, edge: LiveEdge, engines: Engines) -> None:
        self.account = edge.account()
        self._edge, self._engines = edge, engines
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.role = self.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=document)["Role"]["Arn"]

    def client(self, service: str, region: str = EAST) -> Any:
        return self._edge.clients.client(service, region, Credentials(self.account, "local"))

    def bucket(self, name: str, region: str = EAST) -> str:
        full = f"{name}-{self.account}"
        place = {} if region == EAST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3 = self.client("s3", region)
        s3.create_bucket(Bucket=full, **place)
        s3.put_bucket_versioning(Bucket=full, VersioningConfiguration={"Status": "Enabled"})
        return full

    def replicate(self, source: str, destination: str, folder: str, queue: str = "") -> None:
        rule = {
            "ID": "transformed",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": folder},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {
                "Bucket": f"arn:aws:s3:::{destination}",
                "Metrics": {"Status": "Enabled"},
            },
        }
        s3 = self.client("s3")
        s3.put_bucket_replication(Bucket=source, ReplicationConfiguration={"Role": self.role, "Rules": [rule]})
        if queue:
            arn = f"arn:aws:sqs:{EAST}:{self.account}:{queue.rsplit('/', 1)[1]}"
            events = ["s3:Replication:OperationFailedReplication"]
            configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": events}]}
            s3.put_bucket_notification_configuration(Bucket=source, NotificationConfiguration=configuration)

    def queue(self, name: str) -> str:
        policy = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
        return str(self.client("sqs").create_queue(QueueName=name, Attributes={"Policy": document})["QueueUrl"])

    def fail_replicas(self, destination: str) -> None:
        self._edge.judge.forbidden.add((self.account, "ReplicateObject"))

    def replicated(self) -> None:
        assert self._edge.replication.wait_idle(20)

    def glue_job(self, name: str, concurrent: int) -> None:
        command = {"Name": "glueetl", "ScriptLocation": "s3://scripts/x.py", "PythonVersion": "3"}
        limit = {"MaxConcurrentRuns": concurrent}
        self.client("glue").create_job(Name=name, Role=self.role, Command=command, ExecutionProperty=limit)

    def trains(self) -> None:
        """Nothing to prepare."""

    def function(self, name: str, code: Callable[[Any], Any]) -> None:
        self._engines.code[name] = code
        self.client("lambda", WEST).create_function(
            FunctionName=name, Runtime="python3.12", Role=self.role, Handler="index.handler", Code={"ZipFile": _zip()}
        )

    def run(self) -> None:
        """Jobs that have been started are running."""
        self._engines.settled()

    def end(self, *, fail: str = "") -> None:
        """Jobs that run end."""
        self._engines.end(fail)

    def stopped(self) -> None:
        """Jobs that are asked to stop have stopped."""
        self._engines.settled()


class Engines:
    """Engines that run a job until it is halted or told to end."""

    def __init__(self) -> None:
        self.code: dict[str, Callable[[Any], Any]] = {}
        self._changed = threading.Condition()
        self._held: list[Any] = []
        self._reason: str | None = None

    def end(self, reason: str) -> None:
        with self._changed:
            self._reason = reason
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: not self._held, 20)
            self._reason = None
        time.sleep(0.05)  # the service writes the outcome down

    def settled(self) -> None:
        """Wait until each job has told that it runs, and each halted one has ended."""
        with self._changed:
            assert self._changed.wait_for(lambda: not any(job.halt.asked() for job in self._held), 20)
        time.sleep(0.1)

    def hold(self, job: Any) -> str | None:
        """Hold a job; None when it was halted, else the reason for which it fails or an empty one."""
        with self._changed:
            self._held.append(job)
            while self._reason is None and not job.halt.asked():
                self._changed.wait(0.02)
            self._held.remove(job)
            self._changed.notify_all()
            return None if job.halt.asked() else self._reason


class GlueStandIn:
    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def run(self, job: GlueJob) -> GlueOutcome:
        job.moved("RUNNING")
        reason = self._engines.hold(job)
        if reason is None:
            return GlueOutcome("STOPPED")
        return GlueOutcome("FAILED", reason) if reason else GlueOutcome("SUCCEEDED")

    def close(self) -> None:
        """Nothing is open."""


class TrainingStandIn:
    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def run(self, job: TrainingJob) -> TrainingOutcome:
        job.moved("Training", "Training")
        reason = self._engines.hold(job)
        if reason is None:
            return TrainingOutcome("Stopped", "Stopped")
        if reason:
            return TrainingOutcome("Failed", "Failed", reason)
        output = job.request["OutputDataConfig"]["S3OutputPath"]
        return TrainingOutcome(
            "Completed", "Completed", artifacts=f"{output}/{job.request['TrainingJobName']}/output/model.tar.gz"
        )

    def close(self) -> None:
        """Nothing is open."""


class ProcessingStandIn:
    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def run(self, job: ProcessingJob) -> ProcessingOutcome:
        job.began()
        reason = self._engines.hold(job)
        if reason is None:
            return ProcessingOutcome("Stopped")
        return ProcessingOutcome("Failed", reason) if reason else ProcessingOutcome("Completed")

    def close(self) -> None:
        """Nothing is open."""


class FunctionStandIn:
    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def run(self, job: Any) -> LambdaOutcome:
        code = self._engines.code[job.name]
        try:
            return LambdaOutcome(json.dumps(code(json.loads(job.event))).encode())
        except Exception as error:  # noqa: BLE001 - a function's error is its answer
            body = {"errorMessage": str(error), "errorType": type(error).__name__}
            return LambdaOutcome(json.dumps(body).encode(), error="Unhandled")

    def close(self) -> None:
        """Nothing is open."""


class NoCheck:
    def check(self, request: Any, region: str, arn: str = "") -> None:
        """Every input is good."""

    def session(self, role: str, region: str, arn: str = "") -> None:
        """Every role lets SageMaker in."""


def serve(edge: LiveEdge) -> tuple[Engines, list[Any]]:
    """Add the engines' services to an edge; they must be stopped."""
    engines = Engines()
    training = SageMakerService(TrainingStandIn(engines), NoCheck())  # type: ignore[arg-type]
    processing = ProcessingService(ProcessingStandIn(engines), NoCheck())  # type: ignore[arg-type]
    services = [
        GlueService(GlueStandIn(engines), edge.moto),
        training,
        processing,
        LambdaService(FunctionStandIn(engines), edge.moto, retry_seconds=(0.01, 0.01)),
    ]
    for service in (*services, GlueDefinitions(edge.moto), SageMakerTags([training.jobs, processing.jobs])):
        edge.edge.add(service)
    return engines, services


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return event")
    return buffer.getvalue()


Place = FakePlace | EdgePlace
