"""S3's account-wide settings: Block Public Access. The rest of S3 Control is not offered."""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Row, Table

__all__ = ["TABLE"]


def _of_account(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        return [Need(f"s3:{action}", "*", ask.text("AccountId") or ask.account)]

    return row


TABLE = Table(
    prefix="s3",
    rows={
        "DeletePublicAccessBlock": _of_account("PutAccountPublicAccessBlock"),
        "GetPublicAccessBlock": _of_account("GetAccountPublicAccessBlock"),
        "PutPublicAccessBlock": _of_account("PutAccountPublicAccessBlock"),
    },
    ruled=False,
)
"""Rights of S3 Control."""
