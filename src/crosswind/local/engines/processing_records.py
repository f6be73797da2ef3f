"""A processing job as DescribeProcessingJob returns it, from its creation to its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.engines.processing import ProcessingOutcome
from crosswind.local.engines.sagemaker_jobs import Kind, now

__all__ = ["PROCESSING", "begin", "end", "halt", "new_record"]

PROCESSING = Kind(
    "Processing",
    (
        "ProcessingJobName", "ProcessingJobArn", "CreationTime", "ProcessingEndTime", "LastModifiedTime",
        "ProcessingJobStatus", "FailureReason", "ExitMessage",
    ),
    "Job name must be unique within an AWS account and region, and a job with this name already exists",
    "Could not find requested job with name: {name}",
)  # fmt: skip
"""How the API speaks of processing jobs."""


def new_record(request: Mapping[str, Any], arn: str, seconds: int) -> dict[str, Any]:
    """A job just created.

    Args:
        request: the CreateProcessingJob request, without its tags.
        arn: the job's.
        seconds: how long it may run, also when the request leaves that to SageMaker.
    """
    at = now()
    return {
        **request,
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        "ProcessingJobArn": arn,
        "ProcessingJobStatus": "InProgress",
        "CreationTime": at,
        "LastModifiedTime": at,
    }


def begin(record: dict[str, Any]) -> None:
    """The container starts."""
    at = now()
    record |= {"ProcessingStartTime": at, "LastModifiedTime": at}


def halt(record: dict[str, Any]) -> None:
    """Somebody has asked for the end."""
    record |= {"ProcessingJobStatus": "Stopping", "LastModifiedTime": now()}


def end(record: dict[str, Any], outcome: ProcessingOutcome) -> None:
    """Write down how a job ended."""
    at = now()
    record |= {"ProcessingJobStatus": outcome.status, "ProcessingEndTime": at, "LastModifiedTime": at}
    if outcome.reason:
        record["FailureReason"] = outcome.reason
    if outcome.message:
        record["ExitMessage"] = outcome.message
