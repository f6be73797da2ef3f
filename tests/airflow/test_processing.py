"""The processing operator: a request in S3, named after the attempt, at a declared site or by a connection."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from crosswind.airflow import CrossAccountSageMakerProcessingOperator as Processing
from crosswind.airflow import load_topology
from crosswind.airflow.context import owner_of
from crosswind.airflow.owner import Attempt
from crosswind.errors import InputError, RunError
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import SPOKE, WEST
from tests.airflow.tasks import context, finish

ATTEMPT = Attempt(owner_of(context("process")), 1)
JOB = ATTEMPT.name
ARN = f"arn:aws:sagemaker:us-west-2:{SPOKE}:processing-job/{JOB}"
NO_SUCH_JOB = (400, {"__type": "ValidationException", "message": "Could not find requested job"})
REQUEST = {
    "ProcessingJobName": "${job_name}",
    "RoleArn": f"arn:aws:iam::{SPOKE}:role/sagemaker",
    "AppSpecification": {"ImageUri": "x:1"},
    "ProcessingResources": {
        "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": "${size}"}
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 900},
}


def described(status: str, **more: Any) -> dict[str, Any]:
    base = {"ProcessingJobName": JOB, "ProcessingJobArn": ARN, "ProcessingJobStatus": status}
    return base | {"ProcessingResources": {}, "AppSpecification": {}, "CreationTime": 1.0} | more


DONE = described(
    "Completed",
    ExitMessage="42 rows",
    ProcessingOutputConfig={
        "Outputs": [{"OutputName": "out", "S3Output": {"S3Uri": "s3://b/out/", "S3UploadMode": "EndOfJob"}}]
    },
)


@pytest.fixture(autouse=True)
def _config(aws: RecordedAws) -> None:
    s3 = aws.client("s3", "us-west-2")
    s3.create_bucket(Bucket="configs", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="configs", Key="p.json", Body=json.dumps(REQUEST).encode())
    aws.script("CreateProcessingJob", {"ProcessingJobArn": ARN})
    aws.calls.clear()


def operator(**changes: Any) -> Any:
    settings = {"config_bucket": "configs", "config_key": "p.json", "substitutions": {"size": "5"}}
    return Processing(**{"task_id": "process", "check_interval": 0.01, **settings, **changes})


@pytest.mark.parametrize("deferrable", [True, False])
def test_processes(aws: RecordedAws, dags_folder: object, deferrable: bool) -> None:
    names = load_topology(f"{dags_folder}/any.py")
    aws.script("DescribeProcessingJob", NO_SUCH_JOB, described("InProgress"), DONE)
    result = finish(lambda: operator(names=names, site="ml", deferrable=deferrable), context("process"))
    assert result == {
        "job_name": JOB,
        "job_arn": ARN,
        "outputs": {"out": "s3://b/out/"},
        "exit_message": "42 rows",
        "token": ATTEMPT.token,
    }
    (request,) = [call.parameters for call in aws.made("sagemaker", "CreateProcessingJob")]
    assert request["ProcessingJobName"] == JOB
    assert request["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"] == 5
    assert {call.region for call in aws.calls} == {"us-west-2"}


def test_by_a_connection_alone(aws: RecordedAws) -> None:
    aws.script("DescribeProcessingJob", NO_SUCH_JOB, DONE)
    assert finish(lambda: operator(aws_conn_id=WEST), context("process"))["job_name"] == JOB


def test_a_failure_says_why(aws: RecordedAws) -> None:
    aws.script("DescribeProcessingJob", NO_SUCH_JOB, described("Failed", FailureReason="AlgorithmError: exit 1"))
    with pytest.raises(RunError, match="AlgorithmError: exit 1"):
        finish(lambda: operator(aws_conn_id=WEST), context("process"))


def test_a_declared_job_has_its_site_and_its_configuration(aws: RecordedAws, dags_folder: object) -> None:
    names = load_topology(f"{dags_folder}/any.py")
    training = names.job("penguins_training")
    job = replace(training, type="sagemaker_processing", config_bucket="configs", config_key="p.json")
    names = replace(names, jobs={**names.jobs, "score": job})
    aws.script("DescribeProcessingJob", NO_SUCH_JOB, DONE)
    made = operator(names=names, job="score", config_bucket=None, config_key=None)
    assert finish(lambda: made, context("process"))["outputs"] == {"out": "s3://b/out/"}
    assert {call.region for call in aws.calls} == {"us-west-2"}
    with pytest.raises(
        InputError, match=r"no sagemaker_processing job 'penguins_training' is declared\. Declared: score"
    ):
        operator(names=names, job="penguins_training", config_bucket=None, config_key=None)
