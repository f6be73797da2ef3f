"""The names that a DAG may know: one JSON file beside it, written by `crosswind deploy`. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from crosswind.errors import InputError, Place

__all__ = ["Bucket", "Intervals", "Job", "Site", "TopologyNames", "load_topology"]

_SCHEMA_VERSION = 1
# A job ends by its own time-out (Glue's Timeout, SageMaker's MaxRuntimeInSeconds). This bound is for the wait
# alone, so that it never gives up before the job does.
_LONGEST_JOB = timedelta(hours=12)


@dataclass(frozen=True)
class Site:
    """A named (account, Region) where work runs, and the Airflow connection that acts there."""

    name: str
    account: str
    region: str
    connection: str


@dataclass(frozen=True)
class Bucket:
    """A bucket of the topology, with its owner and Region."""

    name: str
    account: str
    region: str


@dataclass(frozen=True)
class Job:
    """A job of the topology: its AWS name, or for SageMaker the place of its configuration."""

    type: str
    site: Site
    name: str = ""
    config_bucket: str = ""
    config_key: str = ""


@dataclass(frozen=True)
class Intervals:
    """How often to look, how long to wait, how often to try again; seconds."""

    poke_seconds: float
    timeout_seconds: float
    job_seconds: int
    retries: int
    retry_seconds: float

    @property
    def job_attempts(self) -> int:
        """How many looks, `job_seconds` apart, outlast any job (12 hours)."""
        return math.ceil(_LONGEST_JOB.total_seconds() / self.job_seconds)


@dataclass(frozen=True)
class TopologyNames:
    """All names of one topology, by their declared names."""

    topology: str
    partition: str
    sites: Mapping[str, Site]
    buckets: Mapping[str, Bucket]
    jobs: Mapping[str, Job]
    intervals: Intervals

    @property
    def connections(self) -> dict[str, Site]:
        """The site of each connection."""
        return {site.connection: site for site in self.sites.values()}


def load_topology(dag_file: str, name: str = "") -> TopologyNames:
    """Read the names file that lies beside a DAG file.

    Args:
        dag_file: the DAG's `__file__`.
        name: the topology's name; not needed while one JSON file lies there.

    Raises:
        InputError: no file, several, not JSON, another schema_version, or a member missing.
    """
    folder = Path(dag_file).resolve().parent
    found = sorted(folder.glob(f"{name or '*'}.json"))
    if len(found) != 1:
        raise InputError(
            f"{len(found)} names files; exactly one is needed" + "".join(f", {path.name}" for path in found),
            place=Place(file=str(folder / f"{name or '*'}.json")),
            hint="`crosswind deploy` writes it beside the DAGs; with several, name the topology",
        )
    place = Place(file=str(found[0]))
    try:
        document = json.loads(found[0].read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"not JSON: {error}", place=place) from error
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != _SCHEMA_VERSION:
        raise InputError(
            f"schema_version is {version!r}; this crosswind reads {_SCHEMA_VERSION}",
            place=place,
            hint="deploy DAGs and wheel with one version of crosswind",
        )
    try:
        return _names(document)
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(f"a member is missing or of another shape: {error}", place=place) from error


def _names(document: Mapping[str, Any]) -> TopologyNames:
    sites = {
        key: Site(key, site["account"], site["region"], site["connection"]) for key, site in document["sites"].items()
    }
    return TopologyNames(
        topology=document["topology"],
        partition=document["partition"],
        sites=sites,
        buckets={key: Bucket(**bucket) for key, bucket in document["buckets"].items()},
        jobs={key: _job(job, sites) for key, job in document["jobs"].items()},
        intervals=Intervals(**document["intervals"]),
    )


def _job(job: Mapping[str, Any], sites: Mapping[str, Site]) -> Job:
    config = job.get("config", {})
    return Job(
        type=job["type"],
        site=sites[job["site"]],
        name=job.get("name", ""),
        config_bucket=config.get("bucket", ""),
        config_key=config.get("key", ""),
    )
