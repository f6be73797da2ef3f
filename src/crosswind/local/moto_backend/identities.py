"""IAM's roles and access keys as moto holds them: who can act at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.iam.models import iam_backends

from crosswind.local.edge.backend import KeyOwner, RoleFacts, UserFacts

__all__ = ["KeptIdentities", "iam_of", "role_at", "tags_of", "user_at"]

_KEEP = 4096
_FOUND: dict[str, Any] = {}  # where a role was found last, by its ARN


class KeptIdentities:
    """Reads of IAM's state by which the edge finds out who acts."""

    def role(self, arn: str) -> RoleFacts | None:
        """The role with exactly this ARN."""
        role = role_at(arn)
        if role is None:
            return None
        longest = int(role.max_session_duration or 3600)
        return RoleFacts(arn, role.id, role.name, role.account_id, longest, tags_of(role.tags))

    def user(self, arn: str) -> UserFacts | None:
        """The user with exactly this ARN."""
        backend, user = user_at(arn)
        if user is None:
            return None
        return UserFacts(arn, user.id, user.name, user.account_id, backend.tagger.get_tag_dict_for_resource(arn))

    def key_owner(self, access_key: str) -> KeyOwner | None:
        """The user who has this access key, in any account."""
        for account, partitions in list(iam_backends.items()):
            for backend in list(partitions.values()):
                key = backend.access_keys.get(access_key)
                user = backend.users.get(key.user_name) if key is not None else None
                if user is not None:
                    active = key.status == "Active"
                    return KeyOwner(account, user.arn, user.id, key.secret_access_key, active)
        return None


def iam_of(account: str, partition: str) -> Any:
    """IAM of one account in moto; None for an account that was never used."""
    # `get`, since moto's `[]` makes an account that was never used.
    partitions = iam_backends.get(account)
    return partitions.get(partition) if partitions is not None else None


def role_at(arn: str) -> Any:
    """The role of moto's with exactly this ARN; None when there is none."""
    parts = arn.split(":", 5)
    backend = iam_of(parts[4], parts[1]) if len(parts) == 6 else None
    if backend is None:
        return None
    found = _FOUND.get(arn)
    # A role's ARN and id never change; moto keeps roles by their ids.
    if found is not None and backend.roles.get(found.id) is found:
        return found
    name = arn.rpartition("/")[2]  # compared first: moto writes the ARN anew each time it is asked
    for role in list(backend.roles.values()):
        if role.name == name and role.arn == arn:
            if len(_FOUND) >= _KEEP:
                _FOUND.clear()
            _FOUND[arn] = role
            return role
    return None


def user_at(arn: str) -> tuple[Any, Any]:
    """The account's IAM in moto, and the user there with exactly this ARN; None for what there is not."""
    parts = arn.split(":", 5)
    backend = iam_of(parts[4], parts[1]) if len(parts) == 6 else None
    user = backend.users.get(arn.rpartition("/")[2]) if backend is not None else None
    return backend, user if user is not None and user.arn == arn else None


def tags_of(held: Mapping[str, Mapping[str, str]] | Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """A role's tags: moto holds them as pairs, by key or in a row."""
    if not held:
        return {}
    pairs = held.values() if isinstance(held, Mapping) else held
    return {pair["Key"]: pair["Value"] for pair in list(pairs)}
