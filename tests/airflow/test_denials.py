"""A denial's explanation is in the task's log, whoever's hook met it."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from botocore.exceptions import ClientError

from crosswind.airflow import CrossAccountSageMakerHook, declared_connection, load_topology
from crosswind.airflow.denials import HEADER
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, WEST

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
    async def look() -> None:
        async with await CrossAccountSageMakerHook(aws_conn_id=WEST).get_async_conn() as client:
            await client.describe_training_job(TrainingJobName="j")

    aws.script("DescribeTrainingJob", (400, REFUSED, {HEADER: quote(WHY)}))
    with caplog.at_level(logging.WARNING), pytest.raises(ClientError):
        asyncio.run(look())
    assert f"sagemaker:DescribeTrainingJob was denied:\n{WHY}" in caplog.text
