"""Who would act, and where: to show, and to refuse a wrong account, before anything changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crosswind.aws import Sessions
from crosswind.topology.model import Topology

__all__ = ["Target", "assert_accounts", "places", "targets"]


@dataclass(frozen=True)
class Target:
    """An account that will be acted in.

    Args:
        name: the account's name in the topology.
        account: its 12-digit id.
        regions: the Regions, sorted.
        caller: the ARN that acts.
        endpoint: the endpoint URL; empty for AWS.
    """

    name: str
    account: str
    regions: tuple[str, ...]
    caller: str
    endpoint: str


def places(topology: Topology) -> tuple[tuple[str, str], ...]:
    """Every declared (account, Region), sorted: the hub's and the sites'."""
    found = {(topology.hub_account, topology.hub.region)}
    found.update((topology.account_of(site), topology.region_of(site)) for site in topology.sites)
    return tuple(sorted(found))


def targets(topology: Topology, sessions: Sessions) -> tuple[Target, ...]:
    """Ask each declared account who acts in it.

    Raises:
        WrongAccountError: credentials act in another account than declared.
        AwsError: the question was not answered.
    """
    found = []
    for name, account in topology.accounts.items():
        regions = tuple(region for owner, region in places(topology) if owner == account.id)
        if regions:
            caller = sessions.identity(account.id).arn
            found.append(Target(name, account.id, regions, caller, sessions.endpoint))
    return tuple(found)


def assert_accounts(accounts: Iterable[str], sessions: Sessions) -> None:
    """Refuse before the first change when credentials act in another account than declared."""
    for account in accounts:
        sessions.identity(account)
