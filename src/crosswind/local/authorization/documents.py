"""What is read of the state for a decision: policy documents as they were stored, and what they hang on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Document", "KeptGrant", "KeptPrincipal", "Member", "OrganizationLevel"]


class Document(NamedTuple):
    """One policy document, unread.

    Args:
        text: the JSON as it was stored; bytes where the state holds bytes, so that nothing is copied to read it.
        name: the policy's name, for people.
        arn: the policy's ARN; empty for inline policies and resource policies.
        account: who owns it, and would edit it; `aws` for AWS's managed policies.
    """

    text: str | bytes
    name: str
    arn: str = ""
    account: str = ""


class KeptPrincipal(NamedTuple):
    """A user or a role, and what is attached to it.

    Args:
        arn: with its path.
        unique_id: `AIDA...` or `AROA...`.
        identity: inline and managed policies, a user's groups included.
        boundary: None without a permissions boundary.
        service_linked: true for a role below `/aws-service-role/`.
    """

    arn: str
    unique_id: str
    identity: tuple[Document, ...]
    boundary: Document | None
    service_linked: bool = False


@dataclass(frozen=True, slots=True)
class KeptGrant:
    """A grant of a KMS key.

    Args:
        id: its id.
        grantee: the grantee principal's ARN.
        operations: such as `Decrypt`.
        equals: the encryption context that a request must carry exactly.
        subset: the encryption context that a request must carry among others.
    """

    id: str
    grantee: str
    operations: tuple[str, ...]
    equals: Mapping[str, str] = field(default_factory=dict)
    subset: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrganizationLevel:
    """The root, an organizational unit or the account itself, with the policies attached there."""

    name: str
    id: str
    scps: tuple[Document, ...]
    rcps: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """An account's place in its organization.

    Args:
        organization: `o-...`.
        management: the management account, which no SCP or RCP binds.
        levels: from the root down to the account.
        scps: whether service control policies are enabled in the root.
        rcps: whether resource control policies are.
    """

    organization: str
    management: str
    levels: tuple[OrganizationLevel, ...]
    scps: bool
    rcps: bool

    @property
    def path(self) -> str:
        """As `aws:PrincipalOrgPaths` has it: `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`."""
        units = [level.id for level in self.levels if not level.id.isdigit()]
        return "/".join([self.organization, *units]) + "/"
