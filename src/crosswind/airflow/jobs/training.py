"""SageMaker training jobs, submitted once.

Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html, API_DescribeTrainingJob.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crosswind.airflow.jobs.model import JobState, Look
from crosswind.airflow.jobs.named import NamedJobs

__all__ = ["TrainingJobs"]

# A job that ran, or waited for spot instances, for too long is Stopped too; nobody asked it to stop.
_OUT_OF_TIME = {
    "MaxRuntimeExceeded": "it ran for longer than StoppingCondition.MaxRuntimeInSeconds",
    "MaxWaitTimeExceeded": "it waited for longer than StoppingCondition.MaxWaitTimeInSeconds",
}


class TrainingJobs(NamedJobs):
    """Training jobs at one target, named after their attempts and tagged with their owners.

    The outcome of one that succeeded: `job_name`, `job_arn`, `model_artifact` (an S3 URI) and `metrics` (the final
    values, by name).
    """

    kind = "training"
    log_group = "/aws/sagemaker/TrainingJobs"
    _name = "TrainingJobName"
    _status = "TrainingJobStatus"

    def _create(self, request: Mapping[str, Any]) -> None:
        self._sagemaker.create_training_job(**request)

    def _describe(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._sagemaker.describe_training_job(TrainingJobName=name)
        return found

    def _stop(self, name: str) -> None:
        self._sagemaker.stop_training_job(TrainingJobName=name)

    def _pages(self, **filters: Any) -> Iterator[Mapping[str, Any]]:
        yield from self._sagemaker.get_paginator("list_training_jobs").paginate(**filters)

    def _listed(self, page: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for job in page["TrainingJobSummaries"]:
            yield job["TrainingJobName"], job["TrainingJobArn"]

    def _outcome(self, description: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "job_name": description["TrainingJobName"],
            "job_arn": description["TrainingJobArn"],
            "model_artifact": description.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""),
            "metrics": {each["MetricName"]: each["Value"] for each in description.get("FinalMetricDataList", ())},
        }

    def _stopped(self, description: Mapping[str, Any]) -> Look:
        secondary = description.get("SecondaryStatus", "")
        if secondary in _OUT_OF_TIME:
            return Look(JobState.FAILED, f"{secondary}: {_OUT_OF_TIME[secondary]}")
        return Look(JobState.STOPPED, "it was stopped")
