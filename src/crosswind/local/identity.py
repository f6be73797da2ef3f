"""Who acts: access keys into principals, and the sessions that this world issues."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crosswind.local.edge import refusals
from crosswind.local.edge.backend import Backend, KeyOwner, RoleFacts
from crosswind.local.edge.call import Credentials, HttpRequest, Principal, ServiceError
from crosswind.local.edge.scope import Scope, scope_of
from crosswind.local.protocol import protocol_of_signing_name

__all__ = ["Identities", "Session", "is_account"]

ROOT_SECRET = "local"  # noqa: S105 - a root key of the local world works with any secret
_KEEP_EXPIRED = 3600.0  # seconds that an expired session is remembered, so that it is called expired


@dataclass(frozen=True)
class Session:
    """Temporary credentials that this world issued.

    Args:
        principal: who the session is.
        credentials: its keys.
        role_arn: the role, empty for a session of a user or root (GetSessionToken).
        via: the AWS service that acts, empty for a client's own session.
        details: what came with AssumeRole and matters to IAM: `Policy`, `PolicyArns`, `Tags`, ...
    """

    principal: Principal
    credentials: Credentials
    role_arn: str = ""
    via: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def is_account(text: str) -> bool:
    """True for a 12-digit account id."""
    return len(text) == 12 and text.isascii() and text.isdigit()


class Identities:
    """Every principal of the world.

    Args:
        backend: where roles and users' access keys are kept.
        clock: Unix time in seconds.
    """

    def __init__(self, backend: Backend, clock: Callable[[], float] = time.time) -> None:
        self._backend = backend
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def identify(self, request: HttpRequest) -> Principal:
        """The principal who signed; raises ServiceError in the words of the service that was called."""
        scope = scope_of(request)
        if scope is None:
            return self._refuse_unsigned(request)
        return self.principal_of(scope)

    def principal_of(self, scope: Scope) -> Principal:
        """The principal behind a credential scope. The signature itself is checked by the IAM stage."""
        protocol = protocol_of_signing_name(scope.signing_name)
        if scope.presigned and scope.expires <= self._clock():
            raise ServiceError("AccessDenied", "Request has expired", 403)
        if is_account(scope.access_key):
            return self.root(scope.access_key)
        session = self._sessions.get(scope.access_key)
        if session is not None:
            if session.credentials.expires <= self._clock():
                raise refusals.expired_token(protocol)
            if not secrets.compare_digest(session.credentials.session_token.encode(), scope.token.encode()):
                raise refusals.invalid_token(protocol)
            return session.principal
        owner = self._backend.key_owner(scope.access_key)
        if owner is None or not owner.active:
            raise refusals.unknown_key(protocol)
        return _user(owner, scope.access_key)

    def root(self, account: str) -> Principal:
        """The root user of an account; its access key is the account id."""
        return Principal(account, f"arn:aws:iam::{account}:root", account, account)

    def issue(
        self,
        role_arn: str,
        session_name: str,
        duration: int = 3600,
        *,
        via: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> tuple[Credentials, Principal]:
        r"""Open a session of a role. No trust is checked here.

        Args:
            role_arn: the whole ARN, path included.
            session_name: 2 to 64 characters of `[\w+=,.@-]`.
            duration: seconds.
            via: the AWS service that acts with the session, such as `glue`.
            details: what IAM will want to know of the session later.

        Raises:
            ServiceError: `NoSuchEntity` (404) when there is no such role.
        """
        role = self._backend.role(role_arn)
        if role is None:
            raise ServiceError("NoSuchEntity", f"The role {role_arn} cannot be found.", 404)
        partition = role_arn.split(":")[1]
        arn = f"arn:{partition}:sts::{role.account}:assumed-role/{role.name}/{session_name}"
        principal = Principal(role.account, arn, f"{role.role_id}:{session_name}")
        return self._open(principal, duration, role_arn=role.arn, via=via, details=dict(details or {}))

    def issue_token(self, principal: Principal, duration: int) -> tuple[Credentials, Principal]:
        """Temporary credentials of a user or root itself (GetSessionToken)."""
        return self._open(principal, duration)

    def role(self, arn: str) -> RoleFacts | None:
        """What is known of a role; None when it does not exist."""
        return self._backend.role(arn)

    def session(self, access_key: str) -> Session | None:
        """The session behind a key that was issued here, expired or not."""
        return self._sessions.get(access_key)

    def credentials_of(self, principal: Principal) -> Credentials:
        """The credentials with which a principal signed, so that a service can act with its caller's rights.

        Raises:
            ServiceError: when the key behind the principal is gone.
        """
        key = principal.access_key
        if is_account(key):
            return Credentials(key, ROOT_SECRET)
        session = self._sessions.get(key)
        if session is not None:
            return session.credentials
        owner = self._backend.key_owner(key)
        if owner is None:
            raise refusals.unknown_key("query")
        return Credentials(key, owner.secret_key)

    def _open(
        self,
        who: Principal,
        duration: int,
        *,
        role_arn: str = "",
        via: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> tuple[Credentials, Principal]:
        now = self._clock()
        key = "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode()
        credentials = Credentials(key, secrets.token_urlsafe(30), secrets.token_urlsafe(192), now + duration)
        principal = replace(who, access_key=key)
        with self._lock:
            self._forget(now)
            self._sessions[key] = Session(principal, credentials, role_arn, via, details or {})
        return credentials, principal

    def _forget(self, now: float) -> None:
        # Sessions are opened seldom; walking all of them keeps the store small without a thread of its own.
        old = [k for k, s in self._sessions.items() if s.credentials.expires + _KEEP_EXPIRED < now]
        for key in old:
            del self._sessions[key]

    def _refuse_unsigned(self, request: HttpRequest) -> Principal:
        protocol = "json" if "x-amz-target" in request.headers else "query"
        if request.headers.get("authorization"):
            raise refusals.incomplete_signature(protocol)
        raise refusals.missing_token(protocol)


def _user(owner: KeyOwner, access_key: str) -> Principal:
    return Principal(owner.account, owner.arn, owner.user_id, access_key)
