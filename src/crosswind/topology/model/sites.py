"""Accounts, and the places in them where work runs."""

from __future__ import annotations

from crosswind.topology.model.part import AccountId, Name, Part, RegionName, RoleName

__all__ = ["Account", "Site"]


class Account(Part):
    """An AWS account.

    Attributes:
        id: its 12 digits, in quotes.
        profile: the credentials profile that acts in it, on AWS; the local world uses the id. Without one,
            the default chain of credentials.
        console_role: the name of the role (with its path, if it has one) in which people look at the account; Airflow's
            console links switch to it. Without one, a link opens in the account that the browser is in.
    """

    id: AccountId
    profile: str = ""
    console_role: RoleName = ""


class Site(Part):
    """A named (account, Region) where work runs.

    Attributes:
        account: a declared account.
        region: its Region.
        connection: the id of the site's one Airflow connection.
    """

    account: Name
    region: RegionName
    connection: Name
