"""What the operators of SageMaker's jobs have in common: a request in S3, filled for the attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crosswind.airflow.configuration import Configuration
from crosswind.airflow.hooks.cross_account import TargetClients
from crosswind.airflow.jobs.named import NamedJobs
from crosswind.airflow.operators.job import RemoteJobOperator
from crosswind.errors import InputError, RunError

__all__ = ["ConfiguredJobOperator"]

# Starting instances, pulling the image and storing results do not count as MaxRuntimeInSeconds.
_OVERHEAD_SECONDS = 1800
# The service's own default: docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
_DEFAULT_RUNTIME_SECONDS = 86_400


class ConfiguredJobOperator(RemoteJobOperator):
    """A job whose request is a JSON object in S3.

    Args:
        config_bucket: the bucket of the request (templated); a declared job has its own.
        config_key: its key (templated).
        substitutions: values by placeholder name (templated); each must be used.
        kwargs: as for RemoteJobOperator; `config` is not accepted.

    Raises:
        InputError: no configuration, or two.
    """

    named: ClassVar[str]
    """The request's member that holds the job's name."""
    template_fields: Sequence[str] = (
        *RemoteJobOperator.template_fields,
        "config_bucket",
        "config_key",
        "substitutions",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"substitutions": "json"}

    def __init__(
        self,
        *,
        config_bucket: str | None = None,
        config_key: str | None = None,
        substitutions: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        if "config" in kwargs:
            raise InputError("config is read from S3", hint="give job, or config_bucket and config_key")
        super().__init__(**kwargs)
        if bool(self.job) == bool(config_bucket and config_key):
            raise InputError(
                f"task {self.task_id!r}: give job, or config_bucket and config_key",
                hint="a declared job has its configuration in crosswind.yaml",
            )
        self.config_bucket = self.job.config_bucket if self.job else config_bucket
        self.config_key = self.job.config_key if self.job else config_key
        self.substitutions = substitutions or {}
        self._configuration: Configuration | None = None

    def configuration(self, clients: TargetClients) -> Configuration:
        """The request, read at most once a try."""
        if self._configuration is None:
            self._configuration = Configuration(clients, str(self.config_bucket), str(self.config_key), self.named)
        return self._configuration

    def stopping_condition(self) -> Mapping[str, Any]:
        """The StoppingCondition of the request that was submitted; of the job itself when an earlier try has done so.

        The configuration may be another by then, or gone.
        """
        if self._configuration is not None:
            found: Mapping[str, Any] = self._configuration.document.get("StoppingCondition", {})
            return found
        if self._running is None or self._submission is None or not isinstance(self._running[0], NamedJobs):
            raise RunError("there is no job yet that could have a StoppingCondition")
        return self._running[0].stopping_condition(self._submission)

    def expand_role(self, clients: TargetClients, request: dict[str, Any]) -> None:
        """Expand a role's name into its ARN, in the account of the job."""
        role = request.get("RoleArn", "")
        if role and not role.startswith("arn:"):
            request["RoleArn"] = clients.client("iam").get_role(RoleName=role)["Role"]["Arn"]

    def bounded(self, stopping: Mapping[str, Any], waiting: str = "") -> float:
        """How long a job with such a StoppingCondition may take at most, in seconds.

        Args:
            stopping: the request's StoppingCondition.
            waiting: its member that bounds run time and waiting together, where there is one.
        """
        known = {name: int(value) for name, value in stopping.items() if str(value).isdecimal()}
        seconds = max(known.get("MaxRuntimeInSeconds", _DEFAULT_RUNTIME_SECONDS), known.get(waiting, 0))
        return seconds + known.get("MaxPendingTimeInSeconds", 0) + _OVERHEAD_SECONDS
