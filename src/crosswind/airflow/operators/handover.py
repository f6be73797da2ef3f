"""The last step of a DAG that makes data: exactly what its job wrote becomes a handover, and an Asset event says so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Asset, BaseOperator

from crosswind.airflow.context import target_of
from crosswind.airflow.final import final_errors
from crosswind.airflow.handover.publish import publish
from crosswind.airflow.hooks.cross_account import clients_of
from crosswind.airflow.settings import TopologyNames
from crosswind.airflow.target import Clients
from crosswind.aws import translated
from crosswind.errors import InputError

__all__ = ["PublishHandover"]


class PublishHandover(BaseOperator):
    """Publish what a job wrote, and start who waits for it.

    Each object that the job's `manifest.json` names is looked at once: key, version id, size, checksum. They become
    `handover.json` beside it, which is written once and never again. The outlets' Asset events carry the reference to
    it. A retry publishes nothing new: it finds what the first try wrote, and announces that.

    The prefix is the one that the job really used: a Glue run's own `--prefix` argument, as Glue tells it.

    Returns (XCom) the reference, as plain data.

    Args:
        replication: the declared replication (or folder that is read in place) whose folder the job writes.
        produced: what the producing task returned (templated): of a Glue operator, ours or Airflow's own; else a
            mapping with `prefix`, and `inputs` where it knows them.
        outlets: the Assets that are announced; at least one.
        job: the declared Glue job; only needed with Airflow's own Glue operator, which returns a run's id alone.
        names: the topology's names; `default_args(names)` gives them to every operator of a DAG.
        kwargs: as for any operator.

    Raises:
        InputError: no outlet, or a name that is not declared.
    """

    template_fields: Sequence[str] = ("produced",)
    ui_color = "#d8f0d8"

    def __init__(
        self,
        *,
        replication: str,
        produced: Any,
        outlets: Sequence[Asset],
        names: TopologyNames,
        job: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(outlets=list(outlets), **kwargs)
        if not outlets:
            raise InputError(
                f"task {self.task_id!r} announces its handover to nobody",
                hint='give outlets=[Asset("...")], and the Asset as schedule of the DAG that takes it',
            )
        self.names = names
        self.replication = replication
        self.produced = produced
        self.job = job
        self._replication = names.replication(replication)
        self._job = names.job(job, "glue") if job else None

    def execute(self, context: Any) -> dict[str, Any]:
        """Look, publish, announce."""
        source = self._replication.source
        site = self.names.site_at(source.account, source.region)
        clients = clients_of(target_of(self.names, site, context))
        with final_errors():
            prefix, made = self._made(clients)
            if not prefix.startswith(f"{self._replication.folder}/"):
                raise InputError(
                    f"the job wrote below {prefix!r}; the folder of replication {self.replication!r} is"
                    f" {self._replication.folder}/",
                    hint="nothing brings that to the destination: give the job a prefix in the replicated folder",
                )
            ti = context["ti"]
            producer = {"dag_id": ti.dag_id, "run_id": ti.run_id, "task_id": ti.task_id, **made}
            handover, reference = publish(clients, source.name, prefix, producer)
        for asset in self.outlets:
            context["outlet_events"][asset].extra = reference.document()
        self.log.info(
            "Published s3://%s/%s: %d objects, %d bytes, version %s.",
            reference.bucket,
            reference.key,
            reference.objects,
            reference.size,
            reference.version_id,
        )
        for version in handover.versions:
            self.log.info("  %s %s (%d bytes, %s)", version.key, version.version_id, version.size, version.checksum)
        return reference.document()

    def _made(self, clients: Clients) -> tuple[str, dict[str, Any]]:
        """The prefix that was written, and what wrote it from what."""
        produced = self.produced
        if isinstance(produced, Mapping) and "prefix" in produced and not produced.get("run_id"):
            made = {"job": produced.get("job", ""), "job_run": "", "inputs": list(produced.get("inputs", ()))}
            return str(produced["prefix"]), made
        job, run_id = self._run(produced)
        with translated(f"read Glue run {run_id} of {job} in {clients.target.text}"):
            run = clients.client("glue").get_job_run(JobName=job, RunId=run_id)["JobRun"]
        arguments = run.get("Arguments", {})
        if run["JobRunState"] != "SUCCEEDED" or "--prefix" not in arguments:
            raise InputError(
                f"Glue run {run_id} of {job} is {run['JobRunState']}, with the arguments {sorted(arguments)}",
                hint="only a run that succeeded, and was given its own --prefix, can be handed over",
            )
        inputs = json.loads(arguments.get("--crosswind-inputs", "[]"))
        return arguments["--prefix"], {"job": job, "job_run": run_id, "inputs": inputs}

    def _run(self, produced: Any) -> tuple[str, str]:
        """A Glue run: the job's name and the run's id."""
        match produced:
            case {"job": str(job), "run_id": str(run_id)}:
                return job, run_id
            case str(run_id) if run_id and self._job:
                return self._job.name, run_id
        raise InputError(
            f"produced is {produced!r}: neither what a Glue operator returns, nor a mapping with `prefix`",
            hint="give the producing task's output; with Airflow's own GlueJobOperator also job=..., the declared name",
        )
