"""A world of the edge and the engines alone for the tests of this folder; each test has an account of its own."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crosswind.local.children import Children
from crosswind.local.clients import Clients
from crosswind.local.edge.call import Credentials
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.server import EdgeServer
from crosswind.local.engines import (
    GlueDefinitions,
    GlueEngine,
    GlueService,
    InputCheck,
    LambdaEngine,
    LambdaService,
    ProcessingEngine,
    ProcessingService,
    Roles,
    SageMakerEngine,
    SageMakerService,
    SageMakerTags,
)
from crosswind.local.identity import Identities
from crosswind.local.moto_backend import MotoBackend
from crosswind.local.requestlog import RequestLog
from crosswind.local.sts import Sts
from tests.allow_all import AllowAll

EXAMPLE = Path(__file__).parents[3] / "examples" / "unified_pipelines"
XGBOOST = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1"
SKLEARN = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
_ACCOUNTS = itertools.count(700000000001)


@dataclass
class EngineWorld:
    """The running parts."""

    endpoint: str
    clients: Clients
    children: Children
    log: RequestLog
    jobs: Path


@dataclass
class Account:
    """One account of the world, and what tests do in it as its root."""

    id: str
    world: EngineWorld

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return self.world.clients.client(service, region, Credentials(self.id, "local"))

    def role(self, name: str, service: str) -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
            ],
        }
        made = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        return str(made["Role"]["Arn"])

    def bucket(self, name: str, region: str = "us-east-1") -> str:
        name = f"{name}-{self.id}"
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.client("s3", region).create_bucket(Bucket=name, **place)
        return name

    def put(self, bucket: str, key: str, body: bytes | str, region: str = "us-east-1") -> None:
        self.client("s3", region).put_object(Bucket=bucket, Key=key, Body=body)

    def keys(self, bucket: str, prefix: str = "", region: str = "us-east-1") -> list[str]:
        listed = self.client("s3", region).list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def logs(self, group: str, stream: str, region: str = "us-east-1") -> list[str]:
        events = self.client("logs", region).get_log_events(logGroupName=group, logStreamName=stream)["events"]
        return [event["message"] for event in events]

    def requests(self) -> list[Any]:
        return [record for record in self.world.log.since(0)[0] if record["principal_account"] == self.id]


@pytest.fixture(scope="package")
def engine_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineWorld]:
    jobs = tmp_path_factory.mktemp("jobs")
    moto = MotoBackend()
    identities = Identities(moto)
    log = RequestLog(jobs / "requests.jsonl")
    edge = Edge(identities, [Sts(identities)], moto, AllowAll(), log)
    server = EdgeServer(edge, port=0)
    server.start()
    clients, children = Clients(server.endpoint), Children()
    roles = {via: Roles(identities, clients, via) for via in ("glue", "sagemaker", "lambda")}
    check = InputCheck(roles["sagemaker"])
    training = SageMakerService(
        SageMakerEngine(roles["sagemaker"], children, server.endpoint, jobs / "sagemaker"), check
    )
    processing = ProcessingService(
        ProcessingEngine(roles["sagemaker"], children, server.endpoint, jobs / "processing"), check
    )
    # A Glue minute of two seconds: the shortest time-out that the API takes is one minute.
    services = (
        GlueService(GlueEngine(roles["glue"], children, server.endpoint, jobs / "glue"), moto, minute=2.0),
        training,
        processing,
        LambdaService(
            LambdaEngine(roles["lambda"], children, server.endpoint, jobs / "lambda"), moto, retry_seconds=(0.1, 0.1)
        ),
    )
    for service in (*services, GlueDefinitions(moto), SageMakerTags((training.jobs, processing.jobs))):
        edge.add(service)
    yield EngineWorld(server.endpoint, clients, children, log, jobs)
    for service in services:
        service.stop()
    children.stop()
    server.stop()


@pytest.fixture
def account(engine_world: EngineWorld) -> Account:
    return Account(str(next(_ACCOUNTS)), engine_world)


def until(read: Callable[[], Any], done: Callable[[Any], bool], seconds: float = 90) -> Any:
    """What `read` gives, once `done` says so."""
    end = time.monotonic() + seconds
    while not done(found := read()):
        assert time.monotonic() < end, f"still {found} after {seconds} s"
        time.sleep(0.05)
    return found


def package(source: str | bytes, module: str = "index") -> bytes:
    """A Lambda zip of one module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{module}.py", source)
    return buffer.getvalue()
