"""SageMaker's processing jobs at the edge: create, describe, list, stop.

Rules: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.edge.call import Call, Handler, ServiceError
from crosswind.local.engines.processing import ProcessingJob, ProcessingOutcome
from crosswind.local.engines.processing_records import PROCESSING, begin, end, halt, new_record
from crosswind.local.engines.processing_rules import check_request
from crosswind.local.engines.sagemaker_jobs import OPEN, Job, Jobs
from crosswind.local.engines.seams import Engine
from crosswind.local.engines.training_rules import InputCheck

__all__ = ["ProcessingService"]

# docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingStoppingCondition.html names no default; the Python
# SDK's documentation of max_runtime_in_seconds does: a day.
_DAY = 86_400


class ProcessingService:
    """The edge service for processing jobs.

    Args:
        engine: executes jobs.
        check_input: says no when the job's role does not let SageMaker in.
    """

    name = "sagemaker"

    def __init__(self, engine: Engine[ProcessingJob, ProcessingOutcome], check_input: InputCheck) -> None:
        self.jobs = Jobs(PROCESSING)
        self._engine = engine
        self._check_input = check_input
        self.operations: Mapping[str, Handler] = {
            "CreateProcessingJob": self.create_processing_job,
            "DescribeProcessingJob": self.describe_processing_job,
            "ListProcessingJobs": self.jobs.page,
            "StopProcessingJob": self.stop_processing_job,
        }

    def create_processing_job(self, call: Call) -> Mapping[str, Any]:
        """CreateProcessingJob."""
        request = dict(call.parameters)
        check_request(request)
        name = request["ProcessingJobName"]
        arn = self.jobs.arn_of(call, name)
        self.jobs.refuse_second(call, name)
        self._check_input.session(request["RoleArn"], call.region, arn)
        tags = {tag["Key"]: tag["Value"] for tag in request.pop("Tags", [])}
        seconds = request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY)
        job = Job(new_record(request, arn, seconds), tags)
        processing = ProcessingJob(request, call.region, seconds, lambda: self._began(job), job.halt, arn)
        self.jobs.start(call, name, job, lambda: self._work(job, processing))
        return {"ProcessingJobArn": arn}

    def describe_processing_job(self, call: Call) -> Mapping[str, Any]:
        """DescribeProcessingJob."""
        with self.jobs.lock:
            return dict(self.jobs.named(call).record)

    def stop_processing_job(self, call: Call) -> Mapping[str, Any]:
        """StopProcessingJob."""
        with self.jobs.lock:
            job = self.jobs.named(call)
            status = job.record["ProcessingJobStatus"]
            if status not in OPEN:
                raise ServiceError(
                    "ValidationException",
                    f"The request was rejected because the processing job is in status {status}.",
                )
            if status == "InProgress":
                halt(job.record)
                self.jobs.halt(job)
        return {}

    def stop(self) -> None:
        """End every processing job; called when the world stops."""
        self.jobs.stop()
        self._engine.close()

    def _work(self, job: Job, processing: ProcessingJob) -> None:
        try:
            outcome = self._engine.run(processing)
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the job, not leave it running for ever
            outcome = ProcessingOutcome("Failed", f"InternalServerError: {type(error).__name__}: {error}")
        with self.jobs.lock:
            end(job.record, outcome)

    def _began(self, job: Job) -> None:
        with self.jobs.lock:
            begin(job.record)
