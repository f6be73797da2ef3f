"""A Lambda function at a declared site, invoked once for each attempt of its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crosswind.airflow.hooks.cross_account import TargetClients
from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.lambda_ import LambdaJobs
from crosswind.airflow.jobs.model import Look, RemoteJobs, Submission
from crosswind.airflow.operators.job import RemoteJobOperator
from crosswind.errors import InputError

__all__ = ["CrossAccountLambdaOperator"]

_LONGEST_FUNCTION = 900  # docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
_OVERHEAD_SECONDS = 600  # an event may wait before its function starts


class CrossAccountLambdaOperator(RemoteJobOperator):
    """Invoke a declared function.

    With a results place (`jobs.*.results` in crosswind.yaml) the invocation is asynchronous and the wait is the
    triggerer's; the function writes its answer there. Without, the function is called and the worker waits for the
    answer, longer than the function may take and without a second call by the client. What the function gets beside
    its payload, `crosswind` with the attempt's token, says `crosswind.airflow.jobs.lambda_`.

    Returns (XCom) `{"answer", "token"}`.

    Args:
        job: the declared function.
        payload: the members of its event (templated).
        kwargs: as for RemoteJobOperator.
    """

    job_type: ClassVar[str] = "lambda"
    template_fields: Sequence[str] = (*RemoteJobOperator.template_fields, "payload")
    template_fields_renderers: ClassVar[dict[str, str]] = {"payload": "json"}

    def __init__(self, *, job: str, payload: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(job=job, **kwargs)
        self.payload = payload or {}

    def remote_jobs(self, clients: TargetClients, context: Any) -> RemoteJobs:
        """The declared function's invocations."""
        job = self.job
        if job is None:  # the constructor has refused it
            raise InputError("no declared function")
        return LambdaJobs(
            clients,
            job.name,
            lambda _: self.payload,
            job.timeout_seconds or _LONGEST_FUNCTION,
            Claims(clients, job.claims_bucket, job.claims_prefix) if job.claims_bucket else None,
            (job.results_bucket, job.results_prefix) if job.results_bucket else None,
            log_group=job.log_group,
        )

    def finished(self, context: Any, submission: Submission, look: Look) -> dict[str, Any]:
        """The function's answer."""
        return {"token": submission.attempt.token, **look.outcome}

    def longest_seconds(self, clients: TargetClients) -> float:
        """The function's time-out, and the wait for its start."""
        declared = self.job.timeout_seconds if self.job else 0
        return (declared or _LONGEST_FUNCTION) + _OVERHEAD_SECONDS
