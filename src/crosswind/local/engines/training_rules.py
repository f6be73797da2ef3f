"""What SageMaker checks before it accepts a training job, and what the local world must refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from crosswind.local.edge.call import ServiceError
from crosswind.local.engines.sagemaker import SESSION_NAME, algorithm_of
from crosswind.local.engines.sessions import Roles, RoleSession
from crosswind.local.engines.storage import split

__all__ = ["NAME", "ROLE", "InputCheck", "check_request"]

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
"""What SageMaker takes as a job's name, and as a role."""
# AWS takes `.` and `..` too; here a channel is a folder.
_CHANNEL = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9\.\-_]{1,64}")
# What changes how a job runs, and cannot be done on one machine without containers.
_REFUSED = {
    "EnableManagedSpotTraining": "spot training",
    "VpcConfig": "a VPC for training",
    "EnableNetworkIsolation": "network isolation",
    "CheckpointConfig": "checkpoints",
    "RetryStrategy": "retries of a training job",
}


def check_request(request: Mapping[str, Any]) -> None:
    """Check a CreateTrainingJob request.

    Raises:
        ServiceError: ValidationException, with AWS's text where AWS has the rule, else with what the local world
            offers.
    """
    _check_fields(request)
    image = request["AlgorithmSpecification"].get("TrainingImage", "")
    algorithm = algorithm_of(image)
    if not algorithm:
        raise _invalid(
            f"The local world has nothing to run for the training image {image!r}. It offers"
            " <registry>/sagemaker-xgboost:<version> (built-in algorithm, or a script) and"
            " <registry>/sagemaker-scikit-learn:<version> (a script named by sagemaker_program and"
            " sagemaker_submit_directory)."
        )
    hyperparameters = request.get("HyperParameters", {})
    if algorithm == "sklearn" and "sagemaker_program" not in hyperparameters:
        raise _invalid("The local world runs sagemaker-scikit-learn in script mode: name sagemaker_program.")
    if "sagemaker_program" in hyperparameters and "sagemaker_submit_directory" not in hyperparameters:
        raise _invalid("Script mode needs the hyperparameter sagemaker_submit_directory (s3://.../sourcedir.tar.gz).")
    for key, what in _REFUSED.items():
        if request.get(key):
            raise _invalid(f"The local world cannot do {what} truthfully: leave {key} out.")
    if request["ResourceConfig"].get("InstanceCount", 1) != 1:
        raise _invalid("The local world trains on one machine: ResourceConfig.InstanceCount must be 1.")
    for channel in request.get("InputDataConfig", []):
        _check_channel(channel)


def _check_fields(request: Mapping[str, Any]) -> None:
    name = request["TrainingJobName"]
    if not NAME.fullmatch(name):
        raise _invalid(
            f"1 validation error detected: Value '{name}' at 'trainingJobName' failed to satisfy constraint:"
            " Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
        )
    if not ROLE.fullmatch(request["RoleArn"]):
        raise _invalid(f"1 validation error detected: Value '{request['RoleArn']}' at 'roleArn' is no role's ARN")
    # Not marked as required in the API's model, since serverless jobs do without; these jobs do not.
    for member in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
        if not request.get(member):
            raise _invalid(f"1 validation error detected: Value null at '{member}' failed to satisfy constraint:"
                           " Member must not be null")  # fmt: skip
    try:
        split(request["OutputDataConfig"]["S3OutputPath"])
    except ValueError as error:
        raise _invalid(f"OutputDataConfig.S3OutputPath: {error}") from error


def _check_channel(channel: Mapping[str, Any]) -> None:
    name, source = channel["ChannelName"], channel.get("DataSource", {}).get("S3DataSource", {})
    if not _CHANNEL.fullmatch(name):
        raise _invalid(f"1 validation error detected: Value '{name}' at 'channelName' is not a channel name")
    if source.get("S3DataType", "S3Prefix") != "S3Prefix" or "S3Uri" not in source:
        raise _invalid(f"Channel {name}: the local world reads S3Prefix alone.")
    if channel.get("InputMode", "File") not in ("File", "FastFile") or channel.get("CompressionType", "None") != "None":
        raise _invalid(f"Channel {name}: the local world reads in File mode, not compressed.")
    try:
        split(source["S3Uri"])
    except ValueError as error:
        raise _invalid(f"Channel {name}: {error}") from error


class InputCheck:
    """Asks S3, as the job's role, whether each channel holds something; SageMaker does so before it accepts.

    Args:
        roles: issues the role's session, for `sagemaker`.
    """

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    def check(self, request: Mapping[str, Any], region: str, arn: str = "") -> None:
        """Check all channels.

        Args:
            request: the CreateTrainingJob request.
            region: the job's Region, where the buckets must be.
            arn: the job's, for which its role is assumed (`aws:SourceArn`).

        Raises:
            ServiceError: ValidationException, in AWS's words.
        """
        role = request["RoleArn"]
        s3 = self.session(role, region, arn).client("s3")
        for channel in request.get("InputDataConfig", []):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            bucket, prefix = split(uri)
            more = ""
            try:
                page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
                place = page["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", region)
                if place == region and page.get("KeyCount"):
                    continue
                if place != region:
                    more = f" The bucket is in {place}."
            except ClientError as error:
                more = f" Error message from S3: {error.response['Error'].get('Message') or error}"
            raise _invalid(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the'
                f" bucket exists in the selected region ({region}), that objects exist under that S3 prefix, and"
                f' that the role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}".{more}'
            )

    def session(self, role: str, region: str, arn: str = "") -> RoleSession:
        """A session of a job's role; raises ServiceError (ValidationException) when SageMaker may not assume it."""
        try:
            return self._roles.session(role, SESSION_NAME, region, source_arn=arn)
        except ServiceError as error:
            raise _invalid(
                f"Could not assume role {role}. Please ensure that the role exists and allows principal"
                f" 'sagemaker.amazonaws.com' to assume the role. ({error.message})"
            ) from error


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
