"""The answer: every layer and every statement that was considered, with the outcome of each element."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from crosswind.iam.request import Request

if TYPE_CHECKING:  # a policy's statements hold their outcomes ready, so that policy.py imports this module
    from crosswind.iam.policy import Statement

__all__ = ["ConditionResult", "Decision", "Effect", "Grantee", "Layer", "LayerResult", "StatementResult", "Verdict"]


class Effect(StrEnum):
    """The answer's three words, as AWS's own simulator and `crosswind iam decide` print them."""

    ALLOW = "Allow"
    EXPLICIT_DENY = "ExplicitDeny"
    IMPLICIT_DENY = "ImplicitDeny"


class Layer(StrEnum):
    """The kinds of document that have a say, in AWS's words."""

    RCP = "resource control policy"
    SCP = "service control policy"
    ENDPOINT = "VPC endpoint policy"
    RESOURCE = "resource-based policy"
    TRUST = "role trust policy"
    KEY = "key policy"
    GRANT = "KMS grant"
    PUBLIC_ACCESS = "S3 Block Public Access"
    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


class Verdict(StrEnum):
    """What one layer says."""

    ALLOW = "ALLOW"
    EXPLICIT_DENY = "EXPLICIT_DENY"
    IMPLICIT_DENY = "IMPLICIT_DENY"
    NOT_APPLICABLE = "NOT_APPLICABLE"  # there is no such document, or it has no say over this principal


class Grantee(StrEnum):
    """By which form of principal a resource policy's statement means the caller."""

    ACCOUNT = "account"  # delegates: the caller's own policies must allow too
    ROLE = "role"
    SESSION = "session"
    USER = "user"
    SERVICE = "service"
    FEDERATED = "federated"
    ANYBODY = "*"
    NOT_PRINCIPAL = "NotPrincipal"


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """One condition key of a statement.

    Args:
        operator: as written, `ForAnyValue:StringLikeIfExists`.
        key: as written.
        wanted: the policy's values, variables resolved.
        actual: the request's values; None when the request has no such key.
        met: whether the condition holds.
    """

    operator: str
    key: str
    wanted: tuple[str, ...]
    actual: tuple[str, ...] | None
    met: bool


@dataclass(frozen=True, slots=True)
class StatementResult:
    """One statement, held against the request.

    Args:
        statement: which.
        principal: whether Principal or NotPrincipal means the caller; None where the document has neither.
        action: whether Action or NotAction means the action.
        resource: whether Resource or NotResource means the resource; None where the document has neither.
        conditions: each condition; None when they were not looked at, since another element already failed.
        grantee: by which form the principal was meant.
    """

    statement: Statement
    principal: bool | None
    action: bool
    resource: bool | None
    conditions: tuple[ConditionResult, ...] | None = ()
    grantee: Grantee | None = None

    @property
    def matched(self) -> bool:
        """True when every element holds, so that the statement's effect applies."""
        return (
            self.principal is not False
            and self.action
            and self.resource is not False
            and self.conditions is not None
            and False not in [each.met for each in self.conditions]
        )


class LayerResult(NamedTuple):
    """One layer's say.

    Args:
        layer: which kind of document.
        account: who owns the documents, and would edit them.
        verdict: what they say together.
        required: whether the request needs this layer's Allow; an explicit deny counts in any case.
        statements: every statement considered, document by document.
        name: of an organization's level (`Root`, an organizational unit, the account), else empty.
        note: a rule that made the verdict differ from what the statements alone say; else empty.
    """

    layer: Layer
    account: str
    verdict: Verdict
    required: bool
    statements: tuple[StatementResult, ...] = ()
    name: str = ""
    note: str = ""


class Decision(NamedTuple):
    """The answer to one request.

    Args:
        effect: allow, or which kind of denial.
        request: the question, `resource_account` and the derived context keys filled in.
        cross_account: whether caller and resource belong to different accounts, so that both sides must allow.
        layers: every layer considered, in the order of AWS's evaluation.
        blocked_by: the layer that decided a denial; None for an Allow.
    """

    effect: Effect
    request: Request
    cross_account: bool
    layers: tuple[LayerResult, ...]
    blocked_by: LayerResult | None = None

    @property
    def allowed(self) -> bool:
        """True for an Allow."""
        return self.effect is Effect.ALLOW
