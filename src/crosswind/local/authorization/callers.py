"""Who asks, as IAM has to know it: the principal, its context keys, its session policies."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from crosswind import iam
from crosswind.local.authorization.forwarding import forwarded
from crosswind.local.edge import call as edge
from crosswind.local.edge.backend import ManagedPolicy, RoleFacts, UserFacts
from crosswind.local.sessions import Session

__all__ = ["Caller", "Callers", "KnownIdentities"]

_KEEP = 1024


class KnownIdentities(Protocol):
    """What is asked of `identity.Identities`."""

    def session(self, access_key: str) -> Session | None:
        """The session behind a key."""

    def role(self, arn: str) -> RoleFacts | None:
        """A role by its ARN."""

    def user(self, arn: str) -> UserFacts | None:
        """A user by its ARN."""

    def managed_policy(self, account: str, arn: str) -> ManagedPolicy | None:
        """A managed policy that an account can use."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Args:
        principal: as `crosswind.iam` has it; of a session the role's ARN with its path, and the role's unique id.
        context: the global condition keys that follow from who it is.
        session_policies: None for a session that was opened without any, and for what is no session.
        via: the AWS service that acts with the session; empty for none.
    """

    principal: iam.Principal
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    session_policies: tuple[iam.Policy, ...] | None = None
    via: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """The caller of a role's session, as long as the role has these tags."""

    session: Session
    principal: edge.Principal
    tags: Mapping[str, str]
    caller: Caller


class Callers:
    """Turns the edge's principals into callers. Thread-safe.

    Args:
        identities: sessions, roles, users.
    """

    def __init__(self, identities: KnownIdentities) -> None:
        self._identities = identities
        self._parsed = functools.lru_cache(maxsize=_KEEP)(_parsed)
        self._known: dict[str, _Known] = {}

    def of(self, principal: edge.Principal) -> Caller:
        """The caller behind a principal: root, user, session or service; anonymous for one without an ARN."""
        session = self._identities.session(principal.access_key) if principal.access_key else None
        if session is not None and session.forwarded_for is not None:
            behind = self.of(session.forwarded_for)
            return replace(behind, context=forwarded(behind.context, session.via), via=session.via)
        if session is not None and session.role_arn:
            return self._of_session(principal, session)
        if ":user/" in principal.arn:
            return self._user(principal, session)
        who = iam.Principal.of(principal.arn, unique_id=_unique_id(principal))
        context: dict[str, str | Sequence[str]] = {"aws:userid": principal.user_id} if principal.account else {}
        if session is not None:
            context |= _temporary(session)
        return Caller(who, context)

    def _of_session(self, principal: edge.Principal, session: Session) -> Caller:
        role = self._identities.role(session.role_arn)
        tags = role.tags if role is not None else {}
        known = self._known.get(principal.access_key)
        # A session never changes; its role's tags may, between two calls.
        if known is None or known.session is not session or known.principal is not principal or known.tags != tags:
            known = _Known(session, principal, dict(tags), _session_caller(session, principal, tags))
            if len(self._known) >= _KEEP:
                self._known.clear()
            self._known[principal.access_key] = known
        policies = self._policies(session)
        caller = known.caller
        return caller if policies is None else Caller(caller.principal, caller.context, policies, caller.via)

    def _user(self, principal: edge.Principal, session: Session | None) -> Caller:
        who = iam.Principal.of(principal.arn, unique_id=principal.user_id)
        user = self._identities.user(principal.arn)
        context: dict[str, str | Sequence[str]] = {
            "aws:userid": principal.user_id,
            "aws:username": principal.arn.rpartition("/")[2],
            **_tag_keys(user.tags if user is not None else {}),
        }
        if session is not None:
            context |= _temporary(session)
        return Caller(who, context)

    def _policies(self, session: Session) -> tuple[iam.Policy, ...] | None:
        terms = session.terms
        if not terms.policy and not terms.policy_arns:
            return None
        account = session.principal.account
        found = [self._parsed(terms.policy, "session policy", "", account)] if terms.policy else []
        for arn in terms.policy_arns:
            held = self._identities.managed_policy(account, arn)
            if held is not None:
                found.append(self._parsed(held.text, held.name, arn, account))
            else:  # deleted meanwhile: it allows nothing more
                found.append(iam.Policy(iam.PolicyKind.SESSION, arn.rpartition("/")[2], arn, account, ()))
        return tuple(found)


def _session_caller(session: Session, principal: edge.Principal, role_tags: Mapping[str, str]) -> Caller:
    """The caller of a role's session, but for its session policies."""
    terms = session.terms
    who = iam.Principal.of(principal.arn, role_arn=session.role_arn, unique_id=session.role_id)
    # docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html: keys are equal whatever their letter case, and a
    # session's tag takes the place of the role's.
    own = {key.casefold() for key in terms.tags}
    tags = {key: value for key, value in role_tags.items() if key.casefold() not in own}
    context: dict[str, str | Sequence[str]] = {
        "aws:userid": principal.user_id,
        **_temporary(session),
        **_tag_keys(tags | dict(terms.tags)),
    }
    if terms.source_identity:
        context["aws:SourceIdentity"] = terms.source_identity
    return Caller(who, context, via=session.via)


def _parsed(text: str | bytes, name: str, arn: str, account: str) -> iam.Policy:
    document = text.decode() if isinstance(text, bytes) else text
    return iam.parse(document, iam.PolicyKind.SESSION, name=name, arn=arn, account=account)


def _temporary(session: Session) -> dict[str, str]:
    """The keys that only temporary credentials have. There are no MFA devices here."""
    issued = datetime.fromtimestamp(int(session.issued), UTC)
    return {"aws:TokenIssueTime": issued.strftime("%Y-%m-%dT%H:%M:%SZ"), "aws:MultiFactorAuthPresent": "false"}


def _tag_keys(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}


def _unique_id(principal: edge.Principal) -> str:
    # A session whose keys are forgotten still says its role's id: `AROA...:name`.
    return principal.user_id.partition(":")[0]
