"""SageMaker's container contract: metrics, arguments, archives, and what is refused."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from crosswind.local.edge.call import ServiceError
from crosswind.local.engines.container import (
    BUILT_IN_METRICS,
    OptMl,
    final_metrics,
    script_environment,
    script_words,
    unpack,
)
from crosswind.local.engines.sagemaker import algorithm_of
from crosswind.local.engines.storage import split
from crosswind.local.engines.training_rules import check_request

LOG = (
    "[0]\ttrain-auc:0.90000\ttrain-error:0.2\tvalidation-auc:0.80000\n"
    "[1]\ttrain-auc:0.95000\ttrain-error:1e-2\tvalidation-auc:0.85000\n"
)
REQUEST: dict[str, Any] = {
    "TrainingJobName": "job-1",
    "RoleArn": "arn:aws:iam::222222222222:role/sagemaker",
    "AlgorithmSpecification": {"TrainingImage": "1.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1"},
    "HyperParameters": {"num_round": "2"},
    "InputDataConfig": [
        {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/train/"}}}
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://b/models/"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


def test_the_last_value_of_each_built_in_metric() -> None:
    assert final_metrics(LOG, BUILT_IN_METRICS) == {
        "train:auc": 0.95,
        "train:error": 0.01,
        "validation:auc": 0.85,
    }


@pytest.mark.parametrize("expression", [r"#011validation-auc:(\S+)", r"\tvalidation-auc:([0-9.]+)"])
def test_expressions_of_a_request_match_tabs_and_their_escape(expression: str) -> None:
    assert final_metrics(LOG, [("auc", expression)]) == {"auc": 0.85}


def test_a_group_that_is_no_number_is_passed_over() -> None:
    assert final_metrics("loss=0.5\nloss=unknown\n", [("loss", r"loss=(\w+\.?\w*)")]) == {"loss": 0.5}


def test_hyperparameters_become_arguments_without_sagemakers_own() -> None:
    given = {"sagemaker_program": '"train.py"', "alpha": '"text"', "n": "3", "b": "0.5"}
    assert script_words(given) == ["--alpha", "text", "-b", "0.5", "-n", "3"]


def test_script_environment_and_configuration_files(tmp_path: Path) -> None:
    opt_ml = OptMl(tmp_path)
    request = REQUEST | {
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": '"s3://b/code.tar.gz"',
            "max-depth": "3",
        }
    }
    opt_ml.configure(request)
    variables = script_environment(opt_ml, request)
    assert variables["SM_CHANNEL_TRAIN"] == str(tmp_path / "input/data/train")
    assert variables["SM_HP_MAX_DEPTH"] == "3"
    assert variables["SM_USER_ENTRY_POINT"] == "train.py"
    assert variables["SM_MODULE_DIR"] == "s3://b/code.tar.gz"
    assert json.loads(variables["SM_HPS"]) == {"max-depth": "3"}
    resources = json.loads((tmp_path / "input/config/resourceconfig.json").read_text())
    assert resources["hosts"] == ["algo-1"]


def test_an_archive_may_not_leave_its_folder(tmp_path: Path) -> None:
    archive = tmp_path / "bad.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        entry = tarfile.TarInfo("../outside.py")
        tar.addfile(entry, io.BytesIO(b""))
    with pytest.raises(tarfile.OutsideDestinationError):
        unpack(archive, tmp_path / "code")


@pytest.mark.parametrize(
    ("image", "algorithm"),
    [
        ("246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1", "xgboost"),
        ("1.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3", "sklearn"),
        ("1.dkr.ecr.us-west-2.amazonaws.com/my-sagemaker-xgboost:1", ""),
        ("sagemaker-xgboost", ""),
    ],
)
def test_algorithm_of_an_image(image: str, algorithm: str) -> None:
    assert algorithm_of(image) == algorithm


@pytest.mark.parametrize("uri", ["http://b/k", "s3:///k", "b/k", ""])
def test_no_s3_uri(uri: str) -> None:
    with pytest.raises(ValueError, match="is not an S3 URI"):
        split(uri)


def test_the_request_is_accepted() -> None:
    check_request(REQUEST)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TrainingJobName": "no_underscore"}, "trainingJobName"),
        ({"TrainingJobName": "x" * 64}, "trainingJobName"),
        ({"RoleArn": "sagemaker"}, "roleArn"),
        ({"ResourceConfig": None}, "Member must not be null"),
        ({"OutputDataConfig": {"S3OutputPath": "/tmp"}}, "is not an S3 URI"),
        ({"VpcConfig": {"Subnets": ["s"], "SecurityGroupIds": ["g"]}}, "a VPC for training"),
        ({"InputDataConfig": [{"ChannelName": "train", "DataSource": {"FileSystemDataSource": {}}}]}, "S3Prefix alone"),
    ],
)
def test_requests_that_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as refused:
        check_request(REQUEST | changes)
    assert refused.value.code == "ValidationException"
