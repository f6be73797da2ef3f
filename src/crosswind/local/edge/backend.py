"""What the edge and its neighbours ask of the state behind them: moto in the world, fakes in tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Protocol

from crosswind.local.edge.call import Call, HttpResponse

__all__ = ["Backend", "KeyOwner", "ManagedPolicy", "RoleFacts", "UserFacts"]


class RoleFacts(NamedTuple):
    """An IAM role: its ARN, unique id (`AROA...`), name, MaxSessionDuration in seconds, and tags."""

    arn: str
    role_id: str
    name: str
    account: str
    max_session: int = 3600
    tags: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class UserFacts:
    """An IAM user: its ARN, unique id (`AIDA...`), name and tags."""

    arn: str
    user_id: str
    name: str
    account: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyOwner:
    """The IAM user behind a long-lived access key."""

    account: str
    arn: str
    user_id: str
    secret_key: str = field(repr=False)
    active: bool = True


class ManagedPolicy(Protocol):
    """A managed policy: its name and its document, JSON."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def text(self) -> str | bytes:
        """Its document."""


class Backend(Protocol):
    """State of the services that are not ours."""

    def dispatch(self, call: Call) -> HttpResponse:
        """Carry the call out; raise ServiceError when the operation is not offered."""

    def bucket_owner(self, name: str) -> str | None:
        """The account that owns a bucket, None when there is no such bucket."""

    def role(self, arn: str) -> RoleFacts | None:
        """The role with exactly this ARN."""

    def user(self, arn: str) -> UserFacts | None:
        """The user with exactly this ARN."""

    def key_owner(self, access_key: str) -> KeyOwner | None:
        """The user who has this access key."""

    def managed_policy(self, account: str, arn: str) -> ManagedPolicy | None:
        """A managed policy's default version: the account's own, or one of AWS's that the account uses."""
