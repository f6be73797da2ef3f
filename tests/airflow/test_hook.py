"""The hook: one session, one Region, one account; or an error before anything was called."""

from __future__ import annotations

import asyncio
from typing import Any

import boto3
import pytest
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook

from crosswind.airflow import CrossAccountHook, CrossAccountSageMakerHook
from crosswind.errors import InputError, WrongAccountError
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, ROLE, SPOKE, WEST, connection


def _use_everything(hook: CrossAccountSageMakerHook) -> None:
    hook.get_conn().list_training_jobs()
    hook.s3_hook.get_conn().list_buckets()
    hook.logs_hook.get_conn().describe_log_groups()
    assert hook.expand_role("trainer") == f"arn:aws:iam::{SPOKE}:role/trainer"


@pytest.fixture
def trainer(aws: RecordedAws) -> None:
    aws.client("iam", "us-east-1").create_role(RoleName="trainer", AssumeRolePolicyDocument="{}")
    aws.calls.clear()


@pytest.mark.usefixtures("trainer")
def test_one_assumed_session_serves_every_client(aws: RecordedAws) -> None:
    _use_everything(CrossAccountSageMakerHook(aws_conn_id=WEST, account_id=SPOKE))

    assert len(aws.made("sts", "AssumeRole")) == 1
    assert len(aws.made("sts", "GetCallerIdentity")) == 1
    assumed = {call.access_key for call in aws.calls if call.action != "AssumeRole"}
    assert len(assumed) == 1
    assert assumed != {"111111111111"}
    assert {call.service for call in aws.calls} == {"sts", "sagemaker", "s3", "logs", "iam"}


@pytest.mark.usefixtures("trainer")
def test_the_hooks_region_is_the_region_of_every_client(aws: RecordedAws) -> None:
    _use_everything(CrossAccountSageMakerHook(aws_conn_id=EAST, region_name="us-west-2"))

    regions = {call.service: call.region for call in aws.calls if call.service != "iam"}
    assert set(regions.values()) == {"us-west-2"}, regions


def test_airflows_own_hook_would_lose_the_region(aws: RecordedAws) -> None:
    """The fault that the hook exists for: remove `SharedSession` when this fails."""
    SageMakerHook(aws_conn_id=EAST, region_name="us-west-2").s3_hook.get_conn().list_buckets()
    assert [call.region for call in aws.made("s3")] == ["us-east-1"]


def test_the_session_carries_name_and_external_id(aws: RecordedAws) -> None:
    hook = CrossAccountHook(WEST, session_name="my_dag.run-1")
    hook.client("s3").list_buckets()

    (assumed,) = aws.made("sts", "AssumeRole")
    assert assumed.parameters["RoleSessionName"] == "my_dag.run-1"
    assert assumed.parameters["ExternalId"] == "tests"
    assert assumed.parameters["RoleArn"] == ROLE


@pytest.mark.parametrize(
    ("conn_id", "extra", "refusal"),
    [
        ("no_such_connection", None, (InputError, "unknown")),
        (None, None, (InputError, "no aws_conn_id")),
        ("", None, (InputError, "no aws_conn_id")),
        ("spoke", {"role_arn": None}, (InputError, "no role_arn")),
        ("spoke", {"role_arn": "trainer"}, (InputError, "not the ARN")),
        ("spoke", {"region_name": None}, (InputError, "no region_name")),
        (
            "spoke",
            {"role_arn": "arn:aws:iam::333333333333:role/x"},
            (WrongAccountError, "acts in account 333333333333"),
        ),
    ],
)
@pytest.mark.parametrize("hook_class", [CrossAccountHook, CrossAccountSageMakerHook])
def test_fails_closed_before_any_call(
    *,
    aws: RecordedAws,
    monkeypatch: pytest.MonkeyPatch,
    hook_class: type,
    conn_id: str | None,
    extra: dict[str, Any] | None,
    refusal: tuple[type[Exception], str],
) -> None:
    if extra is not None:
        monkeypatch.setenv("AIRFLOW_CONN_SPOKE", connection(**extra))
    hook = hook_class(aws_conn_id=conn_id, account_id=SPOKE)

    with pytest.raises(refusal[0], match=refusal[1]):
        hook.get_session()
    with pytest.raises(refusal[0], match=refusal[1]):
        hook.get_session(deferrable=True)
    if isinstance(hook, CrossAccountSageMakerHook):
        with pytest.raises(refusal[0], match=refusal[1]):
            hook.s3_hook.get_conn()
        with pytest.raises(refusal[0], match=refusal[1]):
            hook.logs_hook.get_conn()
    assert aws.calls == []


def test_credentials_of_another_account_are_refused(aws: RecordedAws) -> None:
    aws.script(
        "GetCallerIdentity",
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        "<Arn>arn:aws:sts::444444444444:assumed-role/x/y</Arn><UserId>A:y</UserId><Account>444444444444</Account>"
        "</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>",
    )
    with pytest.raises(WrongAccountError, match="acts in account 444444444444"):
        CrossAccountHook(WEST).client("s3")
    assert {call.action for call in aws.calls} == {"AssumeRole", "GetCallerIdentity"}


def test_another_region_is_refused(aws: RecordedAws) -> None:
    hook = CrossAccountSageMakerHook(aws_conn_id=WEST)
    with pytest.raises(InputError, match="Region us-west-2 and was asked for eu-west-1"):
        hook.get_session(region_name="eu-west-1")
    assert isinstance(hook.get_session(region_name="us-west-2"), boto3.Session)


def test_the_async_client_has_region_and_session_name(aws: RecordedAws) -> None:
    async def use() -> str:
        hook = CrossAccountSageMakerHook(aws_conn_id=EAST, region_name="us-west-2", session_name="d.r")
        async with await hook.get_async_conn() as client:
            await client.list_training_jobs()
            return str(client.meta.region_name)

    assert asyncio.run(use()) == "us-west-2"
    assert [call.region for call in aws.made("sagemaker")] == ["us-west-2"]
    assert [call.parameters["RoleSessionName"] for call in aws.made(action="AssumeRole")] == ["d.r"]
