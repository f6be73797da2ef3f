"""boto3 against a live edge."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from crosswind.errors import PortInUseError, UsageError
from crosswind.local.edge.call import Credentials, HttpResponse
from crosswind.local.edge.server import EdgeServer
from tests.local.conftest import LiveEdge

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def code_of(call, *args, **kwargs) -> tuple[str, int]:
    with pytest.raises(ClientError) as refusal:
        call(*args, **kwargs)
    response = refusal.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def assumed(live_edge: LiveEdge, caller: str, owner: str, name: str, **more):
    live_edge.client("iam", owner).create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    role = f"arn:aws:iam::{owner}:role/{name}"
    answer = live_edge.client("sts", caller).assume_role(RoleArn=role, RoleSessionName="run-1", **more)
    keys = answer["Credentials"]
    return answer, Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def test_accounts_and_regions_are_apart(live_edge: LiveEdge) -> None:
    a, b = live_edge.account(), live_edge.account()
    job = {"Name": "j", "Role": "r", "Command": {"Name": "glueetl", "ScriptLocation": "s3://x/y"}}
    live_edge.client("glue", a).create_job(**job)
    assert live_edge.client("glue", a).get_jobs()["Jobs"][0]["Name"] == "j"
    assert live_edge.client("glue", b).get_jobs()["Jobs"] == []
    assert live_edge.client("glue", a, "us-west-2").get_jobs()["Jobs"] == []
    found = live_edge.moto.glue_job(a, "us-east-1", "j")
    assert found is not None
    assert found["Command"]["Name"] == "glueetl"
    assert live_edge.moto.glue_job(b, "us-east-1", "j") is None


def test_a_role_of_another_account_acts_there(live_edge: LiveEdge) -> None:
    a, b = live_edge.account(), live_edge.account()
    answer, keys = assumed(live_edge, a, b, "cross", ExternalId="xyz-1")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{b}:assumed-role/cross/run-1"
    who = live_edge.clients.client("sts", "us-east-1", keys).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (b, answer["AssumedRoleUser"]["Arn"])
    assert who["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]

    s3 = live_edge.clients.client("s3", "us-east-1", keys)
    s3.create_bucket(Bucket=f"cross-{b}")
    assert live_edge.moto.bucket_owner(f"cross-{b}") == b
    assert [x["Name"] for x in live_edge.client("s3", b).list_buckets()["Buckets"]] == [f"cross-{b}"]
    assert live_edge.client("s3", a).list_buckets()["Buckets"] == []
    record = live_edge.records(operation="AssumeRole", account=a)[-1]
    assert record["parameters"]["ExternalId"] == "xyz-1"
    assert record["resource"] == f"arn:aws:iam::{b}:role/cross"


def test_assume_role_refuses_in_the_words_of_aws(live_edge: LiveEdge) -> None:
    a, b = live_edge.account(), live_edge.account()
    _, keys = assumed(live_edge, a, b, "r")
    sts, role = live_edge.client("sts", a), f"arn:aws:iam::{b}:role/r"
    live_edge.client("iam", b).create_role(RoleName="long", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200)
    chained = live_edge.clients.client("sts", "us-east-1", keys)
    long = f"arn:aws:iam::{b}:role/long"
    assert sts.assume_role(RoleArn=long, RoleSessionName="ok", DurationSeconds=7200)["Credentials"]
    assert chained.assume_role(RoleArn=long, RoleSessionName="ok", DurationSeconds=3600)["Credentials"]

    def refused(client, message: str, **asked) -> None:
        with pytest.raises(ClientError) as refusal:
            client.assume_role(**{"RoleArn": role, "RoleSessionName": "ok"} | asked)
        error = refusal.value.response["Error"]
        assert message in error["Message"]
        assert error["Code"] == ("AccessDenied" if "not authorized" in message else "ValidationError")

    refused(
        chained,
        "exceeds the 1 hour session limit for roles assumed by role chaining",
        RoleArn=long,
        DurationSeconds=3601,
    )
    refused(sts, "exceeds the MaxSessionDuration set for this role", DurationSeconds=3601)
    unchecked = boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=live_edge.endpoint,
        aws_access_key_id=a,
        aws_secret_access_key="x",
        config=Config(parameter_validation=False, proxies={}),
    )
    refused(unchecked, "greater than or equal to 900", DurationSeconds=899)
    refused(unchecked, "greater than or equal to 2", RoleSessionName="x")
    refused(sts, "less than or equal to 43200", RoleArn=long, DurationSeconds=43201)
    refused(sts, "regular expression pattern", RoleSessionName="a b")
    refused(sts, "less than or equal to 64", RoleSessionName="x" * 65)
    refused(sts, f"is not authorized to perform: sts:AssumeRole on resource: {role}x", RoleArn=f"{role}x")


def test_session_tokens_of_users_and_what_sts_does_not_offer(live_edge: LiveEdge) -> None:
    a = live_edge.account()
    sts = live_edge.client("sts", a)
    keys = sts.get_session_token()["Credentials"]
    session = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    inner = live_edge.clients.client("sts", "us-east-1", session)
    assert inner.get_caller_identity()["Arn"] == f"arn:aws:iam::{a}:root"
    assert code_of(inner.get_session_token) == ("AccessDenied", 403)
    assert code_of(sts.get_federation_token, Name="joe") == ("NotImplemented", 501)


def test_a_users_key_acts_as_the_user(live_edge: LiveEdge) -> None:
    a = live_edge.account()
    iam = live_edge.client("iam", a)
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    mine = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    sts = live_edge.clients.client("sts", "us-east-1", mine)
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{a}:user/ann"
    iam.update_access_key(UserName="ann", AccessKeyId=mine.access_key, Status="Inactive")
    assert code_of(sts.get_caller_identity) == ("InvalidClientTokenId", 403)
    iam.delete_access_key(UserName="ann", AccessKeyId=mine.access_key)
    s3 = live_edge.clients.client("s3", "us-east-1", mine)
    assert code_of(s3.list_buckets) == ("InvalidAccessKeyId", 403)


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("braket", "search_jobs", {"filters": []}),
        ("apprunner", "list_services", {}),
        ("glue", "list_blueprints", {}),
        ("cloudformation", "list_types", {}),
        ("lambda", "get_account_settings", {}),
        ("s3", "get_bucket_analytics_configuration", {"Bucket": "bbb", "Id": "x"}),
        ("s3", "put_bucket_request_payment", {"Bucket": "bbb", "RequestPaymentConfiguration": {"Payer": "Requester"}}),
    ],
)
def test_what_is_not_offered_is_refused_by_name(
    live_edge: LiveEdge, service: str, operation: str, parameters: dict
) -> None:
    client = live_edge.client(service, live_edge.account())
    with pytest.raises(ClientError, match=f"The local world does not offer {service}:") as refusal:
        getattr(client, operation)(**parameters)
    assert refusal.value.response["Error"]["Code"] == "NotImplemented"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.fixture
def bucket(live_edge: LiveEdge) -> tuple[LiveEdge, str, str]:
    account = live_edge.account()
    name = f"data-{account}"
    live_edge.client("s3", account).create_bucket(Bucket=name)
    return live_edge, account, name


def test_keys_and_metadata_survive(bucket) -> None:
    live_edge, account, name = bucket
    s3 = live_edge.client("s3", account)
    for key in ("a/b c+d&e=f.txt", "é/ü.csv", "a%2Fb", "folder/", "x//y", "/lead", "q?a=b#c", "a:b@c;d", "...", "~t"):
        s3.put_object(
            Bucket=name, Key=key, Body=key.encode(), Metadata={"my_key": "v", "my-key": "w"}, ContentType="a/b"
        )
        answer = s3.get_object(Bucket=name, Key=key)
        assert answer["Body"].read().decode() == key
        assert answer["ContentType"] == "a/b"
        assert s3.head_object(Bucket=name, Key=key)["ContentLength"] == len(key.encode())
        assert key in [o["Key"] for o in s3.list_objects_v2(Bucket=name)["Contents"]]


def test_large_and_multipart_bodies(bucket, tmp_path: Path) -> None:
    live_edge, account, name = bucket
    s3 = live_edge.client("s3", account)
    data = bytes(range(256)) * (64 * 4096)
    assert len(data) == 64 * 1024 * 1024
    digest = hashlib.sha256(data).hexdigest()
    s3.put_object(Bucket=name, Key="big", Body=data)
    assert hashlib.sha256(s3.get_object(Bucket=name, Key="big")["Body"].read()).hexdigest() == digest
    part = s3.get_object(Bucket=name, Key="big", Range="bytes=256-511")
    assert (part["Body"].read(), part["ContentLength"]) == (bytes(range(256)), 256)

    (tmp_path / "big").write_bytes(data)
    s3.upload_file(str(tmp_path / "big"), name, "parts")
    s3.download_file(name, "parts", str(tmp_path / "back"))
    assert hashlib.sha256((tmp_path / "back").read_bytes()).hexdigest() == digest
    assert s3.head_object(Bucket=name, Key="parts")["ETag"].endswith('-8"')


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_a_form_is_an_object_like_any_other(bucket, kind: str) -> None:
    live_edge, account, name = bucket
    s3 = live_edge.client("s3", account)
    s3.put_object(Bucket=name, Key="form", Body=b"key=1&b=2", ContentType=kind)
    answer = s3.get_object(Bucket=name, Key="form")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"key=1&b=2", kind)


def fetch(
    url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes, str | None]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request(method, f"{parts.path}?{parts.query}", body, headers or {})
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers["Content-Type"]
    connection.close()
    return found


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls(bucket, version: str) -> None:
    live_edge, account, name = bucket
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=live_edge.endpoint,
        aws_access_key_id=account,
        aws_secret_access_key="x",
        config=Config(signature_version=version, proxies={}),
    )
    put = s3.generate_presigned_url("put_object", {"Bucket": name, "Key": "a b/c"}, 60)
    assert fetch(put, "PUT", b"hello", {"Content-Type": "text/csv"})[0] == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": name, "Key": "a b/c"}, 60)
    assert fetch(get) == (200, b"hello", "text/csv")
    assert live_edge.records(operation="GetObject", resource=f"{name}/a b/c")[-1]["principal_account"] == account


def test_unsigned_requests_are_refused(bucket) -> None:
    live_edge, _, name = bucket
    for path in (f"/no-{name}/x", "/moto-api/data.json", "/moto-api/reset", "/latest/meta-data/iam/", "/"):
        status, body, _ = fetch(live_edge.endpoint + path)
        assert status == 403
        assert b"MissingAuthenticationToken" in body


def test_motos_own_paths_are_out_of_reach_for_signed_requests_too(bucket) -> None:
    live_edge, account, name = bucket
    assert code_of(live_edge.client("s3", account).get_object, Bucket="moto-api", Key="reset") == ("NoSuchBucket", 404)
    assert live_edge.client("s3", account).head_bucket(Bucket=name)


def test_virtual_hosted_style(bucket) -> None:
    live_edge, account, name = bucket
    port = live_edge.server.port
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=f"http://localhost:{port}",
        aws_access_key_id=account,
        aws_secret_access_key="x",
        config=Config(s3={"addressing_style": "virtual"}, proxies={}),
    )
    url = s3.generate_presigned_url("put_object", {"Bucket": name, "Key": "k/1"}, 60)
    parts = urlsplit(url)
    assert parts.hostname == f"{name}.localhost"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("PUT", f"{parts.path}?{parts.query}", b"v", {"Host": parts.netloc})
    assert connection.getresponse().status == 200
    connection.close()
    assert live_edge.client("s3", account).get_object(Bucket=name, Key="k/1")["Body"].read() == b"v"


def test_the_client_cannot_choose_an_account_by_header(bucket) -> None:
    live_edge, account, _ = bucket
    other = live_edge.account()
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=live_edge.endpoint,
        aws_access_key_id=other,
        aws_secret_access_key="x",
        config=Config(proxies={}),
    )
    for spelling in ("x-moto-account-id", "X-Moto-Account-Id", "x_moto_account_id"):
        s3.meta.events.register_first(
            "before-sign.s3", lambda request, header=spelling, **_: request.headers.add_header(header, account)
        )
    assert s3.list_buckets()["Buckets"] == []


def test_aws_chunked_bodies_are_decoded(bucket) -> None:
    live_edge, account, name = bucket
    body = b"5;chunk-signature=00\r\nhello\r\n6;chunk-signature=00\r\n world\r\n0;chunk-signature=00\r\n\r\n"
    scope = f"{account}/20261122/us-east-1/s3/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00",
        "Content-Encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "11",
    }
    send(live_edge, f"/{name}/signed", body, headers)
    trailer = b"5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
    headers |= {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-trailer": "x-amz-checksum-crc32"}
    send(live_edge, f"/{name}/trailer", trailer, headers)
    s3 = live_edge.client("s3", account)
    for key in ("signed", "trailer"):
        answer = s3.get_object(Bucket=name, Key=key)
        assert answer["Body"].read() == b"hello world"
        assert "aws-chunked" not in answer.get("ContentEncoding", "")


def send(live_edge: LiveEdge, path: str, body: bytes, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", live_edge.server.port, timeout=10)
    connection.request("PUT", path, body, headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


def test_continue_and_keep_alive(bucket) -> None:
    live_edge, account, name = bucket
    scope = f"{account}/20261122/us-east-1/s3/aws4_request"
    head = (
        f"PUT /{name}/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", live_edge.server.port), timeout=10) as peer:
        for _ in range(2):
            peer.sendall(head)
            assert peer.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            peer.sendall(b"hello")
            assert peer.recv(10_000).startswith(b"HTTP/1.1 200 OK")
        peer.sendall(b"nonsense\r\n\r\n")
        assert peer.recv(1000).startswith(b"HTTP/1.1 400")


def test_many_threads_lose_no_version(bucket) -> None:
    live_edge, account, name = bucket
    s3 = live_edge.client("s3", account)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: s3.put_object(Bucket=name, Key="one", Body=b"%d" % n)["VersionId"], range(80)))
    held = s3.list_object_versions(Bucket=name)["Versions"]
    assert {v["VersionId"] for v in held} == set(made)


def test_a_port_in_use_is_named(live_edge: LiveEdge) -> None:
    second = EdgeServer(live_edge.edge, port=live_edge.server.port)
    with pytest.raises(PortInUseError, match=str(live_edge.server.port)) as refusal:
        second.start()
    assert "crosswind local down" in refusal.value.hint
    second.stop()


def test_only_this_machine_is_served(live_edge: LiveEdge) -> None:
    for host in ("192.0.2.1", "192.168.1.1", "example.com", "::"):
        with pytest.raises(UsageError):
            EdgeServer(live_edge.edge, host=host)


class Quick:
    def handle(self, http):
        return HttpResponse(200, {}, b"ok")


def test_stop_ends_open_connections() -> None:
    server = EdgeServer(Quick())
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert peer.recv(1000).endswith(b"ok")
        port = server.port
        server.stop()
        assert peer.recv(1000) == b""
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


ENVIRONMENT_PROBE = """
from crosswind.local.clients import Clients
from crosswind.local.edge.call import Credentials
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.server import EdgeServer
from crosswind.local.identity import Identities
from crosswind.local.moto_backend import MotoBackend
from crosswind.local.requestlog import RequestLog
from crosswind.local.sts import Sts
class AllowAll:
    def authorize(self, call): ...
moto = MotoBackend()
identities = Identities(moto)
with EdgeServer(Edge(identities, [Sts(identities)], moto, AllowAll(), RequestLog())) as server:
    clients = Clients(server.endpoint)
    who = Credentials("123123123123", "x")
    for service, operation in (("sts", "get_caller_identity"), ("glue", "get_jobs"), ("logs", "describe_log_groups")):
        getattr(clients.client(service, "eu-west-1", who), operation)()
    print(clients.client("sts", "eu-west-1", who).get_caller_identity()["Account"])
"""


def test_nothing_of_the_users_environment_is_read(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default\nbroken")
    environment = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "AWS_PROFILE": "nobody",
        "AWS_ENDPOINT_URL": "http://192.0.2.1",
        "AWS_DEFAULT_REGION": "xx",
        "HTTP_PROXY": "http://192.0.2.1:9",
        "MOTO_ACCOUNT_ID": "999999999999",
    }
    done = subprocess.run(
        [sys.executable, "-c", ENVIRONMENT_PROBE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "123123123123", done.stderr
