"""SageMaker's training jobs at the edge: create, describe, list, stop, and their tags.

Rules: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html. Other SageMaker operations
stay with moto.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crosswind.local.children import Halt
from crosswind.local.edge.call import Call, Handler, ServiceError
from crosswind.local.engines.sagemaker import TrainingJob, TrainingOutcome
from crosswind.local.engines.seams import Engine
from crosswind.local.engines.sessions import partition_of
from crosswind.local.engines.training_rules import InputCheck, check_request

__all__ = ["SageMakerService"]

_DAY = 86_400


@dataclass
class _Job:
    """One training job; changed under the service's lock alone."""

    record: dict[str, Any]
    tags: dict[str, str]
    halt: Halt = field(default_factory=lambda: Halt(grace=10))
    thread: threading.Thread | None = None


class SageMakerService:
    """The edge service for training jobs.

    Args:
        engine: executes jobs.
        check_input: says no when a channel's prefix holds nothing that the role may list.
        pass_on: what answers calls about other resources' tags (moto); None refuses them.
    """

    name = "sagemaker"

    def __init__(
        self,
        engine: Engine[TrainingJob, TrainingOutcome],
        check_input: InputCheck,
        pass_on: Callable[[Call], Mapping[str, Any]] | None = None,
    ) -> None:
        self._engine = engine
        self._check_input = check_input
        self._pass_on = pass_on
        self._lock = threading.RLock()
        self._jobs: dict[tuple[str, str], dict[str, _Job]] = {}
        self.operations: Mapping[str, Handler] = {
            "CreateTrainingJob": self.create_training_job,
            "DescribeTrainingJob": self.describe_training_job,
            "ListTrainingJobs": self.list_training_jobs,
            "StopTrainingJob": self.stop_training_job,
            "AddTags": self.add_tags,
            "ListTags": self.list_tags,
        }

    def create_training_job(self, call: Call) -> Mapping[str, Any]:
        """CreateTrainingJob."""
        request = dict(call.parameters)
        check_request(request)
        name = request["TrainingJobName"]
        arn = f"arn:{partition_of(call.region)}:sagemaker:{call.region}:{call.account}:training-job/{name}"
        self._refuse_second(call, name, arn)
        self._check_input.check(request, call.region)
        tags = {tag["Key"]: tag["Value"] for tag in request.pop("Tags", [])}
        job = _Job(_record(request, arn), tags)
        with self._lock:
            # Again, under the same lock that adds it: of two calls at once one must lose.
            self._refuse_second(call, name, arn)
            self._jobs.setdefault((call.account, call.region), {})[name] = job
            training = TrainingJob(
                request, call.region, request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY),
                lambda secondary, message: self._moved(job, "InProgress", secondary, message), job.halt,
            )  # fmt: skip
            job.thread = threading.Thread(target=self._work, args=(job, training), name=f"train-{name}", daemon=True)
            job.thread.start()
        return {"TrainingJobArn": arn}

    def describe_training_job(self, call: Call) -> Mapping[str, Any]:
        """DescribeTrainingJob."""
        with self._lock:
            record = dict(self._job(call).record)
            record["SecondaryStatusTransitions"] = [dict(t) for t in record["SecondaryStatusTransitions"]]
            return record

    def list_training_jobs(self, call: Call) -> Mapping[str, Any]:
        """ListTrainingJobs."""
        asked = call.parameters
        with self._lock:
            records = [dict(job.record) for job in self._jobs.get((call.account, call.region), {}).values()]
        found = [record for record in records if _matches(record, asked)]
        by = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}.get(
            asked.get("SortBy", "CreationTime"), "CreationTime"
        )
        found.sort(key=lambda record: record[by], reverse=asked.get("SortOrder", "Descending") == "Descending")
        start = _offset(asked.get("NextToken"))
        end = start + int(asked.get("MaxResults") or 10)
        keys = (
            "TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingEndTime", "LastModifiedTime",
            "TrainingJobStatus", "SecondaryStatus",
        )  # fmt: skip
        page: dict[str, Any] = {
            "TrainingJobSummaries": [{k: record[k] for k in keys if k in record} for record in found[start:end]]
        }
        return page | ({"NextToken": str(end)} if end < len(found) else {})

    def stop_training_job(self, call: Call) -> Mapping[str, Any]:
        """StopTrainingJob."""
        with self._lock:
            job = self._job(call)
            status = job.record["TrainingJobStatus"]
            if status not in ("InProgress", "Stopping"):
                raise ServiceError(
                    "ValidationException",
                    f"The request was rejected because the training job is in status {status}.",
                )
            if status == "InProgress":
                self._moved(job, "Stopping", "Stopping", "Stopping the training job")
                threading.Thread(target=job.halt.ask, name="train-stop", daemon=True).start()
        return {}

    def add_tags(self, call: Call) -> Mapping[str, Any]:
        """AddTags on a training job; other resources are moto's."""
        with self._lock:
            job = self._by_arn(call)
            if job is None:
                return self._elsewhere(call)
            job.tags |= {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}
            return {"Tags": _tags(job.tags)}

    def list_tags(self, call: Call) -> Mapping[str, Any]:
        """ListTags of a training job; other resources are moto's."""
        with self._lock:
            job = self._by_arn(call)
            return self._elsewhere(call) if job is None else {"Tags": _tags(job.tags)}

    def stop(self) -> None:
        """End every training job; called when the world stops."""
        with self._lock:
            jobs = [job for by_name in self._jobs.values() for job in by_name.values()]
            left = [job for job in jobs if job.record["TrainingJobStatus"] in ("InProgress", "Stopping")]
        for job in left:
            job.halt.ask()
        for job in left:
            if job.thread:
                job.thread.join(timeout=15)
        self._engine.close()

    def _work(self, job: _Job, training: TrainingJob) -> None:
        try:
            outcome = self._engine.run(training)
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the job, not leave it running for ever
            outcome = TrainingOutcome("Failed", "Failed", f"InternalServerError: {type(error).__name__}: {error}")
        messages = {
            "Completed": "Training job completed",
            "Stopped": "Training job stopped",
            "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
        }
        with self._lock:
            record = job.record
            message = messages.get(outcome.secondary, f"Training job failed: {outcome.reason}")
            self._moved(job, outcome.status, outcome.secondary, message)
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

    def _moved(self, job: _Job, status: str, secondary: str, message: str) -> None:
        with self._lock:
            record = job.record
            if record["TrainingJobStatus"] == "Stopping" and status == "InProgress":
                return
            now = _now()
            transitions = record["SecondaryStatusTransitions"]
            transitions[-1].setdefault("EndTime", now)
            transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
            if secondary == "Downloading":
                record["TrainingStartTime"] = now
            record |= {"TrainingJobStatus": status, "SecondaryStatus": secondary, "LastModifiedTime": now}

    def _refuse_second(self, call: Call, name: str, arn: str) -> None:
        with self._lock:
            if name in self._jobs.get((call.account, call.region), {}):
                raise ServiceError(
                    "ResourceInUse", "Training job names must be unique within an AWS account and region, and a"
                    f" training job with this name already exists ({arn})"
                )  # fmt: skip

    def _job(self, call: Call) -> _Job:
        name = call.parameters["TrainingJobName"]
        job = self._jobs.get((call.account, call.region), {}).get(name)
        if job is None:
            # SageMaker answers so for DescribeTrainingJob and StopTrainingJob of a name it does not know.
            raise ServiceError("ValidationException", "Requested resource not found.")
        return job

    def _by_arn(self, call: Call) -> _Job | None:
        arn = str(call.parameters["ResourceArn"])
        jobs: Sequence[_Job] = list(self._jobs.get((call.account, call.region), {}).values())
        return next((job for job in jobs if job.record["TrainingJobArn"] == arn), None)

    def _elsewhere(self, call: Call) -> Mapping[str, Any]:
        if self._pass_on is None or ":training-job/" in str(call.parameters["ResourceArn"]):
            raise ServiceError("ResourceNotFound", f"Requested resource not found: {call.parameters['ResourceArn']}")
        return self._pass_on(call)


def _record(request: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """A training job as DescribeTrainingJob returns it, just created."""
    now = _now()
    return {
        **request,
        "TrainingJobArn": arn,
        "ModelArtifacts": {"S3ModelArtifacts": ""},
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "CreationTime": now,
        "LastModifiedTime": now,
        "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        "EnableInterContainerTrafficEncryption": request.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": False,
        "SecondaryStatusTransitions": [
            {"Status": "Starting", "StartTime": now, "StatusMessage": "Preparing the instances for training"}
        ],
    }


def _matches(record: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return (
        asked.get("NameContains", "") in record["TrainingJobName"]
        and asked.get("StatusEquals", record["TrainingJobStatus"]) == record["TrainingJobStatus"]
        and asked.get("CreationTimeAfter", record["CreationTime"]) <= record["CreationTime"]
        and asked.get("CreationTimeBefore", record["CreationTime"]) >= record["CreationTime"]
        and asked.get("LastModifiedTimeAfter", record["LastModifiedTime"]) <= record["LastModifiedTime"]
        and asked.get("LastModifiedTimeBefore", record["LastModifiedTime"]) >= record["LastModifiedTime"]
    )


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _offset(token: str | None) -> int:
    if token and not token.isdigit():
        raise ServiceError("ValidationException", "Invalid NextToken")
    return int(token or 0)


def _now() -> datetime:
    return datetime.now(UTC)
