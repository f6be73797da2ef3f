"""SageMaker training in another account and Region, on exactly what was handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crosswind.airflow.handover import lineage
from crosswind.airflow.handover.model import Arrival
from crosswind.airflow.handover.read import read
from crosswind.airflow.handover.verify import MismatchError, verify
from crosswind.airflow.hooks.cross_account import TargetClients
from crosswind.airflow.jobs.model import Look, RemoteJobs, Submission
from crosswind.airflow.jobs.training import TrainingJobs
from crosswind.airflow.operators.configured import ConfiguredJobOperator
from crosswind.airflow.owner import Attempt
from crosswind.errors import InputError

__all__ = ["CrossAccountSageMakerTrainingOperator"]


class CrossAccountSageMakerTrainingOperator(ConfiguredJobOperator):
    """Train in the account and Region of a declared job, or of a connection.

    The configuration is a CreateTrainingJob request in a JSON object, read with the assumed role when the task runs.
    Its placeholders `${name}` are filled from `substitutions`; `${job_name}` is always known, and must be its
    TrainingJobName.

    With `arrival`, `${prefix}` is known too, and the model is proven to come from exactly that handover: SageMaker
    takes keys, not versions, so the versions are verified before the job is submitted and after it has completed; when
    they differ the task fails, without another try. The job bears the handover in its tags, and `lineage.json` beside
    the model tells the way back (`crosswind lineage`).

    Returns (XCom) `{"job_name", "job_arn", "model_artifact", "metrics", "token"}`.

    Example: `CrossAccountSageMakerTrainingOperator(task_id="train", job="penguins_training", arrival=arrived.output)`.

    Args:
        job: the declared SageMaker job, whose site and configuration are used.
        arrival: what ArrivalSensor hands on (templated).
        config_bucket: without `job`: the bucket of the configuration (templated).
        config_key: without `job`: its key (templated).
        substitutions: values by placeholder name (templated); each must be used.
        kwargs: as for RemoteJobOperator, such as `aws_conn_id`, `account_id`, `check_interval`, `max_attempts`,
            `deferrable`, `wait_for_completion`; `config` is not accepted.
    """

    job_type: ClassVar[str] = "sagemaker"
    named: ClassVar[str] = "TrainingJobName"
    template_fields: Sequence[str] = (*ConfiguredJobOperator.template_fields, "arrival")

    def __init__(self, *, arrival: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arrival = arrival
        self._verifies = arrival is not None
        if arrival is not None and self.names is None:
            raise InputError(
                f"task {self.task_id!r} has an arrival and no names",
                hint="give the DAG default_args=default_args(load_topology(__file__))",
            )

    def remote_jobs(self, clients: TargetClients, context: Any) -> RemoteJobs:
        """Training jobs at the target."""
        return TrainingJobs(
            clients,
            lambda attempt: self._request(clients, attempt),
            topology=self.names.topology if self.names else "",
            detached=not self.wait_for_completion,
        )

    def finished(self, context: Any, submission: Submission, look: Look) -> dict[str, Any]:
        """The model, once its versions are verified and its record is written."""
        arrival = self._arrived()
        if arrival and look.outcome:
            self._record(context, arrival, submission)
            self.log.info("Trained on %d objects below s3://%s/%s, verified.", *_counted(arrival))
        if look.outcome:
            self.log.info("Model artifact: %s", look.outcome["model_artifact"] or "none")
            self.log.info("Metrics: %s", look.outcome["metrics"])
        return {"job_name": submission.id, **super().finished(context, submission, look)}

    def longest_seconds(self, clients: TargetClients) -> float:
        """MaxRuntimeInSeconds of the configuration, with what does not count as run time."""
        stopping = self.configuration(clients).document.get("StoppingCondition", {})
        return self.bounded(stopping, "MaxWaitTimeInSeconds")

    def _request(self, clients: TargetClients, attempt: Attempt) -> dict[str, Any]:
        arrival = self._arrived()
        request = self.configuration(clients).filled(
            attempt, self.substitutions, {"prefix": arrival.prefix} if arrival else {}
        )
        self.expand_role(clients, request)
        if arrival:
            verify(clients, arrival)
            request["Tags"] = [*request.get("Tags", []), *lineage.tags(arrival)]
        return request

    def _arrived(self) -> Arrival | None:
        if not self._verifies:
            return None
        if not self.arrival or not isinstance(self.arrival, Mapping):
            raise InputError(
                f"what task {self.task_id!r} waits for has given no arrival to verify, but {self.arrival!r}",
                hint="clear the sensor and this task together, and run this one only after the sensor has succeeded",
            )
        found = Arrival.of(self.arrival)
        if (found.account, found.region) != (self.site and self.site.account, self.site and self.site.region):
            where = f"account {found.account}, Region {found.region}"
            raise InputError(
                f"the data has arrived in {where}; the job runs in {self.site or 'an undeclared account'}",
                hint="give the arrival of the replication that leads to the job's site",
            )
        return found

    def _record(self, context: Any, arrival: Arrival, submission: Submission) -> None:
        """Verify what the job read, and write `lineage.json` beside the model."""
        if self.names is None:  # the constructor has refused it
            raise InputError("an arrival needs names")
        clients = self.clients(context)
        job = clients.client("sagemaker").describe_training_job(TrainingJobName=submission.id)
        _require_read(job, arrival)
        arrival = verify(clients, arrival)
        bucket = self.names.bucket_of(arrival.reference.bucket)
        source = self.clients_at(bucket.account, bucket.region, context)
        lineage.put(clients, arrival, read(source, arrival.reference), job, submission)


def _require_read(job: Mapping[str, Any], arrival: Arrival) -> None:
    """Raise MismatchError unless the job's channels read the arrival's prefix, and no other run's beside it.

    A try may adopt a job that was submitted for an earlier arrival: somebody cleared the sensor and not this task.
    """
    own = f"s3://{arrival.bucket}/{arrival.prefix}"
    beside = own.removesuffix(f"{arrival.run}/")
    sources = (channel["DataSource"].get("S3DataSource", {}) for channel in job.get("InputDataConfig", ()))
    read_from = [str(source["S3Uri"]) for source in sources if "S3Uri" in source]
    strangers = [uri for uri in read_from if uri.startswith(beside) and not uri.startswith(own)]
    if strangers or not any(uri.startswith(own) for uri in read_from):
        raise MismatchError(
            f"training job {job['TrainingJobName']} read {', '.join(strangers or read_from) or 'nothing'};"
            f" the arrival is {own}",
            hint="write ${prefix} into the configuration's channels; if the arrival has changed, clear this task too",
        )


def _counted(arrival: Arrival) -> tuple[int, str, str]:
    return len(arrival.versions), arrival.bucket, arrival.prefix
