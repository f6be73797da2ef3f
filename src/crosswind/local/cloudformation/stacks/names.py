"""Stack ids, ARNs and the names that CloudFormation makes up."""

from __future__ import annotations

import re
import secrets
import string
import uuid

from crosswind.local.cloudformation.faults import invalid
from crosswind.local.partitions import partition_of

__all__ = ["check_stack_name", "physical_name", "stack_arn"]

_ALPHABET = string.ascii_letters + string.digits
_LOWER = string.ascii_lowercase + string.digits
_STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_RANDOM = 13


def stack_arn(account: str, region: str, name: str) -> str:
    """A new stack's id."""
    return f"arn:{partition_of(region)}:cloudformation:{region}:{account}:stack/{name}/{uuid.uuid4()}"


def check_stack_name(name: str) -> None:
    """Refuse a name that CloudFormation refuses.

    Raises:
        ServiceError: `ValidationError`.
    """
    if len(name) > 128:
        raise invalid(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
            "Member must have length less than or equal to 128"
        )
    if not _STACK_NAME.fullmatch(name):
        raise invalid(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )


def physical_name(stack: str, logical_id: str, limit: int, *, lower: bool = False) -> str:
    """A name for a resource that has none: `<stack>-<logical id>-<13 characters>`.

    Args:
        stack: the stack's name.
        logical_id: the resource's.
        limit: how long the service lets it be; the stack's name and the logical id share what is left.
        lower: lower case throughout, as S3 wants it.
    """
    tail = "".join(secrets.choice(_LOWER if lower else _ALPHABET) for _ in range(_RANDOM))
    room = limit - _RANDOM - 2
    head, middle = stack, logical_id
    if len(head) + len(middle) > room:
        middle = middle[: max(room - len(head), room // 2)]
        head = head[: room - len(middle)]
    name = f"{head}-{middle}-{tail}"
    return name.lower() if lower else name
