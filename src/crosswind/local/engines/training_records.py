"""A training job as DescribeTrainingJob returns it, from its creation to its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.engines.sagemaker import TrainingOutcome
from crosswind.local.engines.sagemaker_jobs import Kind, now

__all__ = ["TRAINING", "end", "move", "new_record"]

TRAINING = Kind(
    "Training",
    (
        "TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingEndTime", "LastModifiedTime",
        "TrainingJobStatus", "SecondaryStatus",
    ),
    "Training job names must be unique within an AWS account and region, and a training job with this name already"
    " exists",
    "Requested resource not found.",
)  # fmt: skip
"""How the API speaks of training jobs."""

_MESSAGES = {
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


def new_record(request: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """A job just created."""
    at = now()
    return {
        **request,
        "TrainingJobArn": arn,
        "ModelArtifacts": {"S3ModelArtifacts": ""},
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "CreationTime": at,
        "LastModifiedTime": at,
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": request.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": False,
        "SecondaryStatusTransitions": [
            {"Status": "Starting", "StartTime": at, "StatusMessage": "Preparing the instances for training"}
        ],
    }


def move(record: dict[str, Any], status: str, secondary: str, message: str) -> None:
    """Enter a secondary status; a job that is stopping does not go back to work."""
    if record["TrainingJobStatus"] == "Stopping" and status == "InProgress":
        return
    at = now()
    transitions = record["SecondaryStatusTransitions"]
    transitions[-1].setdefault("EndTime", at)
    transitions.append({"Status": secondary, "StartTime": at, "StatusMessage": message})
    if secondary == "Downloading":
        record["TrainingStartTime"] = at
    record |= {"TrainingJobStatus": status, "SecondaryStatus": secondary, "LastModifiedTime": at}


def end(record: dict[str, Any], outcome: TrainingOutcome) -> None:
    """Write down how a job ended."""
    message = _MESSAGES.get(outcome.secondary, f"Training job failed: {outcome.reason}")
    move(record, outcome.status, outcome.secondary, message)
    at = record["LastModifiedTime"]
    record["TrainingEndTime"] = at
    record["SecondaryStatusTransitions"][-1]["EndTime"] = at
    if "TrainingStartTime" in record:
        seconds = max(1, round((at - record["TrainingStartTime"]).total_seconds()))
        record |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
    if outcome.reason:
        record["FailureReason"] = outcome.reason
    if outcome.artifacts:
        record["ModelArtifacts"] = {"S3ModelArtifacts": outcome.artifacts}
    record["FinalMetricDataList"] = [
        {"MetricName": name, "Value": value, "Timestamp": at} for name, value in outcome.metrics.items()
    ]
