"""A training job as DescribeTrainingJob returns it, from its creation to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crosswind.local.edge.call import ServiceError
from crosswind.local.engines.sagemaker import TrainingOutcome

__all__ = ["OPEN", "end", "move", "new_record", "page_of"]

OPEN = ("InProgress", "Stopping")
"""The statuses of a job that has not ended."""

_MESSAGES = {
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
_PAGE, _LARGEST_PAGE = 10, 100
_SUMMARY = (
    "TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingEndTime", "LastModifiedTime", "TrainingJobStatus",
    "SecondaryStatus",
)  # fmt: skip


def new_record(request: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """A job just created."""
    now = _now()
    return {
        **request,
        "TrainingJobArn": arn,
        "ModelArtifacts": {"S3ModelArtifacts": ""},
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "CreationTime": now,
        "LastModifiedTime": now,
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": request.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": False,
        "SecondaryStatusTransitions": [
            {"Status": "Starting", "StartTime": now, "StatusMessage": "Preparing the instances for training"}
        ],
    }


def move(record: dict[str, Any], status: str, secondary: str, message: str) -> None:
    """Enter a secondary status; a job that is stopping does not go back to work."""
    if record["TrainingJobStatus"] == "Stopping" and status == "InProgress":
        return
    now = _now()
    transitions = record["SecondaryStatusTransitions"]
    transitions[-1].setdefault("EndTime", now)
    transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
    if secondary == "Downloading":
        record["TrainingStartTime"] = now
    record |= {"TrainingJobStatus": status, "SecondaryStatus": secondary, "LastModifiedTime": now}


def end(record: dict[str, Any], outcome: TrainingOutcome) -> None:
    """Write down how a job ended."""
    message = _MESSAGES.get(outcome.secondary, f"Training job failed: {outcome.reason}")
    move(record, outcome.status, outcome.secondary, message)
    now = record["LastModifiedTime"]
    record["TrainingEndTime"] = now
    record["SecondaryStatusTransitions"][-1]["EndTime"] = now
    if "TrainingStartTime" in record:
        seconds = max(1, round((now - record["TrainingStartTime"]).total_seconds()))
        record |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
    if outcome.reason:
        record["FailureReason"] = outcome.reason
    if outcome.artifacts:
        record["ModelArtifacts"] = {"S3ModelArtifacts": outcome.artifacts}
    record["FinalMetricDataList"] = [
        {"MetricName": name, "Value": value, "Timestamp": now} for name, value in outcome.metrics.items()
    ]


def page_of(records: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    """One page of ListTrainingJobs.

    Args:
        records: all jobs.
        asked: the call's parameters: filters, order, page.

    Raises:
        ServiceError: the token is none of ours.
    """
    found = [record for record in records if _matches(record, asked)]
    key = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}.get(asked.get("SortBy", ""), "CreationTime")
    found.sort(key=lambda record: record[key], reverse=asked.get("SortOrder", "Ascending") == "Descending")
    token = asked.get("NextToken") or "0"
    if not token.isdigit():
        raise ServiceError("ValidationException", "Invalid NextToken")
    first, size = int(token), int(asked.get("MaxResults", _PAGE))
    if not 1 <= size <= _LARGEST_PAGE:
        raise ServiceError("ValidationException", f"MaxResults must be between 1 and {_LARGEST_PAGE}, not {size}")
    last = first + size
    summaries = [{name: record[name] for name in _SUMMARY if name in record} for record in found[first:last]]
    page: dict[str, Any] = {"TrainingJobSummaries": summaries}
    return page | ({"NextToken": str(last)} if last < len(found) else {})


def _now() -> datetime:
    # As precise as it is printed: who asks for what came after a time that was printed must not miss that itself.
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _matches(record: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    if asked.get("NameContains", "") not in record["TrainingJobName"]:
        return False
    if asked.get("StatusEquals", record["TrainingJobStatus"]) != record["TrainingJobStatus"]:
        return False
    return all(
        asked.get(f"{time}After", record[time]) <= record[time] <= asked.get(f"{time}Before", record[time])
        for time in ("CreationTime", "LastModifiedTime")
    )
