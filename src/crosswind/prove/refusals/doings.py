"""What everybody does, as the flows have it: the ground for what must be refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from crosswind.prove.estate import Estate
from crosswind.prove.flow import Evidence, Flow, Keys, frozen, sample_of

__all__ = ["STRANGER", "Doings", "ask", "turned"]

STRANGER = "999888777666"
"""An account that has nothing to do with the topology."""

_MUST = Evidence("what must be refused")


@dataclass(frozen=True)
class Doings:
    """What everybody does, as the flows have it.

    Attributes:
        estate: all that is declared.
        flows: those that must be allowed.
    """

    estate: Estate
    flows: Sequence[Flow]

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """The roles that act for pipelines: Airflow's at sites, and those of jobs and of replication; sorted."""
        estate = self.estate
        found = {*estate.principals.airflow_roles}
        found.update(estate.names.job_role_arn(name) for name in estate.topology.jobs)
        found.update(
            estate.names.replication_role_arn(each.source)
            for each in estate.topology.replications.values()
            if each.by_s3
        )
        return tuple(sorted(found & {*estate.documents.roles}))

    @cached_property
    def done(self) -> frozenset[tuple[str, str, str]]:
        """Who, action, resource; an object's resource is its folder: bucket and first part of its key."""
        return frozenset((each.who, each.action, _folder(each.resource)) for each in self.flows)

    @cached_property
    def folders(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """The declared folders of an account, as ARNs, each with its bucket's name."""
        estate = self.estate
        found: dict[str, list[tuple[str, str]]] = {}
        for name, bucket in sorted(estate.topology.buckets.items()):
            account = estate.at(name)[1]
            for folder in sorted(bucket.folders):
                found.setdefault(account, []).append((f"{estate.bucket(name)}/{folder}", name))
        return {account: tuple(each) for account, each in found.items()}


def _folder(resource: str) -> str:
    if ":s3:::" not in resource:
        return resource
    bucket, slash, key = resource.partition("/")
    return f"{bucket}/{key.partition('/')[0]}" if slash else bucket


def ask(
    who: str,
    does: str,
    action: str,
    resource: str,
    owner: str,
    asks: str,
    context: Keys | None = None,
) -> Flow:
    keys = {"aws:SecureTransport": "true", **(context or {})}
    return Flow(does, who, action, resource, owner, asks, _MUST, frozen(keys))


def turned(flow: Flow, does: str, keys: Keys, without: str = "") -> Flow:
    """A flow that is allowed, turned into one that must not be."""
    context = frozen({**{key: value for key, value in flow.context if key != without}, **keys})
    return Flow(does, flow.who, flow.action, sample_of(flow.resource), flow.owner, flow.asks, _MUST, context)
