"""The seam: errors in our words, accounts asserted, no stray profile in the way, and the fake's own manners."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import BotoCoreError, EndpointConnectionError, ProfileNotFound

from crosswind.aws import AwsSessions, translated
from crosswind.aws.fake import FakeSessions, client_error
from crosswind.errors import (
    AccessDeniedError,
    AwsError,
    ConflictError,
    CrosswindError,
    NotFoundError,
    ThrottledError,
    UnreachableError,
    WrongAccountError,
)

HUB = "111111111111"


class Sts(BaseHTTPRequestHandler):
    """Says that every caller is account 333333333333, but for one that says who it is."""

    seen: list[str]

    def do_POST(self) -> None:
        key = self.headers["Authorization"].split("Credential=")[1].split("/")[0]
        self.seen.append(key)
        account = HUB if key == HUB else "333333333333"
        body = (
            "<GetCallerIdentityResponse><GetCallerIdentityResult>"
            f"<Arn>arn:aws:iam::{account}:root</Arn><UserId>x</UserId><Account>{account}</Account>"
            "</GetCallerIdentityResult></GetCallerIdentityResponse>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def sts() -> Iterator[str]:
    Sts.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_the_account_is_asserted_once(sts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "one-that-is-not-there")
    sessions = AwsSessions({}, sts)
    first = sessions.client("s3", HUB, "us-east-1")
    assert sessions.client("s3", HUB, "us-east-1") is first
    assert sessions.identity(HUB).arn == f"arn:aws:iam::{HUB}:root"
    assert Sts.seen == [HUB]


def test_another_account_is_refused(sts: str) -> None:
    with pytest.raises(WrongAccountError, match="222222222222 act in account 333333333333") as error:
        AwsSessions({}, sts).client("s3", "222222222222", "us-east-1")
    assert "profile" in error.value.hint


def test_a_profile_that_is_not_there_says_what_to_set() -> None:
    with pytest.raises(AccessDeniedError, match="one-that-is-not-there") as error:
        AwsSessions({HUB: "one-that-is-not-there"}).identity(HUB)
    assert "crosswind.yaml" in error.value.hint


CODES: list[tuple[Exception, type[CrosswindError]]] = [
    (client_error("AccessDenied"), AccessDeniedError),
    (client_error("Throttling"), ThrottledError),
    (client_error("NoSuchBucket"), NotFoundError),
    (client_error("404"), NotFoundError),
    (client_error("ValidationError", "Stack with id x does not exist"), NotFoundError),
    (client_error("ValidationError", "No updates are to be performed."), AwsError),
    (client_error("OperationInProgressException"), ConflictError),
    (client_error("RestApiClientException", RestApiStatusCode=409), ConflictError),
    (client_error("RestApiServerException", RestApiStatusCode=503), UnreachableError),
    (EndpointConnectionError(endpoint_url="http://x"), UnreachableError),
    (ProfileNotFound(profile="p"), AccessDeniedError),
    (BotoCoreError(), AwsError),
]


@pytest.mark.parametrize(("error", "kind"), CODES)
def test_botocores_errors_become_ours(error: Exception, kind: type[CrosswindError]) -> None:
    with pytest.raises(kind) as ours, translated("look"):
        raise error
    assert type(ours.value) is kind
    assert ours.value.message.startswith("look: ")
    assert ours.value.__cause__ is error


def test_the_fake_scripts_first_then_answers_and_refuses_what_it_was_not_told() -> None:
    fake = FakeSessions()
    fake.answer("s3", "head_object", lambda call: {"Key": call.parameters["Key"]})
    fake.script("s3", "head_object", client_error("404"), {"Key": "scripted"})
    s3 = fake.client("s3", HUB, "us-east-1")
    with pytest.raises(type(client_error("404"))):
        s3.head_object(Key="a")
    assert s3.head_object(Key="a") == {"Key": "scripted"}
    assert s3.head_object(Key="a") == {"Key": "a"}
    assert [call.parameters["Key"] for call in fake.made("s3", "head_object")] == ["a"] * 3
    with pytest.raises(LookupError, match="s3:put_object"):
        s3.put_object()
