"""The resource of a call, in a few words, for the request log. Best effort: a wrong guess harms nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.edge.call import Call

__all__ = ["logged_parameters", "resource_of"]

# The members that name what a call works on, the most telling first.
_NAMES = (
    "TrainingJobName", "ProcessingJobName", "FunctionName", "RoleArn", "JobName", "StackName", "StackSetName",
    "SecretId", "RoleName", "PolicyArn", "PolicyName", "UserName", "logGroupName", "KeyId", "QueueUrl", "TopicArn",
    "TableName", "DatabaseName", "VpcId", "ResourceArn", "resourceArn", "Name", "name", "ARN", "Arn", "arn",
    "Id", "id",
)  # fmt: skip
_SECOND = {"RoleName": "PolicyName", "JobName": "RunId", "logGroupName": "logStreamName", "Name": "Path"}
# What tests and people ask of the log later; nothing secret.
_LOGGED = {
    ("sts", "AssumeRole"): ("RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds", "SourceIdentity"),
    ("s3", "GetObject"): ("VersionId",),
    ("s3", "HeadObject"): ("VersionId",),
    ("s3", "ReplicateObject"): ("VersionId",),
    ("s3", "GetObjectVersionForReplication"): ("VersionId",),
    ("s3", "ReplicateDelete"): ("VersionId",),
    ("s3", "ListObjectsV2"): ("Prefix",),
}
_LONGEST = 512


def resource_of(call: Call) -> str:
    """Such as `bucket/key`, a job's name, a role's ARN; empty when nothing tells."""
    parameters = call.parameters
    if call.service == "s3":
        bucket, key = parameters.get("Bucket", ""), parameters.get("Key")
        return f"{bucket}/{key}"[:_LONGEST] if key is not None else str(bucket)
    for name in _NAMES:
        value = parameters.get(name)
        if isinstance(value, str) and value:
            second = parameters.get(_SECOND.get(name, ""))
            return f"{value}/{second}"[:_LONGEST] if isinstance(second, str) else value[:_LONGEST]
    return ""


def logged_parameters(call: Call) -> Mapping[str, Any]:
    """The few parameters that the log keeps."""
    names = _LOGGED.get((call.service, call.operation), ())
    return {name: call.parameters[name] for name in names if name in call.parameters}
