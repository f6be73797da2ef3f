"""What is asked: who, which action, on which resource of which account, in which context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["Principal", "PrincipalKind", "Request"]


class PrincipalKind(StrEnum):
    """The kinds of principal, each with a rule of its own."""

    ROOT = "root"
    USER = "user"
    ROLE = "role"  # a role without a session name: what a simulator asks about
    SESSION = "session"  # arn:aws:sts::A:assumed-role/ROLE/SESSION
    FEDERATED_USER = "federated-user"  # arn:aws:sts::A:federated-user/NAME
    FEDERATED = "federated"  # an identity provider's user, in AssumeRoleWithSAML and AssumeRoleWithWebIdentity
    SERVICE = "service"  # glue.amazonaws.com
    ANONYMOUS = "anonymous"


class Principal(NamedTuple):
    """Who asks. Make one with `Principal.of`.

    Args:
        kind: what it is.
        arn: its ARN; a service's name such as `glue.amazonaws.com`; empty for anonymous.
        account: its 12-digit account; empty for services and anonymous.
        role_arn: of a session or role: the role's ARN, path included. Of a federated user: the ARN of the user who
            called GetFederationToken, empty when not known.
        unique_id: `AIDA...` of a user, `AROA...` of a session's role; empty when not known.
    """

    kind: PrincipalKind
    arn: str
    account: str = ""
    role_arn: str = ""
    unique_id: str = ""

    @classmethod
    def of(cls, text: str, *, role_arn: str = "", unique_id: str = "") -> Principal:
        """The principal that an ARN, an account id, a service's name, `anonymous` or `*` stands for.

        Args:
            text: the ARN, id or name.
            role_arn: of a session, where the role has a path: a session's ARN has none. Of a federated user: its
                user's ARN.
            unique_id: of the user or the role.

        Raises:
            ValueError: the text is none of these.
        """
        if text in ("anonymous", "*", ""):
            return cls(PrincipalKind.ANONYMOUS, "")
        if text.isdigit() and len(text) == 12:
            return cls(PrincipalKind.ROOT, f"arn:aws:iam::{text}:root", text, unique_id=text)
        if not text.startswith("arn:"):
            if "." not in text:
                raise ValueError(f"{text!r} is no principal: expected an ARN, an account id, a service or anonymous")
            return cls(PrincipalKind.SERVICE, text)
        parts = text.split(":", 5)
        if len(parts) < 6:
            raise ValueError(f"{text!r} is no whole ARN")
        _, partition, service, _, account, rest = parts
        kind, _, name = rest.partition("/")
        if (service, kind) == ("sts", "assumed-role"):
            role = role_arn or f"arn:{partition}:iam::{account}:role/{name.partition('/')[0]}"
            return cls(PrincipalKind.SESSION, text, account, role, unique_id)
        kinds = {
            ("iam", "root"): PrincipalKind.ROOT,
            ("iam", "user"): PrincipalKind.USER,
            ("iam", "role"): PrincipalKind.ROLE,
            ("sts", "federated-user"): PrincipalKind.FEDERATED_USER,
            ("iam", "saml-provider"): PrincipalKind.FEDERATED,
            ("iam", "oidc-provider"): PrincipalKind.FEDERATED,
        }
        if (service, kind) not in kinds:
            raise ValueError(f"{text!r} is no principal: expected a root, user, role, assumed-role or federated-user")
        found = kinds[service, kind]
        behind = {PrincipalKind.ROLE: text, PrincipalKind.FEDERATED_USER: role_arn}.get(found, "")
        return cls(found, text, account, behind, unique_id)


class Request(NamedTuple):
    """One question for IAM.

    Args:
        action: such as `s3:GetObject`; letter case does not matter.
        resource: the resource's ARN, `*` for an action without one.
        principal: who asks.
        resource_account: who owns the resource: 12 digits. When empty, the account in the resource's ARN,
            else the principal's.
        context: condition keys (letter case does not matter) and their values: one text, or several. Keys that
            follow from principal and resource are added where absent: `aws:PrincipalArn`, `aws:PrincipalAccount`,
            `aws:PrincipalType`, `aws:userid`, `aws:username`, `aws:ResourceAccount`, `aws:PrincipalIsAWSService`.
    """

    action: str
    resource: str
    principal: Principal
    resource_account: str = ""
    context: Mapping[str, str | Sequence[str]] = MappingProxyType({})
