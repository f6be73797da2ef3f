"""Who acts: access keys into principals, signatures checked, and the sessions that this world issues."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import replace

from crosswind.local.edge import refusals
from crosswind.local.edge.backend import Backend, KeyOwner, ManagedPolicy, RoleFacts, UserFacts
from crosswind.local.edge.call import Credentials, HttpRequest, Principal, ServiceError
from crosswind.local.edge.scope import Scope, scope_of
from crosswind.local.edge.signature import Signatures
from crosswind.local.protocol import protocol_of_signing_name
from crosswind.local.sessions import Session, SessionStore, Terms

__all__ = ["Identities", "Session", "Terms", "is_account"]

ROOT_SECRET = "local"  # noqa: S105 - a root key of the local world works with any secret
_NO_KEYS = Credentials("", "")
_FORWARDED = 43_200  # seconds: longer than a stack's operation takes


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
        self._store = SessionStore(clock)
        self._signatures = Signatures(clock)

    def identify(self, request: HttpRequest, scope: Scope | None = None) -> Principal:
        """The principal who signed a request.

        The signature is checked with the secret of every key that the world issued; a root key, which is an
        account id, works with any secret.

        Args:
            request: as it came on the wire: what is signed is the host, the path and the headers as the client
                wrote them.
            scope: its credential scope, where it was read already.

        Raises:
            ServiceError: in the words of the service that was called.
        """
        scope = scope or scope_of(request)
        if scope is None:
            return self._refuse_unsigned(request)
        protocol = protocol_of_signing_name(scope.signing_name)
        if is_account(scope.access_key):
            self._signatures.check_expiry(scope, protocol)
            return self.root(scope.access_key)
        principal, secret = self._holder(scope, protocol)
        if principal.arn.split(":")[1] != scope.partition and not principal.arn.endswith(":root"):
            # docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html: each account is scoped to one partition.
            raise refusals.unknown_key(protocol)
        self._signatures.check(request, scope, secret, protocol)
        return principal

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
        source_arn: str = "",
        terms: Terms | None = None,
    ) -> tuple[Credentials, Principal]:
        r"""Open a session of a role. No trust is checked here.

        Args:
            role_arn: the whole ARN, path included.
            session_name: 2 to 64 characters of `[\w+=,.@-]`.
            duration: seconds.
            via: the AWS service that acts with the session, such as `glue`.
            source_arn: the resource for which that service acts; empty where it names none.
            terms: what IAM will want to know of the session later.

        Raises:
            ServiceError: `NoSuchEntity` (404) when there is no such role.
        """
        role = self._backend.role(role_arn)
        if role is None:
            raise ServiceError("NoSuchEntity", f"The role {role_arn} cannot be found.", 404)
        partition = role_arn.split(":")[1]
        arn = f"arn:{partition}:sts::{role.account}:assumed-role/{role.name}/{session_name}"
        principal = Principal(role.account, arn, f"{role.role_id}:{session_name}")
        session = Session(
            principal, _NO_KEYS, role.arn, role.role_id, via=via, source_arn=source_arn, terms=terms or Terms()
        )
        opened = self._store.open(session, duration)
        return opened.credentials, opened.principal

    def issue_token(self, principal: Principal, duration: int) -> tuple[Credentials, Principal]:
        """Temporary credentials of a user or root itself (GetSessionToken)."""
        opened = self._store.open(Session(principal, _NO_KEYS), duration)
        return opened.credentials, opened.principal

    def role(self, arn: str) -> RoleFacts | None:
        """What is known of a role; None when it does not exist."""
        return self._backend.role(arn)

    def user(self, arn: str) -> UserFacts | None:
        """What is known of a user; None when it does not exist."""
        return self._backend.user(arn)

    def managed_policy(self, account: str, arn: str) -> ManagedPolicy | None:
        """A managed policy that an account can use; None when it does not exist."""
        return self._backend.managed_policy(account, arn)

    def session(self, access_key: str) -> Session | None:
        """The session behind a key that was issued here, expired or not."""
        return self._store.of(access_key)

    def alive(self, principal: Principal) -> bool:
        """Whether the role or user of a session is still the one that it was opened for."""
        session = self._store.of(principal.access_key)
        return session is not None and self._stands(session)

    def forwarded(self, principal: Principal, via: str) -> Credentials:
        """Credentials with which a service asks with its caller's rights, and is seen to: a forward access session.

        Args:
            principal: the caller.
            via: the service, such as `cloudformation`.

        Raises:
            ServiceError: when the key behind the principal is gone.
        """
        self.credentials_of(principal)
        own = self._store.of(principal.access_key) or Session(principal, _NO_KEYS)
        forwarded = replace(own, principal=principal, via=via, forwarded_for=principal)
        return self._store.open(forwarded, _FORWARDED).credentials

    def credentials_of(self, principal: Principal) -> Credentials:
        """The credentials with which a principal signed.

        Raises:
            ServiceError: when the key behind the principal is gone.
        """
        key = principal.access_key
        if is_account(key):
            return Credentials(key, ROOT_SECRET)
        session = self._store.of(key)
        if session is not None:
            return session.credentials
        owner = self._backend.key_owner(key)
        if owner is None:
            raise refusals.unknown_key("query")
        return Credentials(key, owner.secret_key)

    def _holder(self, scope: Scope, protocol: str) -> tuple[Principal, str]:
        """Who has an access key, and its secret."""
        session = self._store.of(scope.access_key)
        if session is not None:
            if session.credentials.expires <= self._clock():
                raise refusals.expired_token(protocol)
            if not scope.token:
                # Without its token a session's key is none: S3 says that it does not exist in its records.
                raise refusals.unknown_key(protocol)
            if not hmac.compare_digest(session.credentials.session_token.encode(), scope.token.encode()):
                raise refusals.invalid_token(protocol)
            if not self._stands(session):
                raise refusals.unknown_key(protocol)
            return session.principal, session.credentials.secret_key
        owner = self._backend.key_owner(scope.access_key)
        if owner is None or not owner.active:
            raise refusals.unknown_key(protocol)
        return _user(owner, scope.access_key), owner.secret_key

    def _stands(self, session: Session) -> bool:
        if session.role_arn:
            role = self._backend.role(session.role_arn)
            return role is not None and role.role_id == session.role_id
        if session.principal.arn.endswith(":root"):
            return True
        user = self._backend.user(session.principal.arn)
        return user is not None and user.user_id == session.principal.user_id

    def _refuse_unsigned(self, request: HttpRequest) -> Principal:
        protocol = "json" if "x-amz-target" in request.headers else "query"
        if request.headers.get("authorization"):
            raise refusals.incomplete_signature(protocol)
        raise refusals.missing_token(protocol)


def _user(owner: KeyOwner, access_key: str) -> Principal:
    return Principal(owner.account, owner.arn, owner.user_id, access_key)
