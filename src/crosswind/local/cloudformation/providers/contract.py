"""What a provider is, and what it works with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from crosswind.local.cloudformation.stacks.names import physical_name
from crosswind.local.edge.call import Credentials
from crosswind.local.partitions import partition_of

__all__ = [
    "ANY",
    "Cancelled",
    "ClientMaker",
    "Context",
    "Made",
    "Offer",
    "Properties",
    "Provider",
    "ResourceError",
    "Tags",
]

Properties = Mapping[str, Any]
Offer = Mapping[str, Any]
"""A tree of property names; `ANY` at a leaf passes whatever is below it. Lists are transparent."""

ANY = None
"""Everything below this property is applied (or refused by the API itself)."""

Tags = str
"""How a type spells its tags: `list` (`[{Key, Value}]`), `map` (`{key: value}`), or empty for none."""


class ResourceError(Exception):
    """A resource could not be made, changed or deleted.

    Args:
        code: CloudFormation's handler error code, such as `NotStabilized` or `InvalidRequest`.
    """

    def __init__(self, message: str, code: str = "GeneralServiceException") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Cancelled(Exception):  # noqa: N818 - no error of the resource: the operation was stopped
    """The operation was stopped while a resource was waited for."""


class ClientMaker(Protocol):
    """Makes boto3 clients that go through the edge."""

    def client(self, service: str, region: str, credentials: Credentials) -> Any:
        """A boto3 client with these credentials."""


@dataclass(frozen=True)
class Made:
    """A resource that exists: what `Ref` gives, and what `Fn::GetAtt` gives."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """Where and for whom a provider works.

    Args:
        credentials: whose rights the calls have.
        made: tells the engine that something exists under this physical id.
        stopped: set when the operation is to end.
    """

    stack_name: str
    stack_id: str
    logical_id: str
    account: str
    region: str
    credentials: Credentials
    clients: ClientMaker
    made: Callable[[str], None]
    stopped: threading.Event

    def client(self, service: str) -> Any:
        """A boto3 client in the stack's Region."""
        return self.clients.client(service, self.region, self.credentials)

    @property
    def partition(self) -> str:
        """The Region's partition."""
        return partition_of(self.region)

    def name(self, limit: int, *, lower: bool = False) -> str:
        """A made-up name of at most `limit` characters."""
        return physical_name(self.stack_name, self.logical_id, limit, lower=lower)

    def wait(self, ready: Callable[[], bool], *, seconds: float, every: float = 0.2, what: str = "resource") -> None:
        """Ask `ready` until it says yes.

        Args:
            ready: asks once; may raise ResourceError when there is no hope left.
            seconds: how long at most.
            every: seconds between two questions.
            what: for the message.

        Raises:
            ResourceError: `NotStabilized` when time is up.
            Cancelled: when the operation is stopped.
        """
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() >= end:
                raise ResourceError(f"{what} did not stabilize within {seconds:g} seconds", "NotStabilized")
            if self.stopped.wait(every):
                raise Cancelled


class Provider(Protocol):
    """One resource type."""

    @property
    def type_name(self) -> str:
        """Such as `AWS::S3::Bucket`."""

    @property
    def offers(self) -> Offer:
        """The properties that are applied."""

    @property
    def attributes(self) -> frozenset[str]:
        """The names that `Fn::GetAtt` gives."""

    @property
    def tags(self) -> Tags:
        """How the type spells its tags."""

    def create(self, properties: Properties, context: Context) -> Made:
        """Make the resource."""

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        """Change it from `old` to `new`; create-only properties are the same in both."""

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        """Take it away; nothing happens when it is gone already."""
