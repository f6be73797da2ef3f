"""The names that a DAG may know: one JSON file beside it, written by `crosswind deploy`. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from crosswind.errors import InputError, Place

__all__ = ["Bucket", "FailureQueue", "Intervals", "Job", "Replication", "Site", "TopologyNames", "load_topology"]

_SCHEMA_VERSION = 2
# A job ends by its own time-out (Glue's Timeout, SageMaker's MaxRuntimeInSeconds). This bound is for the wait
# alone, so that it never gives up before the job does.
_LONGEST_JOB = timedelta(hours=12)
_MOVERS = ("crr", "crr-rtc", "copy", "in-place")

_T = TypeVar("_T")


@dataclass(frozen=True)
class Site:
    """A named (account, Region) where work runs, the Airflow connection that acts there, and people's role there."""

    name: str
    account: str
    region: str
    connection: str
    console_role: str = ""


@dataclass(frozen=True)
class Bucket:
    """A bucket of the topology, with its owner and Region."""

    name: str
    account: str
    region: str


@dataclass(frozen=True)
class FailureQueue:
    """The SQS queue that hears of replications that failed (`s3:Replication:OperationFailedReplication`)."""

    queue: str
    account: str
    region: str


@dataclass(frozen=True)
class Replication:
    """How a folder gets from one bucket to another.

    Args:
        name: as declared.
        source: the bucket that is written.
        destination: the bucket that is read; the source itself when read in place.
        folder: the folder, without a slash at its end.
        mover: `crr`, `crr-rtc`, `copy` or `in-place`.
        repair: whether the arrival may copy what S3 failed to replicate.
        failures: where S3 reports failures, when the topology subscribes to them.
    """

    name: str
    source: Bucket
    destination: Bucket
    folder: str
    mover: str
    repair: bool = False
    failures: FailureQueue | None = None


@dataclass(frozen=True)
class Job:
    """A job of the topology: its AWS name, or for SageMaker the place of its configuration.

    Args:
        type: `glue`, `sagemaker` or `lambda`.
        site: where it runs.
        name: of the Glue job or the function.
        config_bucket: SageMaker: the bucket of the request that starts it.
        config_key: SageMaker: its key.
        claims_bucket: where the claims of its submitters are; empty when it needs none.
        claims_prefix: the claims' folder, with a slash at its end.
        results_bucket: Lambda: where an asynchronous function puts its results; empty when it is synchronous.
        results_prefix: the results' folder, with a slash at its end.
        timeout_seconds: after which the service itself ends it; 0 when the configuration says so.
        log_group: its CloudWatch log group.
    """

    type: str
    site: Site
    name: str = ""
    config_bucket: str = ""
    config_key: str = ""
    claims_bucket: str = ""
    claims_prefix: str = ""
    results_bucket: str = ""
    results_prefix: str = ""
    timeout_seconds: int = 0
    log_group: str = ""


@dataclass(frozen=True)
class Intervals:
    """How often to look, how long to wait, how often to try again; seconds."""

    poke_seconds: float
    timeout_seconds: float
    job_seconds: int
    retries: int
    retry_seconds: float
    reap_seconds: float = 300
    arrival_seconds: float = 3600

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
    replications: Mapping[str, Replication]

    def __repr__(self) -> str:
        # It travels in a DAG's default_args, which Airflow writes down as text with each DAG.
        return f"TopologyNames({self.topology!r})"

    @property
    def connections(self) -> dict[str, Site]:
        """The site of each connection."""
        return {site.connection: site for site in self.sites.values()}

    def site(self, name: str) -> Site:
        """A site by its declared name; raises InputError, with the names that there are."""
        return _named(self.sites, name, "site")

    def bucket(self, name: str) -> Bucket:
        """A bucket by its declared name; raises InputError, with the names that there are."""
        return _named(self.buckets, name, "bucket")

    def replication(self, name: str) -> Replication:
        """A replication by its declared name; raises InputError, with the names that there are."""
        return _named(self.replications, name, "replication")

    def job(self, name: str, kind: str = "") -> Job:
        """A job by its declared name.

        Args:
            name: as declared in `jobs`.
            kind: the type that it must have, when only one will do.

        Raises:
            InputError: no such job, or one of another type; with the names that there are.
        """
        fitting = {key: job for key, job in self.jobs.items() if kind in ("", job.type)}
        return _named(fitting, name, f"{kind} job".strip())

    def folder(self, place: str) -> tuple[Bucket, str]:
        """A place such as `source/transformed` as (bucket, folder); raises InputError for an unknown bucket."""
        bucket, _, folder = place.partition("/")
        return self.bucket(bucket), folder.strip("/")

    def bucket_of(self, name: str) -> Bucket:
        """A declared bucket by its S3 name; raises InputError for any other bucket."""
        return _named({bucket.name: bucket for bucket in self.buckets.values()}, name, "bucket of that S3 name:")

    def site_at(self, account: str, region: str) -> Site:
        """The site in an account and Region, by whose connection a bucket there is reached; the first by name.

        Raises:
            InputError: no site is declared there.
        """
        for _, site in sorted(self.sites.items()):
            if (site.account, site.region) == (account, region):
                return site
        raise InputError(
            f"no site is declared in account {account}, Region {region}. Declared: {_listed(self.sites)}",
            hint="declare a site there, so that a connection leads to it",
        )


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
    return read_names(found[0])


def read_names(file: Path) -> TopologyNames:
    """The names in a file that `crosswind deploy` wrote; raises InputError as `load_topology` does."""
    place = Place(file=str(file))
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
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
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"a member is missing or of another shape: {error}", place=place) from error


def _names(document: Mapping[str, Any]) -> TopologyNames:
    sites = {key: Site(key, **site) for key, site in document["sites"].items()}
    buckets = {key: Bucket(**bucket) for key, bucket in document["buckets"].items()}
    return TopologyNames(
        topology=document["topology"],
        partition=document["partition"],
        sites=sites,
        buckets=buckets,
        jobs={key: _job(job, sites) for key, job in document["jobs"].items()},
        intervals=Intervals(**document["intervals"]),
        replications={key: _replication(key, each, buckets) for key, each in document["replications"].items()},
    )


def _job(job: Mapping[str, Any], sites: Mapping[str, Site]) -> Job:
    config, claims, results = (job.get(member) or {} for member in ("config", "claims", "results"))
    return Job(
        type=job["type"],
        site=sites[job["site"]],
        name=job.get("name", ""),
        config_bucket=config.get("bucket", ""),
        config_key=config.get("key", ""),
        claims_bucket=claims.get("bucket", ""),
        claims_prefix=claims.get("prefix", ""),
        results_bucket=results.get("bucket", ""),
        results_prefix=results.get("prefix", ""),
        timeout_seconds=int(job.get("timeout_seconds", 0)),
        log_group=job.get("log_group", ""),
    )


def _replication(name: str, document: Mapping[str, Any], buckets: Mapping[str, Bucket]) -> Replication:
    failures = document.get("failures")
    if document["mover"] not in _MOVERS:
        raise ValueError(f"replications.{name}.mover is {document['mover']!r}; there are {', '.join(_MOVERS)}")
    return Replication(
        name=name,
        source=buckets[document["source"]],
        destination=buckets[document["destination"]],
        folder=document["folder"],
        mover=document["mover"],
        repair=bool(document.get("repair", False)),
        failures=FailureQueue(**failures) if failures else None,
    )


def _named(found: Mapping[str, _T], name: str, what: str) -> _T:
    if name not in found:
        raise InputError(
            f"no {what} {name!r} is declared. Declared: {_listed(found)}",
            hint="use a name of crosswind.yaml, and deploy after a change of it",
        )
    return found[name]


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"
