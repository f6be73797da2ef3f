"""The kinds of policy document."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["PolicyKind"]


class PolicyKind(StrEnum):
    """What a document is attached to; it decides which elements it must and may have."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    RESOURCE = "resource-based policy"
    TRUST = "role trust policy"
    KEY = "key policy"
    SCP = "service control policy"
    RCP = "resource control policy"
    ENDPOINT = "VPC endpoint policy"
