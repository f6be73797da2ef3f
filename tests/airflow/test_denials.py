"""A denial's explanation is in the task's log, whoever's hook met it."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from botocore.exceptions import ClientError

from crosswind.airflow import AwsTarget, declared_connection, load_topology
from crosswind.airflow.denials import HEADER
from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.triggers.job import RemoteJobTrigger
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, WEST
from tests.airflow.tasks import event_of

WHY = "User: x is not authorized\nFIX   owner 222222222222: add it"
REFUSED = {"__type": "AccessDeniedException", "message": "User: x is not authorized"}


def test_airflows_own_hook_after_the_guard(
    aws: RecordedAws, dags_folder: object, caplog: pytest.LogCaptureFixture
) -> None:
    names = load_topology(f"{dags_folder}/any.py")
    declared_connection(names)({"task": SimpleNamespace(aws_conn_id=EAST)})
    aws.script("HEAD /bucket/key", (403, "", {HEADER: quote(WHY)}))
    with caplog.at_level(logging.WARNING), pytest.raises(ClientError):
        S3Hook(aws_conn_id=EAST).get_conn().head_object(Bucket="bucket", Key="key")
    assert f"s3:HeadObject was denied:\n{WHY}" in caplog.text


def test_a_look_of_the_trigger(aws: RecordedAws, caplog: pytest.LogCaptureFixture) -> None:
    aws.script("DescribeTrainingJob", (400, REFUSED, {HEADER: quote(WHY)}))
    submission = Submission("training", "j", "j", Attempt(Owner("d", "r", "t", -1, 2), 1))
    target = AwsTarget("222222222222", "us-west-2", WEST, "d", "r", "ml")
    trigger = RemoteJobTrigger(
        target=target.document(), submission=submission.document(), check_interval=0, max_attempts=1
    )
    with caplog.at_level(logging.WARNING):
        assert event_of(trigger)["status"] == "gave-up"
    assert f"sagemaker:DescribeTrainingJob was denied:\n{WHY}" in caplog.text
