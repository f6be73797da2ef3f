"""A Glue job at a declared site: one run for each attempt group, below a prefix that is the attempt's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from crosswind.airflow.handover.objects import head
from crosswind.airflow.hooks.cross_account import TargetClients
from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.glue import GlueJobs
from crosswind.airflow.jobs.glue_runs import INPUTS_MARK, GlueRun
from crosswind.airflow.jobs.model import Look, RemoteJobs, Submission
from crosswind.airflow.operators.job import RemoteJobOperator
from crosswind.airflow.owner import Attempt
from crosswind.airflow.substitution import placeholders, substituted
from crosswind.errors import InputError, NotFoundError, Place

__all__ = ["CrossAccountGlueJobOperator"]

_CLOCKS = timedelta(minutes=5)  # how much Airflow's clock may be ahead of Glue's
_OVERHEAD_SECONDS = 1800  # waiting for workers does not count as the job's time-out


class CrossAccountGlueJobOperator(RemoteJobOperator):
    """Run a declared Glue job.

    Returns (XCom) `{"job", "run_id", "token", "seconds"}`, with `writes` also `{"bucket", "prefix"}`, and with
    `inputs` also `{"inputs": [{"bucket", "key", "version_id"}]}`: the versions that were current when the run was
    submitted, as the run got them.

    Example: `CrossAccountGlueJobOperator(task_id="transform", job="mwaa_glue_raw_to_transform", arguments={"--prefix":
    "${prefix}"}, inputs=["source/raw/ml_train_data.csv"], writes="source/transformed")`.

    Args:
        job: the declared Glue job.
        arguments: the run's arguments (templated). `${token}` is the attempt's, `${prefix}` the folder that the
            attempt alone writes, `<folder of writes>/<run>-<token>/`.
        inputs: objects that the job reads (templated), `<bucket>/<key>`; their current versions go to it as JSON in
            `--crosswind-inputs`.
        writes: `<bucket>/<folder>` that it writes to.
        kwargs: as for RemoteJobOperator.

    Raises:
        InputError: `${prefix}` without `writes`, or another placeholder.
    """

    job_type: ClassVar[str] = "glue"
    template_fields: Sequence[str] = (*RemoteJobOperator.template_fields, "arguments", "inputs")
    template_fields_renderers: ClassVar[dict[str, str]] = {"arguments": "json"}

    def __init__(
        self,
        *,
        job: str,
        arguments: Mapping[str, str] | None = None,
        inputs: Sequence[str] = (),
        writes: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(job=job, **kwargs)
        self.arguments = dict(arguments or {})
        self.inputs = list(inputs)
        self.writes = writes
        self._written = self.names.folder(writes) if self.names and writes else None
        unknown = placeholders(self.arguments) - set(self._values(None))
        if unknown:
            raise InputError(
                f"no value for {', '.join(sorted(f'${{{name}}}' for name in unknown))} in the arguments"
                f" of task {self.task_id!r}",
                place=Place(path="arguments"),
                hint='${prefix} needs writes="<bucket>/<folder>"; ${token} is always there',
            )

    def remote_jobs(self, clients: TargetClients, context: Any) -> RemoteJobs:
        """The declared job's runs."""
        if self.job is None or self.names is None:  # the constructor has refused it
            raise InputError("no declared Glue job")
        return GlueJobs(
            clients,
            self.job.name,
            lambda attempt: self._arguments(attempt, context),
            Claims(clients, self.job.claims_bucket, self.job.claims_prefix),
            _since(context),
            details=self._details,
            topology=self.names.topology,
            detached=not self.wait_for_completion,
            tried=context["ti"].try_number,
            log_group=self.job.log_group or "/aws-glue/jobs",
        )

    def finished(self, context: Any, submission: Submission, look: Look) -> dict[str, Any]:
        """The run, what it wrote to, and what it was given."""
        done = super().finished(context, submission, look)
        done["job"] = done.pop("job_name", submission.job)
        done["run_id"] = submission.id
        # As the run itself has them: one that was adopted has the versions of its own submission.
        given = done.pop("inputs", None)
        if self.inputs:
            done["inputs"] = self._given(context, submission) if given is None else given
        return done

    def longest_seconds(self, clients: TargetClients) -> float:
        """The job's own time-out, and the wait for its start."""
        declared = self.job.timeout_seconds if self.job else 0
        return declared + _OVERHEAD_SECONDS if declared else super().longest_seconds(clients)

    def _given(self, context: Any, submission: Submission) -> list[dict[str, Any]]:
        """The inputs of a run that is not waited for."""
        glue = self.clients(context).client("glue")
        return GlueRun(glue.get_job_run(JobName=submission.job, RunId=submission.id)["JobRun"]).inputs

    def _arguments(self, attempt: Attempt, context: Any) -> dict[str, str]:
        wanted = placeholders(self.arguments)
        values = {name: value for name, value in self._values(attempt).items() if name in wanted}
        filled: dict[str, str] = substituted(self.arguments, values, where=f"the arguments of task {self.task_id}")
        if self.inputs:
            filled[INPUTS_MARK] = json.dumps([self._current(place, context) for place in self.inputs])
        return filled

    def _values(self, attempt: Attempt | None) -> dict[str, str]:
        """What placeholders stand for; any text without an attempt."""
        values = {"token": attempt.token if attempt else "any"}
        if self._written:
            values["prefix"] = f"{self._written[1]}/{attempt.folder if attempt else 'any'}/"
        return values

    def _details(self, attempt: Attempt) -> dict[str, str]:
        if self._written is None:
            return {}
        return {"bucket": self._written[0].name, "prefix": self._values(attempt)["prefix"]}

    def _current(self, place: str, context: Any) -> dict[str, str]:
        """An input's current version."""
        if self.names is None:  # the constructor has refused it
            raise InputError("inputs need names")
        bucket, key = self.names.folder(place)
        clients = self.clients_at(bucket.account, bucket.region, context)
        answer = head(clients, bucket.name, key)
        if answer is None:
            where = f"s3://{bucket.name}/{key}"
            raise NotFoundError(f"the input {where} does not exist", hint="wait for it before this task")
        return {"bucket": bucket.name, "key": key, "version_id": answer.get("VersionId", "")}


def _since(context: Any) -> datetime:
    """Before this, no run of the DAG run's tasks can have been started.

    Not its `start_date` or `queued_at`, which a clear sets anew. A DAG run never starts before its `run_after`.
    """
    found: datetime = context["dag_run"].run_after - _CLOCKS
    return found
