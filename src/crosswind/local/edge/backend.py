"""What the edge and its neighbours ask of the state behind them: moto in the world, fakes in tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crosswind.local.edge.call import Call, HttpResponse

__all__ = ["Backend", "KeyOwner", "RoleFacts"]


@dataclass(frozen=True)
class RoleFacts:
    """An IAM role: its ARN, unique id (`AROA...`), name and MaxSessionDuration in seconds."""

    arn: str
    role_id: str
    name: str
    account: str
    max_session: int = 3600


@dataclass(frozen=True)
class KeyOwner:
    """The IAM user behind a long-lived access key."""

    account: str
    arn: str
    user_id: str
    secret_key: str
    active: bool = True


class Backend(Protocol):
    """State of the services that are not ours."""

    def dispatch(self, call: Call) -> HttpResponse:
        """Carry the call out; raise ServiceError when the operation is not offered."""

    def bucket_owner(self, name: str) -> str | None:
        """The account that owns a bucket, None when there is no such bucket."""

    def role(self, arn: str) -> RoleFacts | None:
        """The role with exactly this ARN."""

    def key_owner(self, access_key: str) -> KeyOwner | None:
        """The user who has this access key."""
