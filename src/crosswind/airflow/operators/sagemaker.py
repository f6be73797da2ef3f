"""SageMaker training in another account and Region, on exactly what was handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crosswind.airflow.handover import lineage
from crosswind.airflow.handover.channels import prefixes_read
from crosswind.airflow.handover.model import Arrival
from crosswind.airflow.handover.read import read
from crosswind.airflow.handover.verify import verify
from crosswind.airflow.hooks.cross_account import TargetClients
from crosswind.airflow.jobs.model import Look, RemoteJobs, Submission
from crosswind.airflow.jobs.training import TrainingJobs
from crosswind.airflow.operators.configured import ConfiguredJobOperator
from crosswind.airflow.owner import Attempt
from crosswind.airflow.settings import Site
from crosswind.errors import InputError

__all__ = ["CrossAccountSageMakerTrainingOperator"]


class CrossAccountSageMakerTrainingOperator(ConfiguredJobOperator):
    """Train in the account and Region of a declared job, or of a connection.

    The configuration is a CreateTrainingJob request in a JSON object, read with the assumed role when the task runs.
    Its placeholders `${name}` are filled from `substitutions`; `${job_name}` is always known, and must be its
    TrainingJobName.

    With `arrival`, `${prefix}` is known too, and the model is proven to come from exactly that handover: SageMaker
    takes keys, not versions, so the versions are verified before the job is submitted and after it has completed; when
    they differ, or a channel reads anything else, the task fails, without another try. The job bears the handover in
    its tags, and `lineage.json` beside the model tells the way back (`crosswind lineage`). The data may be that of
    another account when it is read in place: then its own site verifies it, and the job's role reads it by the bucket's
    policy.

    Returns (XCom) `{"job_name", "job_arn", "model_artifact", "metrics", "token"}`.

    Example: `CrossAccountSageMakerTrainingOperator(task_id="train", job="penguins_training", arrival=arrived.output)`.

    Args:
        job: the declared SageMaker job, whose site and configuration are used.
        arrival: what ArrivalSensor hands on (templated).
        other_channels: with `arrival`: the names of channels that read something else, such as a model to start from.
            They are not verified, and the model's record names them. `checkpoints` is a CheckpointConfig whose place
            has no `${job_name}` in its path.
        config_bucket: without `job`: the bucket of the configuration (templated).
        config_key: without `job`: its key (templated).
        substitutions: values by placeholder name (templated); each must be used.
        kwargs: as for RemoteJobOperator, such as `aws_conn_id`, `account_id`, `check_interval`, `max_attempts`,
            `deferrable`, `wait_for_completion`; `config` is not accepted.
    """

    job_type: ClassVar[str] = "sagemaker"
    named: ClassVar[str] = "TrainingJobName"
    template_fields: Sequence[str] = (*ConfiguredJobOperator.template_fields, "arrival")

    def __init__(
        self, *, arrival: Mapping[str, Any] | None = None, other_channels: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.other_channels = tuple(other_channels)
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
            lambda attempt: self._request(clients, attempt, context),
            topology=self.names.topology if self.names else "",
            detached=not self.wait_for_completion,
            tried=context["ti"].try_number,
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
        return self.bounded(self.stopping_condition(), "MaxWaitTimeInSeconds")

    def _request(self, clients: TargetClients, attempt: Attempt, context: Any) -> dict[str, Any]:
        arrival = self._arrived()
        request = self.configuration(clients).filled(
            attempt, self.substitutions, {"prefix": arrival.prefix} if arrival else {}
        )
        self.expand_role(clients, request)
        if arrival:
            verify(self._beside(arrival, context), arrival, prefixes_read(request, arrival, self.other_channels))
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
        _require_near(found, self.site)
        return found

    def _beside(self, arrival: Arrival, context: Any) -> TargetClients:
        """The clients of the account that the data is in: it alone may tell the versions of its buckets."""
        if self.site and self.site.account == arrival.account:
            return self.clients(context)
        return self.clients_at(arrival.account, arrival.region, context)

    def _record(self, context: Any, arrival: Arrival, submission: Submission) -> None:
        """Verify what the job read, and write `lineage.json` beside the model."""
        if self.names is None:  # the constructor has refused it
            raise InputError("an arrival needs names")
        clients = self.clients(context)
        job = clients.client("sagemaker").describe_training_job(TrainingJobName=submission.id)
        read_by_it = prefixes_read(job, arrival, self.other_channels)
        arrival = verify(self._beside(arrival, context), arrival, read_by_it)
        bucket = self.names.bucket_of(arrival.reference.bucket)
        source = self.clients_at(bucket.account, bucket.region, context)
        lineage.put(clients, arrival, read(source, arrival.reference), job, submission)


def _require_near(arrival: Arrival, site: Site | None) -> None:
    """Raise InputError unless a training job at a site may read what has arrived.

    Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html.
    """
    data = f"the data has arrived in account {arrival.account}, Region {arrival.region}"
    if site is None:
        raise InputError(f"{data}; the job runs in an undeclared account", hint="give job=..., or site=...")
    job = f"the job runs in account {site.account}, Region {site.region}"
    if arrival.region != site.region:
        raise InputError(
            f"{data}; {job}, and SageMaker reads in its own Region alone",
            hint="give the arrival of a replication to the job's site: mover copy, crr or crr-rtc",
        )
    if arrival.account != site.account and not arrival.in_place:
        raise InputError(
            f"{data}; {job}, and its role may not read there",
            hint="give the arrival of the replication to the job's site, or of a folder that is read in place",
        )


def _counted(arrival: Arrival) -> tuple[int, str, str]:
    return len(arrival.versions), arrival.bucket, arrival.prefix
