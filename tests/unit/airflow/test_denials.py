"""A denial's explanation reaches the log, by real botocore clients; on AWS nothing is logged."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import boto3
import botocore
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from crosswind.airflow import denials
from crosswind.airflow.denials import HEADER, explanation_in, show_denials

WHY = "User: arn:aws:iam::111111111111:user/ann is not authorized\nWHY   same account\nFIX   „add it“"


class Raw(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def client(status: int, headers: dict[str, str], service: str = "s3") -> object:
    """A client whose every request gets one answer."""
    session = boto3.Session("key", "secret", region_name="us-east-1")
    made = session.client(service)
    made.meta.events.register(
        "before-send",
        lambda request, **_: AWSResponse(request.url, status, {"x-amz-request-id": "1", **headers}, Raw()),
    )
    return made


@pytest.fixture
def shown() -> Iterator[None]:
    show_denials()
    yield
    botocore.unregister_initializer(denials._attach)


@pytest.mark.usefixtures("shown")
def test_the_explanation_is_logged_once_with_its_lines(caplog: pytest.LogCaptureFixture) -> None:
    show_denials()  # the guard and every hook call it
    with pytest.raises(ClientError) as denied:
        client(403, {HEADER: quote(WHY)}).head_object(Bucket="b", Key="k")  # type: ignore[attr-defined]

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"s3:HeadObject was denied:\n{WHY}"
    assert explanation_in(denied.value.response) == WHY


@pytest.mark.usefixtures("shown")
def test_json_services_deny_with_400(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ClientError):
        client(400, {HEADER: quote(WHY)}, "glue").get_job(JobName="j")  # type: ignore[attr-defined]
    assert "glue:GetJob was denied" in caplog.text


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("status", [200, 403, 404])
def test_nothing_is_logged_without_the_header(status: int, caplog: pytest.LogCaptureFixture) -> None:
    with suppress(ClientError):
        client(status, {}).head_object(Bucket="b", Key="k")  # type: ignore[attr-defined]
    assert not caplog.records


def test_sessions_are_left_alone_until_it_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ClientError):
        client(403, {HEADER: quote(WHY)}).head_object(Bucket="b", Key="k")  # type: ignore[attr-defined]
    assert not caplog.records
