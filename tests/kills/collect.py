"""Facts of a schedule that is over: read from AWS as each account's root, and from what was watched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from crosswind.airflow.jobs.tags import owner_in
from crosswind.airflow.owner import Owner
from crosswind.topology.names import CLAIMS
from tests.kills.facts import Claimed, Handover, Job, Model, TaskKey, Versions
from tests.kills.schedule import GLUE, Call
from tests.kills.stage import Place, Stage
from tests.kills.watch import Watch

__all__ = ["Collector"]

_GLUE_STATES = {
    "SUCCEEDED": "succeeded",
    "STOPPED": "stopped",
    "FAILED": "failed",
    "TIMEOUT": "failed",
    "ERROR": "failed",
}
_TRAINING_STATES = {"Completed": "succeeded", "Stopped": "stopped", "Failed": "failed"}


class Collector:
    """Reads what a schedule left.

    Args:
        stage: the deployed example.
        begun: when the schedule began: what is older belongs to others.
    """

    def __init__(self, stage: Stage, begun: datetime) -> None:
        self._stage = stage
        self._begun = begun

    def live(self) -> list[str]:
        """The ids of jobs that have not ended."""
        return [job.id for job in self.jobs(None) if job.ended is None]

    def jobs(self, watch: Watch | None) -> tuple[Job, ...]:
        """Glue runs and training jobs; with a watch, also when they were asked to stop."""
        return (*self._glue(watch), *self._training(watch))

    def _glue(self, watch: Watch | None) -> Iterator[Job]:
        client = self._stage.client("glue", self._stage.source)
        stops = watch.calls(Call("glue", "BatchStopJobRun")) if watch else []
        for page in client.get_paginator("get_job_runs").paginate(JobName=GLUE):
            for run in page["JobRuns"]:
                if run["StartedOn"] < self._begun:
                    continue
                owner = Owner.of(run["Arguments"]["--crosswind-owner"])
                ended = run.get("CompletedOn")
                # The log names the job, not the run; its runs come one after another.
                asked = [each["time"] for each in stops if each["time"] >= run["StartedOn"].timestamp()]
                state = _GLUE_STATES.get(run["JobRunState"], "running")
                yield Job(
                    "glue", run["Id"], _task(owner), owner.group,
                    run["StartedOn"].timestamp(), ended.timestamp() if ended else None, state,
                    asked[0] if asked and state in ("stopped", "running") else None,
                )  # fmt: skip

    def _training(self, watch: Watch | None) -> Iterator[Job]:
        client = self._stage.client("sagemaker", self._stage.destination)
        pages = client.get_paginator("list_training_jobs").paginate(CreationTimeAfter=self._begun)
        for name in [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]:
            job = client.describe_training_job(TrainingJobName=name)
            tags = {tag["Key"]: tag["Value"] for tag in client.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]}
            owner = owner_in(tags)
            assert owner is not None, f"{name} bears no owner: {tags}"
            ended = job.get("TrainingEndTime")
            asked = watch.calls(Call("sagemaker", "StopTrainingJob", name)) if watch else []
            yield Job(
                "training", name, _task(owner), owner.group, job["CreationTime"].timestamp(),
                ended.timestamp() if ended else None, _TRAINING_STATES.get(job["TrainingJobStatus"], "running"),
                asked[0]["time"] if asked else None,
                tuple(channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in job["InputDataConfig"]),
            )  # fmt: skip

    def claimed(self) -> tuple[Claimed, ...]:
        """The function's attempts that were claimed, those given up left out: no other job has claims there."""
        s3, place = self._stage.client("s3", self._stage.destination), self._stage.destination
        found = []
        for entry in self._listed(place, CLAIMS):
            claim = json.loads(s3.get_object(Bucket=place.bucket, Key=entry["Key"])["Body"].read())
            if claim["holder"]:
                answer = self._listed(place, f"results/{claim['token']}.json")
                found.append(Claimed(claim["token"], bool(list(answer))))
        return tuple(found)

    def handovers(self) -> tuple[Handover, ...]:
        """What was published, oldest first; a clean-up hides it and removes nothing."""
        s3, place = self._stage.client("s3", self._stage.source), self._stage.source
        found = []
        for entry in self._versions(place, "transformed/"):
            prefix, _, name = entry["Key"].rpartition("/")
            if name != "handover.json":
                continue
            answer = s3.get_object(Bucket=place.bucket, Key=entry["Key"], VersionId=entry["VersionId"])
            manifest = json.loads(answer["Body"].read())
            versions = _pairs(manifest["versions"])
            keys = {key for key, _ in versions}
            source, destination = (
                frozenset((each["Key"], each["VersionId"]) for each in self._versions(there, f"{prefix}/"))
                for there in (place, self._stage.destination)
            )
            made = Handover(f"{prefix}/", entry["VersionId"], versions, _of(source, keys), _of(destination, keys))
            found.append((answer["LastModified"], made))
        return tuple(made for _, made in sorted(found, key=lambda each: each[0]))

    def models(self, jobs: tuple[Job, ...]) -> Iterator[Model]:
        """The models with a record."""
        s3, place = self._stage.client("s3", self._stage.destination), self._stage.destination
        for job in jobs:
            key = f"models/{job.id}/output/lineage.json"
            if job.kind != "training" or not list(self._listed(place, key)):
                continue
            record = json.loads(s3.get_object(Bucket=place.bucket, Key=key)["Body"].read())
            assert record["training"]["name"] == job.id
            reference, replication = record["handover"]["reference"], record["replication"]
            yield Model(
                job.id, reference["prefix"], reference["version_id"], _pairs(record["handover"]["versions"]),
                _pairs(replication["versions"]), tuple(replication["superseded"]),
            )  # fmt: skip

    def _listed(self, place: Place, prefix: str) -> Iterator[Any]:
        pages = self._stage.client("s3", place).get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=place.bucket, Prefix=prefix):
            yield from (each for each in page.get("Contents", ()) if each["LastModified"] >= self._second)

    def _versions(self, place: Place, prefix: str) -> Iterator[Any]:
        pages = self._stage.client("s3", place).get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=place.bucket, Prefix=prefix):
            yield from (each for each in page.get("Versions", ()) if each["LastModified"] >= self._second)

    @property
    def _second(self) -> datetime:
        """S3 tells times to the second."""
        return self._begun.replace(microsecond=0)


def _task(owner: Owner) -> TaskKey:
    return owner.dag_id, owner.run_id, owner.task_id, owner.map_index


def _of(versions: Versions, keys: set[str]) -> Versions:
    return frozenset(each for each in versions if each[0] in keys)


def _pairs(versions: list[dict[str, Any]]) -> Versions:
    return frozenset((each["key"], each["version_id"]) for each in versions)
