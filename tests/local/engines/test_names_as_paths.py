"""Names and keys that a client chooses become files of this machine: none may lie outside a job's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.engines.conftest import XGBOOST, Account, package, until


def files(account: Account) -> set[Path]:
    return set(account.world.jobs.parent.rglob("*"))


@pytest.mark.parametrize("name", ["../../escaped", "a/b", "..", "x" * 65])
def test_a_function_is_no_path(account: Account, name: str) -> None:
    client = account.client("lambda")
    client.create_function(
        FunctionName=name,
        Role=account.role("lambda", "lambda"),
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": package("def handler(event, context): return 1")},
    )
    before = files(account)
    with pytest.raises(ClientError) as refused:
        client.invoke(FunctionName=name)
    # `..` does not get as far as that: the client takes it out of the URL.
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404, 501)
    assert files(account) == before


@pytest.mark.parametrize("key", ["scripts/..", "scripts/"])
def test_a_script_is_a_file(account: Account, key: str) -> None:
    bucket = account.bucket("source")
    account.put(bucket, key, "print('never')")
    glue = account.client("glue")
    command = {"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/{key}"}
    glue.create_job(Name="job", Role=account.role("glue", "glue"), Command=command)
    run_id = glue.start_job_run(JobName="job")["JobRunId"]
    run = until(
        lambda: glue.get_job_run(JobName="job", RunId=run_id)["JobRun"], lambda run: run["JobRunState"] == "FAILED"
    )
    assert run["ErrorMessage"].startswith("LAUNCH ERROR | ")
    assert str(account.world.jobs) not in run["ErrorMessage"]


@pytest.mark.parametrize("channel", [".", "..", "a/b"])
def test_a_channel_is_no_path(account: Account, channel: str) -> None:
    bucket = account.bucket("data")
    account.put(bucket, "train/part.csv", "1,2\n")
    source: dict[str, Any] = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/train/"}}
    with pytest.raises(ClientError, match="is not a channel name"):
        account.client("sagemaker").create_training_job(
            TrainingJobName="job",
            RoleArn=account.role("sagemaker", "sagemaker"),
            AlgorithmSpecification={"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
            InputDataConfig=[{"ChannelName": channel, "DataSource": source}],
            OutputDataConfig={"S3OutputPath": f"s3://{bucket}/models"},
            ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )


def test_a_key_does_not_lead_out_of_its_channel(account: Account) -> None:
    bucket = account.bucket("data")
    account.put(bucket, "train/../../../../escaped.csv", "1,2\n")
    client = account.client("sagemaker")
    client.create_training_job(
        TrainingJobName="job",
        RoleArn=account.role("sagemaker", "sagemaker"),
        AlgorithmSpecification={"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/train/"}},
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/models"},
        ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    job = until(
        lambda: client.describe_training_job(TrainingJobName="job"), lambda job: job["TrainingJobStatus"] == "Failed"
    )
    assert "points out of the channel's folder" in job["FailureReason"]
    assert not list(account.world.jobs.parent.rglob("escaped.csv"))
