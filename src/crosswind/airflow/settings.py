"""The names that a DAG may know: of sites, buckets, jobs and replications, by their declared names. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from crosswind.errors import InputError

__all__ = ["KINDS", "Bucket", "FailureQueue", "Intervals", "Job", "Replication", "Site", "TopologyNames"]

# A job ends by its own time-out (Glue's Timeout, SageMaker's MaxRuntimeInSeconds). This bound is for the wait
# alone, so that it never gives up before the job does.
_LONGEST_JOB = timedelta(hours=12)
KINDS: Mapping[str, str] = {
    "glue": "glue",
    "glue_python_shell": "glue",
    "sagemaker": "training",
    "sagemaker_processing": "processing",
    "lambda": "lambda",
}
"""The kind of remote job that each type of job has."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Site:
    """A named (account, Region) where work runs.

    Args:
        name: as declared.
        account: its 12 digits.
        region: its Region.
        connection: the Airflow connection that acts there.
        console_role: people's role there; empty without one.
        connections: the connections of pipelines that have a role of their own there, by DAG id.
    """

    name: str
    account: str
    region: str
    connection: str
    console_role: str = ""
    connections: Mapping[str, str] = field(default_factory=dict, hash=False)

    def connection_of(self, dag_id: str) -> str:
        """The connection under which a DAG acts there: its own if it has one."""
        return self.connections.get(dag_id, self.connection)


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
        type: `glue`, `glue_python_shell`, `sagemaker`, `sagemaker_processing` or `lambda`.
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

    @property
    def kind(self) -> str:
        """The kind of its remote jobs, as `jobs` calls them: both types of Glue job have runs of one kind."""
        return KINDS[self.type]


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
        return {c: site for site in self.sites.values() for c in (site.connection, *site.connections.values())}

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
            kind: the type that it must have, or the kind of its remote jobs, when only one will do.

        Raises:
            InputError: no such job, or one of another type; with the names that there are.
        """
        fitting = {key: job for key, job in self.jobs.items() if kind in ("", job.type, job.kind)}
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


def _named(found: Mapping[str, _T], name: str, what: str) -> _T:
    if name not in found:
        raise InputError(
            f"no {what} {name!r} is declared. Declared: {_listed(found)}",
            hint="use a name of crosswind.yaml, and deploy after a change of it",
        )
    return found[name]


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"
