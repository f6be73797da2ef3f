"""Resources that a call names, but cannot reach: in another Region, another partition, or in two accounts at once.

A call works on one account's state in one Region. A resource named by an ARN is judged by that ARN; were the ARN's
Region not the call's, another resource of the same name would be judged than the one that is worked on.
"""

from __future__ import annotations

from collections.abc import Iterable

from crosswind.local.authorization.need import Need
from crosswind.local.edge.call import Call, ServiceError
from crosswind.local.partitions import partition_of

__all__ = ["refuse_elsewhere"]

# Buckets are found by name wherever they are; a layer is read, and a key used, in its own account.
_ANYWHERE = {"s3"}
_READ_THERE = {"lambda:GetLayerVersion", "kms:ReEncryptTo"}


def refuse_elsewhere(call: Call, needs: Iterable[Need]) -> None:
    """Refuse a call that names what it cannot reach.

    Args:
        call: the call.
        needs: its needs, that of the resource whose state it works on first.

    Raises:
        ServiceError: `ValidationException` (400).
    """
    accounts: set[str] = set()
    prefix, here = "", partition_of(call.region)
    for need in needs:
        prefix = prefix or need.action.partition(":")[0]
        if need.forwarded_by or need.resource == "*" or not need.action.startswith(f"{prefix}:"):
            continue
        parts = need.resource.split(":", 4)
        if len(parts) < 4 or parts[3] not in ("", call.region) or parts[1] != here:
            text = f"{need.resource} is not reachable in this Region ({call.region})."
            raise ServiceError("ValidationException", text, 400)
        if need.action not in _READ_THERE:
            accounts.add(need.account)
    if len(accounts) > 1 and prefix not in _ANYWHERE:
        raise ServiceError("ValidationException", "The request names resources of several accounts.", 400)
