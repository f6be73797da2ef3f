"""SageMaker's training jobs at the edge: create, describe, list, stop, and their tags. Processing jobs are refused.

Rules: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html. Other SageMaker operations
stay with moto.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crosswind.local.children import Halt
from crosswind.local.edge.call import Call, Handler, HttpResponse, ServiceError
from crosswind.local.engines.sagemaker import TrainingJob, TrainingOutcome
from crosswind.local.engines.seams import Engine
from crosswind.local.engines.training_records import OPEN, end, move, new_record, page_of
from crosswind.local.engines.training_rules import InputCheck, check_request
from crosswind.local.partitions import partition_of

__all__ = ["SageMakerService", "through"]

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
        pass_on: what answers calls about other resources' tags, such as `through(moto.dispatch)`; None refuses.
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
            "CreateProcessingJob": _no_processing,
            "DescribeProcessingJob": _unknown_processing,
            "StopProcessingJob": _unknown_processing,
            "ListProcessingJobs": lambda _: {"ProcessingJobSummaries": []},
        }

    def create_training_job(self, call: Call) -> Mapping[str, Any]:
        """CreateTrainingJob."""
        request = dict(call.parameters)
        check_request(request)
        name = request["TrainingJobName"]
        # SageMaker writes names in ARNs in lower case.
        arn = f"arn:{partition_of(call.region)}:sagemaker:{call.region}:{call.account}:training-job/{name.lower()}"
        self._refuse_second(call, name, arn)
        self._check_input.check(request, call.region, arn)
        tags = {tag["Key"]: tag["Value"] for tag in request.pop("Tags", [])}
        job = _Job(new_record(request, arn), tags)
        with self._lock:
            # Again, under the same lock that adds it: of two calls at once one must lose.
            self._refuse_second(call, name, arn)
            self._jobs.setdefault((call.account, call.region), {})[name] = job
            training = TrainingJob(
                request, call.region, request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY),
                lambda secondary, message: self._moved(job, "InProgress", secondary, message), job.halt, arn,
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
        with self._lock:
            records = [dict(job.record) for job in self._jobs.get((call.account, call.region), {}).values()]
        return page_of(records, call.parameters)

    def stop_training_job(self, call: Call) -> Mapping[str, Any]:
        """StopTrainingJob."""
        with self._lock:
            job = self._job(call)
            status = job.record["TrainingJobStatus"]
            if status not in OPEN:
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
            left = [job for job in jobs if job.record["TrainingJobStatus"] in OPEN]
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
        with self._lock:
            end(job.record, outcome)

    def _moved(self, job: _Job, status: str, secondary: str, message: str) -> None:
        with self._lock:
            move(job.record, status, secondary, message)

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


def _no_processing(_: Call) -> Mapping[str, Any]:
    text = "The local world does not run processing jobs: it has nothing that stands for their containers."
    raise ServiceError("NotImplemented", text, 501)


def _unknown_processing(call: Call) -> Mapping[str, Any]:
    name = call.parameters["ProcessingJobName"]
    raise ServiceError("ValidationException", f"Could not find requested job with name: {name}")


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def through(dispatch: Callable[[Call], HttpResponse]) -> Callable[[Call], Mapping[str, Any]]:
    """A handler that lets another backend answer.

    Args:
        dispatch: carries a call out, such as `MotoBackend.dispatch`; SageMaker answers in JSON.
    """

    def handler(call: Call) -> Mapping[str, Any]:
        response = dispatch(call)
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        answer: dict[str, Any] = json.loads(body or b"{}")
        if response.status >= 300:
            code = str(answer.get("__type", "InternalFailure")).rpartition("#")[2]
            raise ServiceError(code, str(answer.get("message") or answer.get("Message") or ""), response.status)
        return answer

    return handler
