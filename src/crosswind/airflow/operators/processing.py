"""SageMaker processing in another account and Region, its request read from S3 when the task runs."""

from __future__ import annotations

from typing import Any, ClassVar

from crosswind.airflow.hooks.cross_account import TargetClients
from crosswind.airflow.jobs.model import Look, RemoteJobs, Submission
from crosswind.airflow.jobs.processing import ProcessingJobs
from crosswind.airflow.operators.configured import ConfiguredJobOperator
from crosswind.airflow.owner import Attempt

__all__ = ["CrossAccountSageMakerProcessingOperator"]


class CrossAccountSageMakerProcessingOperator(ConfiguredJobOperator):
    """Process in the account and Region of a declared job, or of a declared site or a connection.

    The configuration is a CreateProcessingJob request in a JSON object. Its placeholders `${name}` are filled from
    `substitutions`; `${job_name}` is always known, and must be its ProcessingJobName.

    Returns (XCom) `{"job_name", "job_arn", "outputs", "exit_message", "token"}`.

    Example: `CrossAccountSageMakerProcessingOperator(task_id="score", job="penguins_scoring", substitutions={"prefix":
    "{{ ti.xcom_pull('arrived')['prefix'] }}"})`.

    Args:
        job: the declared processing job, whose site and configuration are used.
        site: without `job`: the declared site.
        config_bucket: without `job`: the bucket of the configuration (templated).
        config_key: without `job`: its key (templated).
        substitutions: values by placeholder name (templated); each must be used.
        kwargs: as for RemoteJobOperator.
    """

    job_type: ClassVar[str] = "sagemaker_processing"
    named: ClassVar[str] = "ProcessingJobName"

    def remote_jobs(self, clients: TargetClients, context: Any) -> RemoteJobs:
        """Processing jobs at the target."""
        return ProcessingJobs(
            clients,
            lambda attempt: self._request(clients, attempt),
            topology=self.names.topology if self.names else "",
            detached=not self.wait_for_completion,
            tried=context["ti"].try_number,
        )

    def finished(self, context: Any, submission: Submission, look: Look) -> dict[str, Any]:
        """The job and its outputs."""
        return {"job_name": submission.id, **super().finished(context, submission, look)}

    def longest_seconds(self, clients: TargetClients) -> float:
        """MaxRuntimeInSeconds of the configuration, with what does not count as run time."""
        return self.bounded(self.stopping_condition())

    def _request(self, clients: TargetClients, attempt: Attempt) -> dict[str, Any]:
        request = self.configuration(clients).filled(attempt, self.substitutions, {})
        self.expand_role(clients, request)
        return request
