"""SageMaker processing jobs, submitted once.

Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html, API_DescribeProcessingJob.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crosswind.airflow.jobs.model import JobState, Look
from crosswind.airflow.jobs.named import NamedJobs

__all__ = ["ProcessingJobs"]


class ProcessingJobs(NamedJobs):
    """Processing jobs at one target, named after their attempts and tagged with their owners.

    The outcome of one that succeeded: `job_name`, `job_arn`, `outputs` (S3 URIs by output name) and `exit_message`.
    """

    kind = "processing"
    log_group = "/aws/sagemaker/ProcessingJobs"
    _name = "ProcessingJobName"
    _status = "ProcessingJobStatus"

    def _create(self, request: Mapping[str, Any]) -> None:
        self._sagemaker.create_processing_job(**request)

    def _describe(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._sagemaker.describe_processing_job(ProcessingJobName=name)
        return found

    def _stop(self, name: str) -> None:
        self._sagemaker.stop_processing_job(ProcessingJobName=name)

    def _pages(self, **filters: Any) -> Iterator[Mapping[str, Any]]:
        yield from self._sagemaker.get_paginator("list_processing_jobs").paginate(**filters)

    def _listed(self, page: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for job in page["ProcessingJobSummaries"]:
            yield job["ProcessingJobName"], job["ProcessingJobArn"]

    def _outcome(self, description: Mapping[str, Any]) -> Mapping[str, Any]:
        outputs = description.get("ProcessingOutputConfig", {}).get("Outputs", ())
        return {
            "job_name": description["ProcessingJobName"],
            "job_arn": description["ProcessingJobArn"],
            "outputs": {each["OutputName"]: each["S3Output"]["S3Uri"] for each in outputs if "S3Output" in each},
            "exit_message": description.get("ExitMessage", ""),
        }

    def _stopped(self, description: Mapping[str, Any]) -> Look:
        # Processing jobs have no secondary status: a reason is what tells a job that failed to stay within its
        # MaxRuntimeInSeconds from one that was stopped.
        reason = description.get("FailureReason", "")
        return Look(JobState.FAILED, reason) if reason else Look(JobState.STOPPED, "it was stopped")
