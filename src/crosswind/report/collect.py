"""Ask the accounts what a run of the pipelines did; reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crosswind.aws import Sessions, translated
from crosswind.deploy.pipelines import PipelineRun
from crosswind.errors import NotFoundError
from crosswind.report.ancestry import lineage_of
from crosswind.report.summary import Summary, TaskRow, summarise
from crosswind.report.trail import Trail
from crosswind.synth import job_prefixes
from crosswind.topology import Names, Topology

__all__ = ["collect"]


def collect(
    topology: Topology,
    sessions: Sessions,
    runs: Sequence[PipelineRun],
    requests: Iterable[Mapping[str, Any]] = (),
) -> Summary:
    """The summary of a run.

    Args:
        topology: the declared topology.
        sessions: makes the clients.
        runs: the runs to tell of.
        requests: the local world's request log; empty on AWS, where identities are in CloudTrail.
    """
    tasks = [
        TaskRow(task.pipeline, task.task, task.state, task.started, task.ended) for run in runs for task in run.tasks
    ]
    trail = Trail(requests)
    began = min((task.started for task in tasks), default=0.0)
    training = _training(topology, sessions, began)
    record = _record(topology, sessions, training.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""))
    return summarise(
        topology, tasks, trail, training, _replicas(topology, sessions), _removed(topology, sessions), record
    )


def _training(topology: Topology, sessions: Sessions, began: float) -> Mapping[str, Any]:
    """The newest training job at the sites of training jobs, started since a time; empty when there is none.

    One that completed comes before any that did not.
    """
    found: list[Mapping[str, Any]] = []
    for job, declared in topology.jobs.items():
        if declared.type != "sagemaker":
            continue
        account, region = topology.account_of(declared.site), topology.region_of(declared.site)
        client = sessions.client("sagemaker", account, region)
        with translated(f"describe the training jobs in {account}, {region}"):
            since = datetime.fromtimestamp(began, UTC)
            jobs = client.list_training_jobs(CreationTimeAfter=since)["TrainingJobSummaries"]
            # The deployer's role may describe jobs of ours alone, and names them by how their names begin.
            prefixes = tuple(prefix.lower() for prefix in job_prefixes(topology, job))
            names = [each["TrainingJobName"] for each in jobs if each["TrainingJobName"].lower().startswith(prefixes)]
            found += [client.describe_training_job(TrainingJobName=name) for name in names]
    return max(found, key=lambda each: (each["TrainingJobStatus"] == "Completed", each["CreationTime"]), default={})


def _record(topology: Topology, sessions: Sessions, model: str) -> Mapping[str, Any] | None:
    """What lies beside a model; None when nothing does, or there is no model."""
    if not model:
        return None
    try:
        return lineage_of(topology, sessions, model).document
    except NotFoundError:
        return None


def _removed(topology: Topology, sessions: Sessions) -> list[str]:
    """The objects, `bucket/key`, that a job removed: those behind a delete marker in a folder it deletes in."""
    folders = sorted({folder for job in topology.jobs.values() for folder in job.deletes})
    found = []
    for bucket, folder in (reference.split("/", 1) for reference in folders):
        name = Names(topology).bucket(bucket)
        client = _s3_of(topology, sessions, bucket)
        with translated(f"list what was removed in {name}"):
            pages = client.get_paginator("list_object_versions").paginate(Bucket=name, Prefix=f"{folder}/")
            found += [f"{name}/{marker['Key']}" for page in pages for marker in page.get("DeleteMarkers", [])]
    return found


def _s3_of(topology: Topology, sessions: Sessions, bucket: str) -> Any:
    """An S3 client in the account and Region of a declared bucket."""
    site = topology.buckets[bucket].site
    return sessions.client("s3", topology.account_of(site), topology.region_of(site))


def _replicas(topology: Topology, sessions: Sessions) -> dict[str, int]:
    """The size of each replica at each replication's destination, by `bucket/key`; clean-up hides none."""
    found: dict[str, int] = {}
    names = Names(topology)
    for rule in (each for each in topology.replications.values() if each.by_s3):
        client = _s3_of(topology, sessions, rule.destination)
        bucket = names.bucket(rule.destination)
        with translated(f"list the replicas in {bucket}"):
            pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=f"{rule.folder}/")
            versions = [version for page in pages for version in page.get("Versions", [])]
            for version in versions:
                head = client.head_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
                if head.get("ReplicationStatus") == "REPLICA" and version["Size"]:
                    found[f"{bucket}/{version['Key']}"] = version["Size"]
    return found
