"""Permissions boundaries of users, which moto does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from crosswind.local.edge.backend import ManagedPolicy
from crosswind.local.edge.call import Call, Handler, ServiceError
from crosswind.local.partitions import partition_of

__all__ = ["KeepsBoundaries", "UserBoundaries"]


class KeepsBoundaries(Protocol):
    """Where users are."""

    def managed_policy(self, account: str, arn: str) -> ManagedPolicy | None:
        """A managed policy that an account can use."""

    def set_user_boundary(self, account: str, partition: str, name: str, arn: str) -> bool:
        """Give a user a permissions boundary, or none; false when there is no such user."""


class UserBoundaries:
    """Two operations of IAM (a Service `iam`).

    Args:
        backend: where users are.
    """

    name = "iam"

    def __init__(self, backend: KeepsBoundaries) -> None:
        self._backend = backend

    @property
    def operations(self) -> Mapping[str, Handler]:
        """The operations that are ours."""
        return {
            "PutUserPermissionsBoundary": lambda call: self._set(call, str(call.parameters["PermissionsBoundary"])),
            "DeleteUserPermissionsBoundary": lambda call: self._set(call, ""),
        }

    def _set(self, call: Call, arn: str) -> Mapping[str, Any]:
        name = str(call.parameters["UserName"])
        if arn and self._backend.managed_policy(call.account, arn) is None:
            raise ServiceError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)
        if not self._backend.set_user_boundary(call.account, partition_of(call.region), name, arn):
            raise ServiceError("NoSuchEntity", f"The user with name {name} cannot be found.", 404)
        return {}
