"""SageMaker's training jobs at the edge: create, describe, list, stop. Other SageMaker operations stay with moto.

Rules: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.edge.call import Call, Handler, ServiceError
from crosswind.local.engines.sagemaker import TrainingJob, TrainingOutcome
from crosswind.local.engines.sagemaker_jobs import OPEN, Job, Jobs
from crosswind.local.engines.seams import Engine
from crosswind.local.engines.training_records import TRAINING, end, move, new_record
from crosswind.local.engines.training_rules import InputCheck, check_request

__all__ = ["SageMakerService"]

_DAY = 86_400


class SageMakerService:
    """The edge service for training jobs.

    Args:
        engine: executes jobs.
        check_input: says no when a channel's prefix holds nothing that the role may list.
    """

    name = "sagemaker"

    def __init__(self, engine: Engine[TrainingJob, TrainingOutcome], check_input: InputCheck) -> None:
        self.jobs = Jobs(TRAINING)
        self._engine = engine
        self._check_input = check_input
        self.operations: Mapping[str, Handler] = {
            "CreateTrainingJob": self.create_training_job,
            "DescribeTrainingJob": self.describe_training_job,
            "ListTrainingJobs": self.jobs.page,
            "StopTrainingJob": self.stop_training_job,
        }

    def create_training_job(self, call: Call) -> Mapping[str, Any]:
        """CreateTrainingJob."""
        request = dict(call.parameters)
        check_request(request)
        name = request["TrainingJobName"]
        arn = self.jobs.arn_of(call, name)
        self.jobs.refuse_second(call, name)
        self._check_input.check(request, call.region, arn)
        tags = {tag["Key"]: tag["Value"] for tag in request.pop("Tags", [])}
        job = Job(new_record(request, arn), tags)
        training = TrainingJob(
            request, call.region, request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY),
            lambda secondary, message: self._moved(job, "InProgress", secondary, message), job.halt, arn,
        )  # fmt: skip
        self.jobs.start(call, name, job, lambda: self._work(job, training))
        return {"TrainingJobArn": arn}

    def describe_training_job(self, call: Call) -> Mapping[str, Any]:
        """DescribeTrainingJob."""
        with self.jobs.lock:
            record = dict(self.jobs.named(call).record)
            record["SecondaryStatusTransitions"] = [dict(t) for t in record["SecondaryStatusTransitions"]]
            return record

    def stop_training_job(self, call: Call) -> Mapping[str, Any]:
        """StopTrainingJob."""
        with self.jobs.lock:
            job = self.jobs.named(call)
            status = job.record["TrainingJobStatus"]
            if status not in OPEN:
                raise ServiceError(
                    "ValidationException",
                    f"The request was rejected because the training job is in status {status}.",
                )
            if status == "InProgress":
                self._moved(job, "Stopping", "Stopping", "Stopping the training job")
                self.jobs.halt(job)
        return {}

    def stop(self) -> None:
        """End every training job; called when the world stops."""
        self.jobs.stop()
        self._engine.close()

    def _work(self, job: Job, training: TrainingJob) -> None:
        try:
            outcome = self._engine.run(training)
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the job, not leave it running for ever
            outcome = TrainingOutcome("Failed", "Failed", f"InternalServerError: {type(error).__name__}: {error}")
        with self.jobs.lock:
            end(job.record, outcome)

    def _moved(self, job: Job, status: str, secondary: str, message: str) -> None:
        with self.jobs.lock:
            move(job.record, status, secondary, message)
