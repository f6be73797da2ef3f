"""The condition keys that tell to which organization a caller and a resource belong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crosswind.local.authorization.documents import Member

__all__ = ["Memberships", "Organization"]

Context = dict[str, str | Sequence[str]]


class Memberships(Protocol):
    """Where organizations are kept."""

    def member(self, account: str) -> Member | None:
        """An account's place; None for an account outside any organization."""


class Organization:
    """Adds the keys; an account outside any organization has none, as on AWS.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

    Args:
        memberships: where organizations are kept.
    """

    def __init__(self, memberships: Memberships) -> None:
        self._memberships = memberships

    def add_principal(self, context: Context, account: str) -> None:
        """`aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`, `aws:PrincipalOrgMasterAccountId`."""
        member = self._memberships.member(account) if account else None
        if member is not None:
            context["aws:PrincipalOrgID"] = member.organization
            context["aws:PrincipalOrgPaths"] = [member.path]
            context["aws:PrincipalOrgMasterAccountId"] = member.management

    def add_resource(self, context: Context, account: str) -> None:
        """`aws:ResourceOrgID`, `aws:ResourceOrgPaths`; for a service principal's call also those of its source."""
        member = self._memberships.member(account) if account else None
        if member is not None:
            context["aws:ResourceOrgID"] = member.organization
            context["aws:ResourceOrgPaths"] = [member.path]
        source = context.get("aws:SourceAccount")
        behind = self._memberships.member(source) if isinstance(source, str) and source else None
        if behind is not None:
            context["aws:SourceOrgID"] = behind.organization
            context["aws:SourceOrgPaths"] = [behind.path]
