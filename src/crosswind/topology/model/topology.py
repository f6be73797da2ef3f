"""The whole declared file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from crosswind.topology.model.buckets import Bucket, Replication
from crosswind.topology.model.hub import Hub
from crosswind.topology.model.jobs import Job
from crosswind.topology.model.part import FileName, FolderRef, Name, Part
from crosswind.topology.model.pipelines import Intervals, Pipeline
from crosswind.topology.model.sites import Account, Site

__all__ = ["GROUPS", "Topology"]

GROUPS = ("accounts", "sites", "buckets", "replications", "jobs", "pipelines", "data")
"""The keys under which objects are declared, by name; files that the topology includes declare these."""

TopologyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]


class Topology(Part):
    """The whole declared file.

    Attributes:
        version: of the file's format: 1.
        include: the other files of the topology, which declare accounts, sites, buckets, replications, jobs, pipelines
            and data: paths or patterns such as `teams/*.yaml`, beside or below this file.
        name: of the topology; every AWS name begins with it. Lower-case letters, digits and hyphens, 2 to 32.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        external_id: what Airflow sends when it assumes a cross-account role. No secret.
        roles: how many roles Airflow has for its work: `site`: one a site; `pipeline`: one for each pipeline at each
            site that it touches; `single`: one an account.
        accounts: by name.
        hub: where Airflow runs.
        sites: where work runs, by name.
        buckets: by name.
        replications: how folders get to other sites, by name.
        jobs: by name; the name is the Glue job's and the Lambda function's in AWS.
        pipelines: by name; the name is the DAG's id.
        data: files that deploy uploads, by object: `bucket/folder/key: file`.
        intervals: of sensors and operators.
    """

    version: Literal[1]
    include: tuple[FileName, ...] = ()
    name: TopologyName
    partition: Literal["aws", "aws-cn", "aws-us-gov"] = "aws"
    external_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@:/-]+$", min_length=2, max_length=1224)]
    roles: Literal["site", "pipeline", "single"] = "site"
    accounts: dict[Name, Account]
    hub: Hub
    sites: dict[Name, Site]
    buckets: dict[Name, Bucket]
    replications: dict[Name, Replication] = Field(default_factory=dict)
    jobs: dict[Name, Job]
    pipelines: dict[Name, Pipeline]
    data: dict[FolderRef, FileName] = Field(default_factory=dict)
    intervals: Intervals = Intervals()

    def account_of(self, site: str) -> str:
        """The 12-digit id of a site's account."""
        return self.accounts[self.sites[site].account].id

    def region_of(self, site: str) -> str:
        """The Region of a site."""
        return self.sites[site].region

    def two_way(self) -> frozenset[str]:
        """The replications, by name, whose folder S3 replicates back again: another one goes the other way."""
        ways = {(each.target, each.source, each.folder) for each in self.replications.values() if each.by_s3}
        return frozenset(
            name
            for name, each in self.replications.items()
            if each.by_s3 and (each.source, each.target, each.folder) in ways
        )

    def awaited(self) -> frozenset[str]:
        """The replications, by name, for whose folder at its destination a step waits: they carry handovers."""
        waits = {step.wait.rstrip("/") for each in self.pipelines.values() for step in each.steps if step.wait}
        return frozenset(
            name for name, each in self.replications.items() if f"{each.destination}/{each.folder}" in waits
        )

    @property
    def hub_account(self) -> str:
        """The 12-digit id of the hub's account."""
        return self.accounts[self.hub.account].id
