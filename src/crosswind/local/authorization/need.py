"""One right that a call needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["Need"]


class Need(NamedTuple):
    """An action on a resource, as IAM will be asked.

    Args:
        action: such as `s3:GetObject`.
        resource: the resource's ARN; `*` for an action that has none. What AWS names only later is `*` in it.
        account: who owns the resource; an S3 ARN carries no account. The passed role's account for `iam:PassRole`:
            a role has no resource-based policy for it, so that no role of another account can be passed.
        context: the condition keys that this action on this resource has beside the global ones.
        forwarded_by: the service that does it with the caller's rights (forward access), such as
            `s3.us-east-1.amazonaws.com` for the use of a KMS key; empty when the caller does it.
        instead: other resources; the action on any one of all suffices (the roles of an Airflow environment).
    """

    action: str
    resource: str
    account: str
    context: Mapping[str, str | Sequence[str]] = MappingProxyType({})
    forwarded_by: str = ""
    instead: tuple[str, ...] = ()
