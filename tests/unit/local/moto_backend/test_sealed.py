"""moto does what IAM has judged: a request with a second reading for moto is refused, or loses it."""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from crosswind.local.clients import Clients
from crosswind.local.edge.call import Call, Credentials, HttpRequest, Principal, Ruling, ServiceError
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.server import EdgeServer
from crosswind.local.identity import Identities
from crosswind.local.moto_backend import MotoBackend
from crosswind.local.moto_backend.sealed import sealed
from crosswind.local.requestlog import RequestLog

ACCOUNTS = itertools.count(820_000_000_000)


class Watching:
    """Allows all, and remembers what it was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def authorize(self, call: Call) -> Ruling | None:
        self.seen.append((call.operation, call.parameters))
        return None


class World:
    def __init__(self, endpoint: str, judge: Watching) -> None:
        self.endpoint = endpoint
        self.judge = judge
        self.account = str(next(ACCOUNTS))
        self._clients = Clients(endpoint)

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return self._clients.client(service, region, Credentials(self.account, "x"))

    def send(
        self, method: str, path: str, service: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> int:
        scope = f"Credential={self.account}/20260101/us-east-1/{service}/aws4_request"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=30)
        try:
            connection.request(method, path, body, {**signed, **(headers or {})})
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Watching]]:
    moto, judge = MotoBackend(), Watching()
    with EdgeServer(Edge(Identities(moto), [], moto, judge, RequestLog())) as server:
        yield server.endpoint, judge


@pytest.fixture
def world(served: tuple[str, Watching]) -> World:
    return World(*served)


def json_call(operation: str) -> dict[str, str]:
    return {"X-Amz-Target": f"AWSGlue.{operation}", "Content-Type": "application/x-amz-json-1.1"}


def job(world: World, name: str) -> None:
    world.client("glue").create_job(
        Name=name,
        Role=f"arn:aws:iam::{world.account}:role/r",
        Command={"Name": "glueetl", "ScriptLocation": "s3://b/k"},
    )


def jobs(world: World) -> list[str]:
    return [one["Name"] for one in world.client("glue").get_jobs()["Jobs"]]


@pytest.mark.parametrize(
    ("path", "body", "more"),
    [
        ("/?Action=DeleteJob", {"JobName": "victim"}, {}),
        ("/", {"JobName": "victim", "Description": "&Action=DeleteJob&"}, {}),
        ("/", {"JobName": "victim"}, {"Action": "DeleteJob"}),
        ("/?JobName=victim", {"JobName": "harmless"}, {}),
    ],
)
def test_a_second_operation_or_parameter_of_a_json_call(
    world: World, path: str, body: dict[str, str], more: dict[str, str]
) -> None:
    job(world, "victim")
    world.send("POST", path, "glue", json.dumps(body).encode(), json_call("GetJob") | more)
    assert jobs(world) == ["victim"]
    job(world, "harmless")
    world.send("POST", path, "glue", json.dumps(body).encode(), json_call("DeleteJob") | more)
    operation, parameters = world.judge.seen[-1]
    asked = {parameters["JobName"]} if operation == "DeleteJob" else set()
    assert set(jobs(world)) == {"victim", "harmless"} - asked


def test_a_second_operation_of_a_form(world: World) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"Action=CreateUser&Action=ListUsers&Version=2010-05-08&UserName=ann"
    assert world.send("POST", "/", "iam", body, form) == 400
    multipart = (
        b'--x\r\nContent-Disposition: form-data; name="Action"\r\n\r\nCreateUser\r\n'
        b'--x\r\nContent-Disposition: form-data; name="UserName"\r\n\r\nann\r\n--x--\r\n'
    )
    path = "/?Action=ListUsers&Version=2010-05-08"
    assert world.send("POST", path, "iam", multipart, {"Content-Type": "multipart/form-data; boundary=x"}) == 400
    assert world.client("iam").list_users()["Users"] == []


def test_a_parameter_of_a_rest_call_in_another_place(world: World) -> None:
    scheduler = world.client("scheduler")
    for name in ("harmless", "victim"):
        scheduler.create_schedule_group(Name=name)
    path = "/schedule-groups/harmless"
    world.send("DELETE", f"{path}?Name=victim", "scheduler")
    world.send("DELETE", path, "scheduler", headers={"Name": "victim"})
    assert world.send("DELETE", path, "scheduler", b'{"Name": "victim"}') == 400
    assert "victim" in [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]]


def test_a_region_in_the_host_or_in_the_path(world: World) -> None:
    body = json.dumps({"logGroupName": "g"}).encode()
    headers = {"X-Amz-Target": "Logs_20140328.CreateLogGroup", "Content-Type": "application/x-amz-json-1.1"}
    elsewhere = headers | {"Host": "logs.eu-west-1.amazonaws.com"}
    assert world.send("POST", "/?x=.eu-west-1.amazonaws.com", "logs", body, elsewhere) == 200
    assert world.client("logs", "eu-west-1").describe_log_groups()["logGroups"] == []
    assert len(world.client("logs").describe_log_groups()["logGroups"]) == 1


def test_a_host_that_names_another_bucket(world: World) -> None:
    s3, mine, other = world.client("s3"), f"mine-{world.account}", f"other-{world.account}"
    for bucket in (mine, other):
        s3.create_bucket(Bucket=bucket)
    path = f"/{mine}/k"
    for host in (f"{other}.s3.us-east-1.vpce.amazonaws.com", f"{other}.example.localhost", "a.b.localhost"):
        world.send("PUT", path, "s3", b"x", {"Host": host})
        _, parameters = world.judge.seen[-1]
        judged = parameters["Bucket"]
        held = {name: s3.list_objects_v2(Bucket=name).get("Contents", []) for name in (mine, other)}
        assert [name for name, found in held.items() if found] == ([judged] if judged in held else []), host
        for name, found in held.items():
            for one in found:
                assert one["Key"] == parameters["Key"], host
                s3.delete_object(Bucket=name, Key=one["Key"])


def test_two_subresources_of_s3(world: World) -> None:
    s3, bucket = world.client("s3"), f"b-{world.account}"
    s3.create_bucket(Bucket=bucket)
    assert world.send("PUT", f"/{bucket}?versioning&policy", "s3", b"{}") == 400
    assert world.send("PUT", f"/{bucket}?tagging&acl", "s3", b"{}") == 400
    assert world.send("GET", f"/{bucket}/k?versionId=a&versionId=b", "s3") == 400


@pytest.mark.parametrize("key", ["a;b", "a;b=c", "a%3Bb", "a//b", "a?b", "ü+ %", "a.eu-west-1.amazonaws.com"])
def test_a_key_is_the_key_that_was_judged(world: World, key: str) -> None:
    s3, bucket = world.client("s3"), f"b-{world.account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert world.judge.seen[-1][1]["Key"] == key
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


def call(service: str, operation: str, **http: Any) -> Call:
    given = {"method": "POST", "path": "/", "query": {}, "headers": {}, "body": b""} | http
    who = Principal("111111111111", "arn:aws:iam::111111111111:root", "111111111111", "111111111111")
    return Call("id", who, "111111111111", "eu-west-1", service, operation, {}, HttpRequest(**given))


def test_moto_learns_operation_region_and_account_from_the_edge_alone() -> None:
    headers = {
        "x-amz-target": "AWSGlue.GetJob", "x-crosswind-region": "us-east-1", "x-crosswind-operation": "DeleteJob",
        "host": "glue.us-east-1.amazonaws.com", "jobname": "other", "user-agent": "aws-sdk region/us-west-2",
    }  # fmt: skip
    made = sealed(call("glue", "GetJob", headers=headers, raw_query="Action=DeleteJob"))
    assert made.headers["x-crosswind-operation"] == "GetJob"
    assert made.headers["x-crosswind-region"] == "eu-west-1"
    assert made.headers["host"] == "localhost"
    assert "jobname" not in made.headers
    assert "Action" not in made.raw_query


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("127.0.0.1:4566", "127.0.0.1:4566"),
        ("[::1]:4566", "[::1]:4566"),
        ("[::1]", "[::1]"),
        ("localhost", "localhost"),
        ("b.localhost:4566", "localhost:4566"),
        ("sqs.us-east-1.amazonaws.com", "localhost"),
    ],
)
def test_hosts(host: str, kept: str) -> None:
    assert sealed(call("glue", "GetJob", headers={"host": host})).headers["host"] == kept


def test_a_multipart_body_is_refused_but_as_an_object() -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    with pytest.raises(ServiceError, match="two ways"):
        sealed(call("iam", "ListUsers", headers=headers))
    assert (
        sealed(call("s3", "PutObject", method="PUT", headers=headers)).headers["content-type"].startswith("multipart")
    )
