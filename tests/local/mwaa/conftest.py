"""A small world with a real Airflow in it, shared by the tests of this folder."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crosswind.local.clients import Clients
from crosswind.local.edge.call import Credentials
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.server import EdgeServer
from crosswind.local.identity import Identities
from crosswind.local.moto_backend import MotoBackend
from crosswind.local.mwaa import Mwaa
from crosswind.local.requestlog import RequestLog
from crosswind.local.sts import Sts
from tests.allow_all import AllowAll

CACHE = Path(__file__).parents[3] / ".crosswind" / "cache"
ACCOUNT, REGION, BUCKET = "111111111111", "us-east-1", "hub-bucket"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/mwaa-execution"

DAG = """
import datetime, json, pathlib
import boto3
from airflow.sdk import DAG, task
from airflow.providers.amazon.aws.hooks.s3 import S3Hook

NAMES = json.loads((pathlib.Path(__file__).parent / "names.json").read_text())

with DAG("probe", schedule=None, start_date=datetime.datetime(2026, 1, 1)):
    @task
    def who():
        return boto3.client("sts").get_caller_identity()["Arn"]

    @task
    def greet():
        import greeting
        from airflow.sdk import Connection
        return {"greeting": greeting.text(), "names": NAMES, "secret": Connection.get("spoke").login}

    @task
    def listing():
        return S3Hook(aws_conn_id="aws_default").list_keys(bucket_name=NAMES["bucket"], prefix="dags/")

    who() >> greet() >> listing()
"""


def wheel(text: str) -> bytes:
    """A wheel `greeting` 1.0 whose module says `text`: the same name and version, whatever it says."""
    files = {
        "greeting.py": f"def text():\n    return {text!r}\n",
        "greeting-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n",
        "greeting-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip("=")
        lines.append(f"{name},sha256={digest},{len(content.encode())}")
    record = "greeting-1.0.dist-info/RECORD"
    files[record] = "\n".join([*lines, f"{record},,"]) + "\n"
    return zipped({name: content.encode() for name, content in files.items()})


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            # One moment for all: what an installer keeps by time stamps must not save this test.
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)
    return content.getvalue()


def plugins(text: str) -> bytes:
    return zipped({"greeting-1.0-py3-none-any.whl": wheel(text)})


@dataclass
class Hub:
    """The hub account of a small world."""

    endpoint: str
    clients: Clients
    service: Mwaa
    log: RequestLog
    state: Path

    def client(self, service: str) -> Any:
        return self.clients.client(service, REGION, Credentials(ACCOUNT, "local"))

    @property
    def mwaa(self) -> Any:
        return self.client("mwaa")

    def put(self, key: str, content: bytes) -> str:
        return str(self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)["VersionId"])

    def parameters(self, name: str, **more: Any) -> dict[str, Any]:
        return {
            "Name": name,
            "ExecutionRoleArn": ROLE,
            "SourceBucketArn": f"arn:aws:s3:::{BUCKET}",
            "DagS3Path": "dags",
            "NetworkConfiguration": {"SubnetIds": ["subnet-a", "subnet-b"], "SecurityGroupIds": ["sg-a"]},
            **more,
        }

    def settled(self, name: str, seconds: float = 240) -> dict[str, Any]:
        """The environment once it is no longer in change."""

        def found() -> dict[str, Any] | None:
            environment: dict[str, Any] = self.mwaa.get_environment(Name=name)["Environment"]
            return environment if not environment["Status"].endswith("ING") else None

        return until(found, seconds)

    def rest(self, name: str, method: str, path: str, **more: Any) -> Any:
        return self.mwaa.invoke_rest_api(Name=name, Method=method, Path=path, **more)["RestApiResponse"]

    def run(self, name: str, dag: str) -> dict[str, Any]:
        """Unpause a DAG, trigger it, and wait for the end; returns the XComs by task, and the state."""
        until(lambda: _listed(self, name, dag), 60)
        self.rest(name, "PATCH", f"/dags/{dag}", Body={"is_paused": False})
        run = self.rest(name, "POST", f"/dags/{dag}/dagRuns", Body={"logical_date": None})["dag_run_id"]

        def ended() -> dict[str, Any] | None:
            runs = self.rest(name, "GET", f"/dags/{dag}/dagRuns")["dag_runs"]
            now: dict[str, Any] = next(each for each in runs if each["dag_run_id"] == run)
            return now if now["state"] in ("success", "failed") else None

        state = until(ended, 120)["state"]
        # A path of InvokeRestApi has at most 64 characters, too few for a task of a run: asked on loopback.
        tasks = self.loopback(name, f"/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        found = {task["task_id"]: task["state"] for task in tasks}
        for task in [task for task, now in found.items() if now == "success"]:
            path = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/return_value"
            found[task] = self.loopback(name, path)["value"]
        return {"state": state, **found}

    def loopback(self, name: str, path: str) -> Any:
        """Airflow's REST API without MWAA before it."""
        url = self.mwaa.get_environment(Name=name)["Environment"]["WebserverUrl"]
        with fetched(f"{url}/auth/token") as answer:
            token = json.load(answer)["access_token"]
        with fetched(f"{url}/api/v2{path}", {"Authorization": f"Bearer {token}"}) as answer:
            return json.load(answer)


def _listed(hub: Hub, name: str, dag: str) -> bool:
    return any(each["dag_id"] == dag for each in hub.rest(name, "GET", "/dags")["dags"])


def fetched(url: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Any:
    """The response of a loopback address, to be closed; a POST when there is a body."""
    request = urllib.request.Request(url, body, headers or {})
    return urllib.request.urlopen(request, timeout=60)


def until(found: Callable[[], Any], seconds: float) -> Any:
    """The first truthy answer; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        answer = found()
        if answer:
            return answer
        pause.wait(0.1)
    raise AssertionError(f"not so within {seconds} s")


@pytest.fixture(scope="package")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    root = tmp_path_factory.mktemp("mwaa-world")
    moto = MotoBackend()
    identities = Identities(moto)
    log = RequestLog(root / "requests.jsonl")
    edge = Edge(identities, [Sts(identities)], moto, AllowAll(), log)
    with EdgeServer(edge) as server:
        clients = Clients(server.endpoint)
        service = Mwaa(identities, clients, root / "airflow", CACHE, lambda: server.endpoint, sync_seconds=1)
        edge.add(service)
        for prefix, route in service.routes.items():
            edge.mount(prefix, route)
        found = Hub(server.endpoint, clients, service, log, root)
        try:
            _furnish(found)
            yield found
        finally:
            service.stop()


def _furnish(hub: Hub) -> None:
    s3 = hub.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_public_access_block(
        Bucket=BUCKET,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    hub.client("iam").create_role(RoleName="mwaa-execution", AssumeRolePolicyDocument=json.dumps(trust))
    hub.client("secretsmanager").create_secret(
        Name="airflow/connections/spoke", SecretString=json.dumps({"conn_type": "http", "login": "from-the-vault"})
    )
    hub.put("dags/names.json", json.dumps({"bucket": BUCKET}).encode())
    hub.put("dags/probe.py", DAG.encode())
