"""Which stack holds what: home Regions, the site of the cross-account role, parameters between stacks.

The order of declaration never matters: wherever one of several has to be chosen, the hub's Region comes
first, then the alphabet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from crosswind.synth.actors import Actor, Connection, actors, connections
from crosswind.synth.grants import Grants, grants
from crosswind.topology.model import Bucket, Job, Replication, Topology
from crosswind.topology.names import Names, camel

__all__ = ["HUB", "Layout", "camel"]

HUB = "hub"


class Layout:
    """The questions that the builders ask of a topology.

    Args:
        topology: a topology that holds all rules of `crosswind.topology.check`.
    """

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.names = Names(topology)

    @cached_property
    def found(self) -> Grants:
        """The topology's grants."""
        return grants(self.topology)

    @cached_property
    def actors(self) -> tuple[Actor, ...]:
        """The roles under which Airflow acts at sites."""
        return actors(self.topology, self.found)

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """Airflow's connections, sorted."""
        return connections(self.topology, self.found)

    def home_of(self, actor: Actor) -> str:
        """The site whose stack holds a cross-account role: the last Region's, as in the post."""
        return actor.sites[0] if len(actor.sites) == 1 else self.role_site(actor.account)

    def actors_in(self, site: str) -> tuple[Actor, ...]:
        """The cross-account roles in a site's stack."""
        return tuple(self._actors.get(site, ()))

    @cached_property
    def work_accounts(self) -> tuple[str, ...]:
        """The declared names of the accounts that have sites, sorted."""
        return tuple(sorted({site.account for site in self.topology.sites.values()}))

    def account_id(self, account: str) -> str:
        """The 12-digit id of a declared account."""
        return self.topology.accounts[account].id

    def home(self, account: str) -> str:
        """The home Region of an account: the hub's if it has a site there, else the first of the alphabet."""
        regions = {self.topology.sites[site].region for site in self.sites(account)}
        hub = self.topology.hub.region
        return hub if hub in regions else min(regions)

    def sites(self, account: str) -> tuple[str, ...]:
        """The sites of an account, sorted."""
        return tuple(sorted(n for n, site in self.topology.sites.items() if site.account == account))

    def home_sites(self, account: str) -> tuple[str, ...]:
        """The sites in the account's home Region: plain stacks."""
        return tuple(s for s in self.sites(account) if self.topology.sites[s].region == self.home(account))

    def far_sites(self, account: str) -> tuple[str, ...]:
        """The sites in the account's other Regions: StackSets that are administered at home."""
        return tuple(s for s in self.sites(account) if self.topology.sites[s].region != self.home(account))

    def role_site(self, account: str) -> str:
        """The site whose stack holds the account's cross-account role: the last Region's, as in the post."""
        return (self.far_sites(account) or self.home_sites(account))[0]

    @property
    def hub_reads(self) -> bool:
        """Whether buckets let the hub's execution role read, as in the post."""
        return self.topology.roles == "single"

    def site_stack(self, site: str) -> str:
        """The name of a site's stack or StackSet."""
        return self.names.stack("site", site)

    def jobs_stack(self, site: str, part: str) -> str:
        """The name of a stack, or StackSet, of jobs and roles of a site that is too large for one."""
        return self.names.stack("jobs", f"{site}-{part}")

    def connections_stack(self, part: str) -> str:
        """The name of a stack of connections, of a hub with too many for one."""
        return self.names.stack("connections", f"{HUB}-{part}")

    def network_stack(self) -> str:
        """The name of the hub's first stack: network, bucket, execution role."""
        return self.names.stack("network", HUB)

    def airflow_stack(self) -> str:
        """The name of the hub's second stack: the environment and the connections."""
        return self.names.stack("airflow", HUB)

    def stacksets_stack(self, account: str) -> str:
        """The name of the stack of an account's StackSet roles."""
        return self.names.stack("stacksets", account)

    def deployer_stack(self, account: str) -> str:
        """The name of the stack of an account's deployer role."""
        return self.names.stack("deployer", account)

    def rights_stack(self, account: str) -> str:
        """The name of the stack of those policies of the deployer for which its own has no room."""
        return self.names.stack("rights", account)

    @property
    def boundary(self) -> str:
        """The name of the permissions boundary of every role that the templates make."""
        return self.names.role("boundary")

    @property
    def deployer_boundary(self) -> str:
        """The name of the permissions boundary of the roles that make roles."""
        return self.names.role("deployer-boundary")

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """The declared names of the accounts in use: the hub's and those that have sites, sorted."""
        return tuple(sorted({*self.work_accounts, self.topology.hub.account}))

    def regions(self, account: str) -> tuple[str, ...]:
        """The Regions in use of an account, sorted."""
        found = {self.topology.sites[site].region for site in self.sites(account)}
        return tuple(sorted(found | ({self.topology.hub.region} if self.is_hub(account) else set())))

    def is_hub(self, account: str) -> bool:
        """Whether an account, by its declared name, holds the hub."""
        return account == self.topology.hub.account

    def buckets(self, site: str) -> tuple[tuple[str, Bucket], ...]:
        """The buckets that the site's stack makes, sorted by name."""
        return tuple((name, bucket) for name, bucket in self.all_buckets(site) if bucket.is_made)

    def all_buckets(self, site: str) -> tuple[tuple[str, Bucket], ...]:
        """The buckets at a site, also those that are there already; sorted by name."""
        return tuple((name, self.topology.buckets[name]) for name in self._buckets.get(site, ()))

    def jobs(self, site: str) -> tuple[tuple[str, Job], ...]:
        """The jobs at a site, sorted by name."""
        return tuple((name, self.topology.jobs[name]) for name in self._jobs.get(site, ()))

    @cached_property
    def _buckets(self) -> Mapping[str, Sequence[str]]:
        return _by_site(self.topology.buckets)

    @cached_property
    def _jobs(self) -> Mapping[str, Sequence[str]]:
        return _by_site(self.topology.jobs)

    @cached_property
    def _actors(self) -> Mapping[str, Sequence[Actor]]:
        found: dict[str, list[Actor]] = {}
        for actor in self.actors:
            found.setdefault(self.home_of(actor), []).append(actor)
        return found

    def handed_over(self, bucket: str) -> tuple[tuple[str, Replication], ...]:
        """The replications whose source is a bucket, whoever moves them, sorted by name."""
        found = [(n, r) for n, r in self.topology.replications.items() if r.source == bucket]
        return tuple(sorted(found, key=lambda item: item[0]))

    def replications(self, bucket: str) -> tuple[tuple[str, Replication], ...]:
        """Those of them that are S3's to move."""
        return tuple((name, replication) for name, replication in self.handed_over(bucket) if replication.by_s3)

    @cached_property
    def two_way(self) -> frozenset[str]:
        """The replications, by name, whose folder S3 replicates back again."""
        return self.topology.two_way()

    def failure_folders(self, bucket: str) -> tuple[str, ...]:
        """The folders of a bucket of which S3 tells what it fails to replicate, sorted."""
        return tuple(sorted({r.folder for _, r in self.replications(bucket) if r.failure_events}))

    def has_key(self, bucket: str) -> bool:
        """Whether a KMS key that is not AWS's own encrypts a declared bucket."""
        return self.topology.buckets[bucket].has_key

    def makes_key(self, bucket: str) -> bool:
        """Whether the stack of a declared bucket makes its key."""
        return self.topology.buckets[bucket].makes_key

    def bucket_account(self, bucket: str) -> str:
        """The id of the account that owns a bucket."""
        return self.topology.account_of(self.topology.buckets[bucket].site)

    @property
    def execution_role_arn(self) -> str:
        """The execution role's ARN, with the partition left to CloudFormation."""
        return f"arn:${{AWS::Partition}}:iam::{self.topology.hub_account}:role/{self.names.role('execution')}"


def _by_site(declared: Mapping[str, Bucket] | Mapping[str, Job]) -> Mapping[str, Sequence[str]]:
    """Names of what is declared, sorted, by their site."""
    found: dict[str, list[str]] = {}
    for name in sorted(declared):
        found.setdefault(declared[name].site, []).append(name)
    return found
