"""What the user says of a new project, as values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crosswind.errors import UsageError

__all__ = ["Answers", "Hub", "Site", "hub_of", "name_of", "site_of"]

# A site's name begins the names of its job and its pipeline, so it is shorter than names may be.
_SITE = r"[A-Za-z][A-Za-z0-9_-]{0,39}"
_PLACE = r"([0-9]{12}):([a-z]{2}(?:-[a-z]+)+-[0-9])"
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


@dataclass(frozen=True)
class Hub:
    """Where Airflow will run: an account's 12 digits, and a Region."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The AWS partition of the Region."""
        return next((name for prefix, name in _PARTITIONS.items() if self.region.startswith(prefix)), "aws")


@dataclass(frozen=True)
class Site:
    """Where work will run: its name, an account's 12 digits, and a Region."""

    name: str
    account: str
    region: str


@dataclass(frozen=True)
class Answers:
    """All that a new project needs to know.

    Attributes:
        name: of the topology.
        hub: where Airflow runs.
        sites: where work runs; at least one.
    """

    name: str
    hub: Hub
    sites: tuple[Site, ...]

    def accounts(self) -> dict[str, str]:
        """A name for each account, by its id: `hub`, and `data` or `data1`, `data2` and so on."""
        others = [
            account for account in dict.fromkeys(site.account for site in self.sites) if account != self.hub.account
        ]
        names = ["data"] if len(others) == 1 else [f"data{number}" for number in range(1, len(others) + 1)]
        return {self.hub.account: "hub", **dict(zip(others, names, strict=True))}


def name_of(text: str) -> str:
    """A topology's name.

    Raises:
        UsageError: it is none.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}[a-z0-9]", text):
        raise UsageError(
            f'"{text}" is no name of a topology: lower-case letters, digits and hyphens, 2 to 32, a letter first',
            hint="choose such a name; every AWS name begins with it",
        )
    return text


def hub_of(text: str) -> Hub:
    """A hub from `ACCOUNT:REGION`.

    Raises:
        UsageError: it is none.
    """
    found = re.fullmatch(_PLACE, text)
    if not found:
        raise UsageError(f'"{text}" is no ACCOUNT:REGION', hint="write it as 111111111111:us-east-1")
    return Hub(*found.groups())


def site_of(text: str) -> Site:
    """A site from `NAME=ACCOUNT:REGION`.

    Raises:
        UsageError: it is none.
    """
    found = re.fullmatch(f"({_SITE})={_PLACE}", text)
    if not found:
        raise UsageError(
            f'"{text}" is no NAME=ACCOUNT:REGION, with a name of a letter, then letters, digits, _ or -, at most 40',
            hint="write it as processing=222222222222:us-east-1",
        )
    return Site(*found.groups())
