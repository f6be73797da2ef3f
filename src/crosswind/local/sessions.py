"""Sessions that this world issued: temporary credentials, and what IAM must know of them."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from crosswind.local.edge.call import Credentials, Principal

__all__ = ["Session", "SessionStore", "Terms"]

_KEEP_EXPIRED = 3600.0  # seconds that an expired session is remembered, so that it is called expired
_FEWEST = 64  # sessions below which none is forgotten


@dataclass(frozen=True)
class Terms:
    """On what terms a session was opened.

    Args:
        policy: the inline session policy, JSON; empty for none.
        policy_arns: managed policies given as session policies.
        tags: the session tags, those inherited from the session before included.
        transitive: keys of the tags that the next role in a chain inherits.
        source_identity: set at the chain's first session, then for ever.
        chained: whether a role's session asked for it.
    """

    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""
    chained: bool = False

    @property
    def transitive_tags(self) -> dict[str, str]:
        """The tags that the next role in a chain inherits."""
        return {key: value for key, value in self.tags.items() if key in self.transitive} if self.transitive else {}


@dataclass(frozen=True)
class Session:
    """Temporary credentials that this world issued.

    Args:
        principal: who the session is.
        credentials: its keys.
        role_arn: the role, empty for a session of a user or root (GetSessionToken).
        role_id: the role's unique id when the session was opened: a role made anew has another.
        issued: Unix time.
        via: the AWS service that acts, empty for a client's own session.
        source_arn: the resource for which that service acts; empty where it names none.
        terms: policies, tags, source identity.
        forwarded_for: whose rights these are, of a forward access session: one in which the service `via` asks with
            its caller's rights. None for any other.
    """

    principal: Principal
    credentials: Credentials
    role_arn: str = ""
    role_id: str = ""
    issued: float = 0.0
    via: str = ""
    source_arn: str = ""
    terms: Terms = field(default_factory=Terms)
    forwarded_for: Principal | None = None


class SessionStore:
    """All sessions by access key. Thread-safe.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._full = _FEWEST

    def of(self, access_key: str) -> Session | None:
        """The session of a key, expired or not; None for a key that is no session's."""
        return self._sessions.get(access_key)

    def open(self, session: Session, duration: int) -> Session:
        """Keep a session, with keys of its own from now on.

        Args:
            session: its principal and credentials are filled in here.
            duration: seconds.
        """
        now = self._clock()
        key = "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode()
        credentials = Credentials(key, secrets.token_urlsafe(30), secrets.token_urlsafe(192), now + duration)
        who = session.principal
        principal = Principal(who.account, who.arn, who.user_id, key)
        opened = replace(session, principal=principal, credentials=credentials, issued=now)
        with self._lock:
            if len(self._sessions) >= self._full:
                self._forget(now)
            self._sessions[key] = opened
        return opened

    def _forget(self, now: float) -> None:
        # To walk all of them only once their number has doubled costs each that is opened the same little.
        old = [k for k, s in self._sessions.items() if s.credentials.expires + _KEEP_EXPIRED < now]
        for key in old:
            del self._sessions[key]
        self._full = max(_FEWEST, 2 * len(self._sessions))
