"""SageMaker training in another account and Region, its configuration read from S3 when the task runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator
from botocore.exceptions import ClientError, WaiterError

from crosswind.airflow.hooks.sagemaker import TRAINING_LOG_GROUP, CrossAccountSageMakerHook
from crosswind.airflow.naming import job_name, session_name
from crosswind.airflow.substitution import substituted
from crosswind.airflow.triggers.sagemaker import FAILED_LOOKS, CrossAccountSageMakerTrainingTrigger
from crosswind.aws import translated
from crosswind.errors import InputError, Place, RunError, RunTimeoutError

__all__ = ["CrossAccountSageMakerTrainingOperator"]

# Starting instances, pulling the image and storing the model do not count as MaxRuntimeInSeconds.
_OVERHEAD_SECONDS = 1800
# The service's own default: docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
_DEFAULT_RUNTIME_SECONDS = 86_400


class CrossAccountSageMakerTrainingOperator(SageMakerTrainingOperator):
    """Train in the account and Region of a connection.

    The configuration is a CreateTrainingJob request in a JSON object, read with the assumed role when the
    task runs. Its placeholders `${name}` are filled from `substitutions`; `${job_name}` is always known, and
    must be its TrainingJobName: unique to run and attempt, the same however often it is made.

    Returns (XCom) `{"job_name", "job_arn", "model_artifact", "metrics"}`.

    Args:
        config_bucket: the bucket of the configuration (templated).
        config_key: its key (templated).
        substitutions: values by placeholder name (templated); each must be used.
        account_id: the account expected (templated); by default that of the connection's role.
        check_interval: seconds between two looks at the job, default 30.
        max_attempts: how many looks; by default enough for the job's MaxRuntimeInSeconds.
        deferrable: wait in the triggerer, default True.
        kwargs: as for SageMakerTrainingOperator; `config` is not accepted.
    """

    aws_hook_class = CrossAccountSageMakerHook
    template_fields: Sequence[str] = (
        *SageMakerTrainingOperator.template_fields,
        "account_id",
        "config_bucket",
        "config_key",
        "substitutions",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"config": "json", "substitutions": "json"}

    def __init__(
        self,
        *,
        config_bucket: str,
        config_key: str,
        substitutions: Mapping[str, str] | None = None,
        account_id: str | None = None,
        max_attempts: int | None = None,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        if "config" in kwargs:
            raise InputError("config is read from S3", hint="give config_bucket and config_key")
        super().__init__(config={}, deferrable=deferrable, **kwargs)
        self.config_bucket = config_bucket
        self.config_key = config_key
        self.substitutions = substitutions or {}
        self.account_id = account_id
        self.max_attempts = max_attempts  # the parent would make it 60: half an hour at 30 s
        self.session_name: str | None = None
        self._job: str | None = None

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {
            **super()._hook_parameters,
            "account_id": self.account_id,
            "session_name": self.session_name,
        }

    def execute(self, context: Any) -> dict[str, Any]:
        """Read the configuration, start the job, wait for its end."""
        ti = context["ti"]
        self.session_name = session_name(ti.dag_id, ti.run_id)
        self.config = self._read_config(
            job_name(ti.dag_id, ti.task_id, ti.run_id, ti.try_number, getattr(ti, "map_index", -1) or -1)
        )
        self.preprocess_config()
        self._job = self.config["TrainingJobName"]
        self._start()
        if not self.wait_for_completion:
            return self._outcome(self.serialize_result(self._job)["Training"])
        if self.deferrable:
            trigger = self._trigger()
            self.defer(trigger=trigger, method_name="execute_complete", timeout=self.execution_timeout)
        return self._finish(self._wait())

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> dict[str, Any]:
        """The job ended, or its wait did: SageMaker itself says which."""
        if not event:
            raise RunError("the trigger came back without an event")
        self.session_name = session_name(context["ti"].dag_id, context["ti"].run_id)
        self._job = event["job_name"]
        return self._finish(event.get("message", ""))

    def expand_role(self) -> None:
        """Expand a role's name into its ARN, in the account of the job."""
        if "RoleArn" in self.config:
            self.config["RoleArn"] = self.hook.expand_role(self.config["RoleArn"])

    def on_kill(self) -> None:
        """Stop the training job."""
        if self._job:
            self.log.info("Stopping training job %s.", self._job)
            self.hook.stop_training_job(self._job)

    def _read_config(self, name: str) -> dict[str, Any]:
        where = f"s3://{self.config_bucket}/{self.config_key}"
        with translated(f"read the training configuration {where}"):
            text = self.hook.read_text(self.config_bucket, self.config_key)
        try:
            document = json.loads(text)
        except ValueError as error:
            raise InputError(f"not JSON: {error}", place=Place(file=where)) from error
        if not isinstance(document, dict) or "${job_name}" not in str(document.get("TrainingJobName")):
            raise InputError(
                "TrainingJobName is not ${job_name}",
                place=Place(file=where, path="TrainingJobName"),
                hint="a job's name is unique in account and Region; ${job_name} is so to run and attempt",
            )
        filled: dict[str, Any] = substituted(document, {"job_name": name, **self.substitutions}, where=where)
        return filled

    def _start(self) -> None:
        try:
            self.hook.create_training_job(self.config, wait_for_completion=False, print_log=False)
        except ClientError as error:
            # The name is this attempt's own, so a job of that name is the one that a lost answer started.
            if error.response["Error"]["Code"] != "ResourceInUse":
                raise
            self.log.warning("Training job %s exists already: going on with it.", self._job)
        self.log.info("Training job %s in %s.", self._job, self._where())

    def _trigger(self) -> CrossAccountSageMakerTrainingTrigger:
        return CrossAccountSageMakerTrainingTrigger(
            job_name=self.config["TrainingJobName"],
            waiter_delay=self.check_interval,
            waiter_max_attempts=self._attempts(),
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            account_id=self.account_id,
            session_name=self.session_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
        )

    def _attempts(self) -> int:
        if self.max_attempts:
            return int(self.max_attempts)
        stopping = self.config.get("StoppingCondition", {})
        runtime = int(stopping.get("MaxRuntimeInSeconds", _DEFAULT_RUNTIME_SECONDS))
        seconds = max(runtime, int(stopping.get("MaxWaitTimeInSeconds", 0)))
        seconds += int(stopping.get("MaxPendingTimeInSeconds", 0)) + _OVERHEAD_SECONDS
        return math.ceil(float(self.max_ingestion_time or seconds) / float(self.check_interval))

    def _wait(self) -> str:
        """Wait on the worker; gives the reason when the wait ended before the job did."""
        waiter = self.hook.get_waiter("TrainingJobComplete")
        config = {"Delay": self.check_interval, "MaxAttempts": self._attempts()}
        reason = ""
        for _ in range(FAILED_LOOKS):
            try:
                waiter.wait(TrainingJobName=self._job, WaiterConfig=config)
            except WaiterError as error:
                reason = str(error)
                if "Error" in error.last_response:  # the look failed, which says nothing of the job
                    self.log.warning("A look at %s failed: %s", self._job, error)
                    continue
            return reason
        return reason

    def _finish(self, message: str) -> dict[str, Any]:
        """The outcome of the job, or an error that says where it ran and why it failed."""
        description = self.serialize_result(self._job)["Training"]
        status = description["TrainingJobStatus"]
        if status not in self.hook.non_terminal_states and self.print_log:
            self._print_log()
        if status == "Completed":
            return self._outcome(description)
        if status in self.hook.non_terminal_states:
            self.on_kill()
            raise RunTimeoutError(
                f"training job {self._job} in {self._where()} was {status} when the wait ended ({message});"
                " it was asked to stop",
                hint="raise max_attempts, or lower MaxRuntimeInSeconds in the configuration",
            )
        raise RunError(
            f"training job {self._job} in {self._where()} is {status}:"
            f" {description.get('FailureReason', 'SageMaker gives no reason')}",
            hint=f"its log: group {TRAINING_LOG_GROUP}, streams {self._job}/*, in {self._where()}",
        )

    def _outcome(self, description: Mapping[str, Any]) -> dict[str, Any]:
        artifact = description.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
        metrics = {one["MetricName"]: one["Value"] for one in description.get("FinalMetricDataList", [])}
        self.log.info("Training job %s is %s.", self._job, description["TrainingJobStatus"])
        self.log.info("Model artifact: %s", artifact or "none yet")
        self.log.info("Metrics: %s", json.dumps(metrics, sort_keys=True))
        return {
            "job_name": self._job,
            "job_arn": description["TrainingJobArn"],
            "model_artifact": artifact,
            "metrics": metrics,
        }

    def _print_log(self) -> None:
        try:
            lines = self.hook.training_log_tail(str(self._job))
        except ClientError as error:
            # A job that failed before its start has no stream; and no log is a reason to fail a model.
            self.log.warning("No log of training job %s to show: %s", self._job, error)
            return
        for line in lines:
            self.log.info("%s", line.rstrip())

    def _where(self) -> str:
        config = self.hook.conn_config
        return f"account {config.role_arn.split(':')[4]}, Region {config.region_name}"
