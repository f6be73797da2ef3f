"""What replication asks of the rest of the world: the edge, and sessions of roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from crosswind.local.edge.call import Credentials, Principal

__all__ = ["Acts", "Issuer"]

_T = TypeVar("_T")


class Acts(Protocol):
    """The edge's entry for implied actions (`Edge.act`)."""

    def act(
        self,
        principal: Principal,
        *,
        service: str,
        operation: str,
        account: str,
        region: str,
        parameters: Mapping[str, Any],
        via: str,
        run: Callable[[], _T],
    ) -> _T:
        """Carry out an action, authorized and logged."""


class Issuer(Protocol):
    """What opens sessions of roles."""

    def issue(
        self, role_arn: str, session_name: str, duration: int = 3600, *, via: str = "", source_arn: str = ""
    ) -> tuple[Credentials, Principal]:
        """A session of a role for a service; raises ServiceError when the role does not let it."""

    def alive(self, principal: Principal) -> bool:
        """Whether a session's role is still the one that it was opened for."""
