"""Training jobs through the API: built-in XGBoost and scikit-learn scripts, under the job's own role."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import xgboost
from botocore.exceptions import ClientError

from tests.local.engines.conftest import EXAMPLE, SKLEARN, XGBOOST, Account, until
from tests.local.engines.test_glue import PENGUINS, SCRIPT, GlueJob

WEST = "us-west-2"
TABLE = "".join(f"{n % 2},{n % 2 + n / 100:.3f},{n}\n" for n in range(60))


class Training:
    """A bucket and a role in us-west-2, and the jobs that use them."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.client = account.client("sagemaker", WEST)
        self.bucket = account.bucket("destination", WEST)
        self.role = account.role("sagemaker", "sagemaker")

    def put(self, key: str, body: bytes | str) -> None:
        self.account.put(self.bucket, key, body, WEST)

    def request(self, name: str, channels: tuple[str, ...] = ("train", "validation"), **changes: Any) -> dict[str, Any]:
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
            "HyperParameters": {"num_round": "5", "objective": "binary:logistic", "eval_metric": "auc"},
            "InputDataConfig": [
                {
                    "ChannelName": channel,
                    "ContentType": "text/csv",
                    "DataSource": {
                        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/data/{channel}/"}
                    },
                }
                for channel in channels
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 300},
        }
        return request | changes

    def ended(self, name: str) -> Any:
        return until(
            lambda: self.client.describe_training_job(TrainingJobName=name),
            lambda job: job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"),
        )

    def run(self, request: dict[str, Any]) -> Any:
        self.client.create_training_job(**request)
        return self.ended(request["TrainingJobName"])

    def script(self, name: str, source: str, **changes: Any) -> dict[str, Any]:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            entry = tarfile.TarInfo("train.py")
            entry.size = len(source.encode())
            tar.addfile(entry, io.BytesIO(source.encode()))
        self.put(f"code/{name}.tar.gz", buffer.getvalue())
        hyperparameters = {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{self.bucket}/code/{name}.tar.gz",
            "C": "0.5",
        }
        specification = {
            "TrainingImage": SKLEARN,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "score", "Regex": "score=([0-9.]+)"}],
        }
        return self.request(
            name, ("train",), HyperParameters=hyperparameters, AlgorithmSpecification=specification, **changes
        )


@pytest.fixture
def training(account: Account) -> Training:
    return Training(account)


def test_the_example_trains_on_what_its_glue_job_wrote(account: Account, training: Training, tmp_path: Path) -> None:
    job = GlueJob(account, SCRIPT)
    account.put(job.bucket, "raw/x.csv", PENGUINS)
    run = job.run(Arguments={"--bucket": job.bucket, "--input": "raw/x.csv", "--prefix": "transformed/r/"})
    assert run["JobRunState"] == "SUCCEEDED", run
    for key in account.keys(job.bucket, "transformed/"):
        training.put(key, account.client("s3").get_object(Bucket=job.bucket, Key=key)["Body"].read())

    text = (EXAMPLE / "jobs/sagemaker/penguins_training.json").read_text()
    values = {
        "DestinationBucketName": training.bucket,
        "SageMakerRoleArn": training.role,
        "XGBoostImage": XGBOOST,
        "prefix": "transformed/r/",
        "job_name": "penguins-1",
    }
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    done = training.run(json.loads(text))
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    metrics = {metric["MetricName"]: metric["Value"] for metric in done["FinalMetricDataList"]}
    assert set(metrics) == {"train:auc", "train:error", "validation:auc", "validation:error"}
    assert metrics["validation:auc"] > 0.9
    assert [t["Status"] for t in done["SecondaryStatusTransitions"]] == [
        "Starting", "Downloading", "Training", "Uploading", "Completed",
    ]  # fmt: skip
    assert done["TrainingTimeInSeconds"] == done["BillableTimeInSeconds"] >= 1

    uri = f"s3://{training.bucket}/models/penguins-1/output/model.tar.gz"
    assert done["ModelArtifacts"]["S3ModelArtifacts"] == uri
    body = account.client("s3", WEST).get_object(Bucket=training.bucket, Key=uri.split("/", 3)[3])["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        assert tar.getnames() == ["xgboost-model"]
        tar.extractall(tmp_path, filter="data")
    booster = xgboost.Booster(model_file=str(tmp_path / "xgboost-model"))
    assert booster.num_boosted_rounds() == 50
    assert booster.num_features() == 12

    mine = f"arn:aws:sts::{account.id}:assumed-role/sagemaker/SageMaker"
    acted = [r for r in account.requests() if r["principal"] == mine]
    assert {r["region"] for r in acted} == {WEST}
    assert {r["via"] for r in acted} == {"sagemaker"}
    assert {"GetObject", "PutObject", "PutLogEvents"} <= {r["operation"] for r in acted}
    logs = account.client("logs", WEST)
    streams = logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="penguins-1/algo-1-"
    )["logStreams"]
    lines = account.logs("/aws/sagemaker/TrainingJobs", streams[0]["logStreamName"], WEST)
    assert any(line.startswith("[49]\ttrain-error:") for line in lines)


def test_marker_files_are_no_data(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    training.put("data/train/_SUCCESS", "not,data")
    training.put("data/train/.crc", "not,data")
    done = training.run(training.request("markers", ("train",)))
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    assert [metric["MetricName"] for metric in done["FinalMetricDataList"]] == ["train:auc"]


def test_a_prefix_without_its_slash_is_the_folder_all_the_same(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    training.put("data/train/deep/more.csv", TABLE)
    source = """
import os, pathlib
channel = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"])
print(sorted(str(path.relative_to(channel)) for path in channel.rglob("*.csv")))
"""
    request = training.script("slashless", source)
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{training.bucket}/data/train"
    assert training.run(request)["TrainingJobStatus"] == "Completed"
    group = "/aws/sagemaker/TrainingJobs"
    logs = training.account.client("logs", WEST)
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="slashless/")["logStreams"]
    assert training.account.logs(group, stream["logStreamName"], WEST) == ["['deep/more.csv', 'part.csv']"]


@pytest.mark.parametrize(
    ("table", "hyperparameters", "reason"),
    [
        (TABLE, {"objective": "binary:logistic"}, "ClientError: Missing required hyperparameter: num_round"),
        (TABLE, {"num_round": "no"}, "ClientError: Hyperparameter num_round: value 'no' is not an integer"),
        ("label,a\n1,2\n", {"num_round": "2"}, "ClientError: Failed to load csv data with exception: could not"),
        ("1,2\n1,2,3\n", {"num_round": "2"}, "ClientError: The rows of the train channel differ in length"),
        (TABLE, {"num_round": "2", "objective": "no:such"}, "ClientError: XGB train call failed with exception"),
    ],
    ids=["no-rounds", "bad-rounds", "header", "ragged", "objective"],
)
def test_bad_input_fails_with_a_reason(
    training: Training, table: str, hyperparameters: dict[str, str], reason: str
) -> None:
    training.put("data/train/part.csv", table)
    done = training.run(training.request("bad", ("train",), HyperParameters=hyperparameters))
    assert done["TrainingJobStatus"] == done["SecondaryStatus"] == "Failed"
    assert done["FailureReason"].startswith(reason)
    assert done["FailureReason"].endswith("exit code: 2")
    assert training.account.keys(training.bucket, "models/", WEST) == []


def test_scikit_learn_script(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    source = """
import argparse, json, os, pathlib, numpy
from sklearn.linear_model import LogisticRegression
parser = argparse.ArgumentParser()
parser.add_argument("-C", type=float)
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
args = parser.parse_args()
table = numpy.loadtxt(next(pathlib.Path(args.train).glob("*.csv")), delimiter=",")
model = LogisticRegression(C=args.C).fit(table[:, 1:2], table[:, 0])
print(f"score={model.score(table[:, 1:2], table[:, 0])}")
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps({"C": args.C}))
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "note.txt").write_text("extra")
"""
    done = training.run(training.script("sklearn-1", source))
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    assert {metric["MetricName"]: metric["Value"] > 0.9 for metric in done["FinalMetricDataList"]} == {"score": True}
    assert training.account.keys(training.bucket, "models/", WEST) == [
        "models/sklearn-1/output/model.tar.gz", "models/sklearn-1/output/output.tar.gz",
    ]  # fmt: skip


def test_failing_script_gives_its_error(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    done = training.run(training.script("sklearn-2", "raise ValueError('no good rows')\n"))
    assert done["TrainingJobStatus"] == "Failed"
    assert done["FailureReason"] == (
        'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "ValueError: no good rows"\n'
        'Command "python train.py -C 0.5", exit code: 1'
    )


def test_max_runtime_ends_the_job_and_keeps_what_was_saved(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    source = (
        "import os, pathlib, time\npathlib.Path(os.environ['SM_MODEL_DIR'], 'half').write_text('x')\ntime.sleep(300)\n"
    )
    request = training.script("slow", source, StoppingCondition={"MaxRuntimeInSeconds": 2})
    done = training.run(request)
    assert (done["TrainingJobStatus"], done["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert training.account.keys(training.bucket, "models/", WEST) == ["models/slow/output/model.tar.gz"]


def test_stop(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    training.client.create_training_job(**training.script("stopped", "import time\ntime.sleep(300)\n"))
    until(
        lambda: training.client.describe_training_job(TrainingJobName="stopped"),
        lambda job: job["SecondaryStatus"] == "Training",
    )
    training.client.stop_training_job(TrainingJobName="stopped")
    done = training.ended("stopped")
    assert (done["TrainingJobStatus"], done["SecondaryStatus"]) == ("Stopped", "Stopped")
    with pytest.raises(ClientError) as refused:
        training.client.stop_training_job(TrainingJobName="stopped")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_name_is_used_once_for_ever(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    request = training.request("once", ("train",), Tags=[{"Key": "run", "Value": "r1"}])
    training.run(request)
    with pytest.raises(ClientError) as refused:
        training.client.create_training_job(**request)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    arn = f"arn:aws:sagemaker:{WEST}:{training.account.id}:training-job/once"
    assert training.client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "run", "Value": "r1"}]
    training.client.add_tags(ResourceArn=arn, Tags=[{"Key": "more", "Value": "m"}])
    assert len(training.client.list_tags(ResourceArn=arn)["Tags"]) == 2
    listed = training.client.list_training_jobs(NameContains="onc", StatusEquals="Completed")
    assert [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]] == ["once"]


def test_what_cannot_be_accepted_is_refused(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    image = {"AlgorithmSpecification": {"TrainingImage": "x.dkr.ecr/blazingtext:1", "TrainingInputMode": "File"}}
    cases: list[tuple[dict[str, Any], str]] = [
        (training.request("no-data"), f's3://{training.bucket}/data/validation/" given in input data source'),
        (training.request("image", ("train",), **image), "sagemaker-xgboost"),
        (training.request("spot", ("train",), EnableManagedSpotTraining=True), "spot training"),
        (training.request("two", ("train",), ResourceConfig={"InstanceCount": 2, "VolumeSizeInGB": 1}), "one machine"),
        (training.request("role", ("train",), RoleArn=training.role + "x"), "Could not assume role"),
    ]
    for request, message in cases:
        with pytest.raises(ClientError) as refused:
            training.client.create_training_job(**request)
        assert refused.value.response["Error"]["Code"] == "ValidationException"
        assert message in refused.value.response["Error"]["Message"]
    assert training.client.list_training_jobs()["TrainingJobSummaries"] == []


def test_unknown_job(training: Training) -> None:
    with pytest.raises(ClientError) as refused:
        training.client.describe_training_job(TrainingJobName="nobody")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_jobs_are_listed_over_pages_by_name_status_and_time(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    names = ["train-raw-1", "train-raw-2", "other-1"]
    source = "import time\ntime.sleep(300)\n"
    for name in names:
        training.client.create_training_job(**training.script(name, source))
    pages = training.client.get_paginator("list_training_jobs")

    def listed(**asked: Any) -> list[str]:
        found = pages.paginate(PaginationConfig={"PageSize": 1}, **asked)
        return [job["TrainingJobName"] for page in found for job in page["TrainingJobSummaries"]]

    assert listed() == names  # ascending by creation, as the API's reference says
    assert listed(SortOrder="Descending") == names[::-1]
    assert listed(NameContains="raw") == names[:2]
    assert listed(NameContains="raw", SortBy="Name", SortOrder="Descending") == names[1::-1]
    second = training.client.describe_training_job(TrainingJobName=names[1])["CreationTime"]
    assert listed(CreationTimeAfter=second) == names[1:]
    training.client.stop_training_job(TrainingJobName=names[0])
    training.ended(names[0])
    assert listed(StatusEquals="InProgress") == names[1:]
    assert listed(StatusEquals="Stopped") == names[:1]
    with pytest.raises(ClientError, match="between 1 and 100"):
        training.client.list_training_jobs(MaxResults=101)


def test_a_jobs_arn_is_in_lower_case(training: Training) -> None:
    training.put("data/train/part.csv", TABLE)
    name = "train-Manual-2026T1"
    tags = [{"Key": "crosswind:owner", "Value": "a"}]
    arn = training.client.create_training_job(**training.script(name, "pass\n", Tags=tags))["TrainingJobArn"]
    assert arn.endswith(":training-job/train-manual-2026t1")
    assert training.client.list_tags(ResourceArn=arn)["Tags"] == tags
    assert training.client.describe_training_job(TrainingJobName=name)["TrainingJobArn"] == arn
