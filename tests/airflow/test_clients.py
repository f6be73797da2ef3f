"""The clients of a target: one assumed session for each (DAG run, target) in a process, named after the run."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config

from crosswind.airflow import AwsTarget, CrossAccountHook, CrossAccountSageMakerHook, clients_of, load_topology
from crosswind.airflow.hooks import cross_account, sessions
from crosswind.airflow.hooks.cross_account import forget, target_of_connection
from crosswind.errors import InputError, WrongAccountError
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, ROLE, SPOKE, WEST, connection
from tests.airflow.tasks import context

TARGET = AwsTarget(SPOKE, "us-west-2", WEST, "my_dag", "manual__2026-11-22T10:00:00+00:00", "ml")


def assumed(aws: RecordedAws) -> list[dict[str, Any]]:
    return [call.parameters for call in aws.made("sts", "AssumeRole")]


def credentials(seconds: float) -> str:
    """AssumeRole's answer, with credentials that end so many seconds from now."""
    end = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
        f"<AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        f"<Expiration>{end}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:x</AssumedRoleId>"
        f"<Arn>arn:aws:sts::{SPOKE}:assumed-role/x/y</Arn></AssumedRoleUser></AssumeRoleResult>"
        "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"
    )


IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Arn>arn:aws:sts::{SPOKE}:assumed-role/x/y</Arn><UserId>A:y</UserId><Account>{SPOKE}</Account>"
    "</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
    "</GetCallerIdentityResponse>"
)


def use(target: AwsTarget, **settings: Any) -> None:
    clients_of(target, **settings).client("s3").list_buckets()


def test_s3_is_told_whose_bucket_it_must_be(aws: RecordedAws) -> None:
    east = replace(TARGET, region="us-east-1", connection=EAST, site="processing")
    aws.client("s3", "us-east-1").create_bucket(Bucket="some")
    aws.calls.clear()
    s3 = clients_of(east).client("s3")
    s3.put_object(Bucket="some", Key="a", Body=b"1")
    s3.get_object(Bucket="some", Key="a")
    list(s3.get_paginator("list_objects_v2").paginate(Bucket="some"))
    s3.copy_object(Bucket="some", Key="b", CopySource="some/a", ExpectedBucketOwner="333333333333")
    s3.list_buckets()  # of no bucket
    assert [call.owner for call in aws.made("s3")] == [SPOKE, SPOKE, SPOKE, "333333333333", ""]


def test_one_session_for_each_run_and_target_whoever_asks(aws: RecordedAws) -> None:
    east = replace(TARGET, region="us-east-1", connection=EAST, site="processing")
    next_run = replace(TARGET, run_id="manual__2")
    for target in (TARGET, east, next_run):
        for _ in range(3):
            use(target)
            use(target, verify=False, botocore_config={"read_timeout": 7})
            CrossAccountHook(target=target).client("sagemaker").list_training_jobs()
            hook = CrossAccountSageMakerHook(target=target)
            hook.get_conn().list_training_jobs()
            hook.s3_hook.get_conn().list_buckets()
            hook.logs_hook.get_conn().describe_log_groups()

    assert [call["RoleSessionName"] for call in assumed(aws)] == [
        TARGET.session_name,
        east.session_name,
        next_run.session_name,
    ]
    assert len(aws.made("sts", "GetCallerIdentity")) == 3
    assert {call.region for call in aws.calls} == {"us-west-2", "us-east-1"}


def test_threads_share_it(aws: RecordedAws) -> None:
    start = threading.Barrier(8)

    def ask(_: int) -> Any:
        start.wait(10)
        return clients_of(TARGET).client("s3")

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(ask, range(8)))
    assert len(assumed(aws)) == 1
    assert len({id(client) for client in made}) == 1


def test_cloudtrail_is_told_which_run_acts(aws: RecordedAws) -> None:
    use(TARGET)
    (call,) = assumed(aws)
    assert call["RoleArn"] == ROLE
    assert call["ExternalId"] == "tests"
    assert call["RoleSessionName"] == TARGET.session_name
    assert call["SourceIdentity"] == "my_dag"
    tags = {call[f"Tags.member.{n}.Key"]: call[f"Tags.member.{n}.Value"] for n in (1, 2)}
    assert tags == {"crosswind:dag": "my_dag", "crosswind:run": TARGET.run_id}


def test_a_role_that_was_not_made_for_it_is_not_asked_for_more(aws: RecordedAws) -> None:
    """A role of the post's own making lets nobody set an identity or tags: AWS would refuse the whole call."""
    use(replace(TARGET, site=""))
    (call,) = assumed(aws)
    assert call["RoleSessionName"] == TARGET.session_name
    assert not [name for name in call if name.startswith(("SourceIdentity", "Tags"))]


def test_the_connections_own_tags_stay(aws: RecordedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"Tags": [{"Key": "team", "Value": "birds"}, {"Key": "crosswind:dag", "Value": "other"}]}
    extra = connection(region_name="us-west-2", assume_role_kwargs=own)
    monkeypatch.setenv(f"AIRFLOW_CONN_{WEST.upper()}", extra)
    use(TARGET)
    (call,) = assumed(aws)
    tags = {call[f"Tags.member.{n}.Key"]: call[f"Tags.member.{n}.Value"] for n in (1, 2, 3)}
    assert tags == {"team": "birds", "crosswind:dag": "my_dag", "crosswind:run": TARGET.run_id}


def test_credentials_are_renewed_before_they_end(aws: RecordedAws) -> None:
    aws.script("AssumeRole", credentials(300), credentials(3600))
    aws.script("GetCallerIdentity", IDENTITY)
    clients = clients_of(TARGET)
    for _ in range(3):
        clients.client("s3").list_buckets()
    assert len(assumed(aws)) == 2
    assert {call["RoleSessionName"] for call in assumed(aws)} == {TARGET.session_name}


def test_forgotten_credentials_are_made_anew(aws: RecordedAws) -> None:
    use(TARGET)
    forget(TARGET)
    use(TARGET)
    assert len(assumed(aws)) == 2


def test_a_session_that_could_not_be_made_is_tried_again(aws: RecordedAws) -> None:
    refusal = (403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>")
    aws.script("AssumeRole", refusal, credentials(3600))
    aws.script("GetCallerIdentity", IDENTITY)
    with pytest.raises(Exception, match="AccessDenied"):
        use(TARGET)
    use(TARGET)


def test_what_nobody_uses_is_dropped(aws: RecordedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    use(TARGET)
    later = sessions.time.monotonic() + 3601
    monkeypatch.setattr(sessions.time, "monotonic", lambda: later)
    use(replace(TARGET, run_id="another"))
    assert set(cross_account._SESSIONS._kept) == {replace(TARGET, run_id="another")}


@pytest.mark.parametrize("seconds", [3601, "7200"])
def test_a_longer_session_than_chaining_gives_is_refused(
    aws: RecordedAws, monkeypatch: pytest.MonkeyPatch, seconds: Any
) -> None:
    extra = connection(region_name="us-west-2", assume_role_kwargs={"DurationSeconds": seconds})
    monkeypatch.setenv(f"AIRFLOW_CONN_{WEST.upper()}", extra)
    with pytest.raises(InputError, match="a chained role lasts at most 3600 seconds"):
        use(TARGET)
    assert aws.calls == []


def test_another_account_is_refused(aws: RecordedAws) -> None:
    with pytest.raises(WrongAccountError):
        use(replace(TARGET, account="333333333333"))
    assert aws.calls == []


def test_settings_are_the_connections_unless_given(aws: RecordedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = connection(region_name="us-west-2", verify="/ca.pem", config_kwargs={"read_timeout": 11})
    monkeypatch.setenv(f"AIRFLOW_CONN_{WEST.upper()}", extra)
    theirs = clients_of(TARGET).client("s3")
    ours = clients_of(TARGET, verify=False, botocore_config={"read_timeout": 7}).client("s3")
    assert (theirs.meta.config.read_timeout, ours.meta.config.read_timeout) == (11, 7)
    assert theirs.meta.endpoint_url == ours.meta.endpoint_url == aws.url
    assert theirs._endpoint.http_session._verify == "/ca.pem"
    assert ours._endpoint.http_session._verify is False


def test_a_client_may_have_settings_of_its_own(aws: RecordedAws) -> None:
    clients = clients_of(TARGET, botocore_config={"connect_timeout": 3})
    patient = clients.client("lambda", config=Config(read_timeout=910))
    assert (patient.meta.config.read_timeout, patient.meta.config.connect_timeout) == (910, 3)
    assert clients.client("lambda", config=Config(read_timeout=910)) is patient
    assert clients.client("lambda") is not patient


def test_a_connection_leads_to_its_target(aws: RecordedAws, dags_folder: Any) -> None:
    names = load_topology(f"{dags_folder}/any.py")
    undeclared = target_of_connection(WEST, context())
    assert (undeclared.account, undeclared.region, undeclared.site) == (SPOKE, "us-west-2", "")
    assert target_of_connection(WEST, context(), names=names).site == "ml"
    assert target_of_connection(WEST, context(), names=names, region_name="us-east-1").site == ""
    with pytest.raises(InputError, match="unknown"):
        target_of_connection("none", context())
    with pytest.raises(WrongAccountError):
        target_of_connection(WEST, context(), account_id="333333333333")
    assert aws.calls == []
