"""Rules of accounts, the hub and sites."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from crosswind.topology.names import camel
from crosswind.topology.places import Loc
from crosswind.topology.view import Faults, View
from crosswind.topology.wording import quoted

__all__ = [
    "account_ids_differ",
    "connections_differ",
    "console_roles_fit",
    "hub_account_is_declared",
    "hub_network_fits",
    "hub_options_are_free",
    "hub_workers_are_ordered",
    "logical_names_differ",
    "regions_are_of_the_partition",
    "site_accounts_are_declared",
    "there_is_a_site",
]

_OWN_OPTIONS = ("secrets.backend", "secrets.backend_kwargs")
# docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
_PREFIXES = {"aws-cn": "cn-", "aws-us-gov": "us-gov-", "aws-iso": "us-iso-", "aws-iso-b": "us-isob-"}
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
_MAX_ROLE_NAME = 64


def account_ids_differ(view: View) -> Faults:
    """Two names for one account would be two deployments into it."""
    first: dict[str, str] = {}
    for name, account in view.topology.accounts.items():
        if account.id in first:
            yield view.fault(
                ("accounts", name, "id"),
                f"account {account.id} is declared twice: as {first[account.id]} and as {name}",
                f"use one name for it; sites of both can say `account: {first[account.id]}`",
            )
        first.setdefault(account.id, name)


def console_roles_fit(view: View) -> Faults:
    """A role's name has at most 64 characters, without its path.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
    """
    for name, account in view.topology.accounts.items():
        role = account.console_role.rpartition("/")[2]
        if len(role) > _MAX_ROLE_NAME or (account.console_role and not role):
            yield view.fault(
                ("accounts", name, "console_role"),
                f"the role's name has {len(role)} characters; IAM takes 1 to {_MAX_ROLE_NAME}, without the path",
                "write the role's name as IAM has it, with its path before it: people/ReadOnly",
            )


def hub_account_is_declared(view: View) -> Faults:
    """The hub names a declared account."""
    account = view.topology.hub.account
    if account not in view.topology.accounts:
        yield view.undeclared(("hub", "account"), "account", account, dict(view.topology.accounts))


def hub_network_fits(view: View) -> Faults:
    """A VPC takes /16 to /28, and four subnets of at least /28 must fit in it.

    Source: docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html.
    """
    cidr = view.topology.hub.network.cidr
    try:
        fits = 16 <= ipaddress.IPv4Network(cidr).prefixlen <= 26
    except ValueError:
        fits = False
    if not fits:
        yield view.fault(
            ("hub", "network", "cidr"),
            f'"{cidr}" is no range of IPv4 addresses from /16 to /26',
            "write the first address and the length: 10.192.0.0/16",
        )


def hub_workers_are_ordered(view: View) -> Faults:
    """The fewest workers are not more than the most."""
    airflow = view.topology.hub.airflow
    if airflow.min_workers > airflow.max_workers:
        yield view.fault(
            ("hub", "airflow", "min_workers"),
            f"min_workers is {airflow.min_workers}, but max_workers is {airflow.max_workers}",
            "raise max_workers, or lower min_workers",
        )


def hub_options_are_free(view: View) -> Faults:
    """The secrets backend's options are Crosswind's own: the connections depend on them."""
    for option in view.topology.hub.airflow.options:
        if option in _OWN_OPTIONS:
            yield view.fault(
                ("hub", "airflow", "options", option),
                f"option {option} is set by Crosswind, since its connections lie there",
                "remove it",
            )


def there_is_a_site(view: View) -> Faults:
    """Without a site there is nothing to assume and nowhere to work."""
    if not view.topology.sites:
        yield view.fault(("sites",), "no site is declared", "declare where work runs: a site under `sites`")


def site_accounts_are_declared(view: View) -> Faults:
    """Every site names a declared account."""
    for name, site in view.topology.sites.items():
        if site.account not in view.topology.accounts:
            yield view.undeclared(("sites", name, "account"), "account", site.account, dict(view.topology.accounts))


def regions_are_of_the_partition(view: View) -> Faults:
    """Regions of China and GovCloud are partitions of their own."""
    topology = view.topology
    regions: list[tuple[Loc, str]] = [(("hub", "region"), topology.hub.region)]
    regions += [(("sites", name, "region"), site.region) for name, site in topology.sites.items()]
    for loc, region in regions:
        real = next((p for p, prefix in _PREFIXES.items() if region.startswith(prefix)), "aws")
        if real != topology.partition:
            yield view.fault(
                loc,
                f"Region {region} belongs to partition {real}, but the topology is in {topology.partition}",
                f"use a Region of {topology.partition}"
                + (f", or write `partition: {real}`" if real in _PARTITIONS else ""),
            )


def connections_differ(view: View) -> Faults:
    """A connection is one (account, Region); two sites cannot share it."""
    first: dict[str, str] = {}
    for name, site in view.topology.sites.items():
        if site.connection in first:
            yield view.fault(
                ("sites", name, "connection"),
                f"connection {site.connection} is used twice: by sites {first[site.connection]} and {name}",
                "give each site a connection of its own: it holds the Region",
            )
        first.setdefault(site.connection, name)


def logical_names_differ(view: View) -> Faults:
    """Names that differ in punctuation alone would be one name in CloudFormation or S3."""
    topology = view.topology
    groups: dict[str, Iterable[str]] = {
        "accounts": topology.accounts,
        "sites": topology.sites,
        "buckets": topology.buckets,
        "jobs": topology.jobs,
    }
    for group, names in groups.items():
        first: dict[str, str] = {}
        for name in names:
            same = first.setdefault(camel(name).lower(), name)
            if same != name:
                yield view.fault(
                    (group, name),
                    f"{quoted([same, name])} differ in punctuation or case alone; AWS names do not keep it",
                    "rename one of them",
                )
