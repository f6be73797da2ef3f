"""The roles under which Airflow acts at sites, and the connections that lead to them; `roles` says how many.

`single`: one role an account, as in the post. `site`: one a site, the default. `pipeline`: one for each pipeline at
each site that it touches, and beside them one a site for the DAG that stops what tasks have left running.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from crosswind.synth.grants import Grant, Grants
from crosswind.topology.model import Topology
from crosswind.topology.names import Names, camel, fit

__all__ = ["Actor", "Connection", "actors", "connections"]

_NO_PIPELINE = ""
# docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html takes 512 characters, Airflow's
# connection ids 250.
_CONNECTION = 200


@dataclass(frozen=True)
class Actor:
    """A cross-account role.

    Attributes:
        name: what tells it from the others: the account, the site, or pipeline and site.
        role: its name in AWS.
        account: the declared name of its account.
        sites: where it acts, sorted.
        pipeline: the one pipeline that it serves; None for all, empty for what belongs to no single one.
    """

    name: str
    role: str
    account: str
    sites: tuple[str, ...]
    pipeline: str | None = None

    @property
    def logical_id(self) -> str:
        """Its role in the template; its output is `<logical id>Arn`."""
        return f"CrossAccountRole{camel(self.pipeline or '')}"

    def takes(self, found: Grants) -> tuple[Grant, ...]:
        """Those grants that it takes: Airflow's own at its sites, and those of movers into them."""
        here = (grant for site in self.sites for grant in found.at(site))
        return tuple(g for g in here if self.pipeline is None or g.pipeline == self.pipeline)


@dataclass(frozen=True, order=True)
class Connection:
    """An Airflow connection.

    Attributes:
        site: where it leads.
        pipeline: the pipeline whose tasks use it; empty for the declared connection of the site.
        name: its id in Airflow.
        role: the name of the role that it assumes there.
    """

    site: str
    pipeline: str
    name: str
    role: str


def actors(topology: Topology, found: Grants) -> tuple[Actor, ...]:
    """Every cross-account role, by account, sites and pipeline; a site where nothing is to be done has none of its own.

    Args:
        topology: a checked topology.
        found: its grants.
    """
    names, by_account = Names(topology), _sites_by_account(topology)
    match topology.roles:
        case "single":
            return tuple(
                Actor(account, names.role("cross-account"), account, sites) for account, sites in by_account.items()
            )
        case "site":
            return tuple(
                Actor(site, names.role(f"site-{site}"), account, (site,))
                for account, sites in by_account.items()
                for site in sites
            )
        case "pipeline":
            return tuple(
                Actor(name, names.role(name if pipeline else f"site-{name}"), account, (site,), pipeline)
                for account, sites in by_account.items()
                for site in sites
                for pipeline in sorted({_NO_PIPELINE, *(grant.pipeline for grant in found.at(site))})
                for name in [f"{pipeline}-at-{site}" if pipeline else site]
            )
        case never:
            assert_never(never)


def connections(topology: Topology, found: Grants) -> tuple[Connection, ...]:
    """Every connection, sorted: the declared one of each site, and `<declared>.<pipeline>` where pipelines have roles.

    Args:
        topology: a checked topology.
        found: its grants.
    """
    return tuple(
        sorted(
            Connection(site, actor.pipeline or "", _name(topology.sites[site].connection, actor.pipeline), actor.role)
            for actor in actors(topology, found)
            for site in actor.sites
        )
    )


def _name(declared: str, pipeline: str | None) -> str:
    return fit(f"{declared}.{pipeline}", _CONNECTION) if pipeline else declared


def _sites_by_account(topology: Topology) -> Mapping[str, tuple[str, ...]]:
    accounts = sorted({site.account for site in topology.sites.values()})
    return {a: tuple(sorted(n for n, site in topology.sites.items() if site.account == a)) for a in accounts}
