"""Keys that may be used by right, but cannot: disabled ones, and those that wait for their end.

Source: docs.aws.amazon.com/kms/latest/developerguide/key-state.html; S3 passes KMS's answer on, with `KMS.` before its
code (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from crosswind.local.authorization.need import Need
from crosswind.local.edge.call import Call, ServiceError

__all__ = ["KeyState", "refuse_unusable"]

_USES = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncrypt", "kms:Sign", "kms:Verify")
_REFUSALS = {
    "Disabled": ("DisabledException", "is disabled."),
    "PendingDeletion": ("KMSInvalidStateException", "is pending deletion."),
}


class KeyState(Protocol):
    """What tells the state of keys."""

    def key_state(self, arn: str) -> str:
        """`Enabled`, `Disabled`, `PendingDeletion`, ... by a key's ARN; empty when there is no such key."""


def refuse_unusable(call: Call, needs: Iterable[Need], keys: KeyState) -> None:
    """Refuse a call that IAM has allowed, when a key that it uses is in no state for that.

    Args:
        call: the call.
        needs: its needs.
        keys: tells the state of keys.

    Raises:
        ServiceError: `DisabledException` or `KMSInvalidStateException`; by way of another service `KMS.` before it.
    """
    for need in needs:
        if not need.action.startswith(_USES):
            continue
        refusal = _REFUSALS.get(keys.key_state(need.resource))
        if refusal is not None:
            code, what = refusal
            through = "KMS." if call.service != "kms" else ""
            raise ServiceError(f"{through}{code}", f"{need.resource} {what}", 400)
