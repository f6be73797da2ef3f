"""Organizations: its ARNs hold the organization's id, which a call does not name."""

from __future__ import annotations

from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]

TABLE = Table(
    prefix="organizations",
    names={
        "AccountId": "AccountId|ChildId",
        "HandshakeId": "HandshakeId",
        "ManagementAccountId": "*",
        "MasterAccountId": "*",
        "OrganizationId": "*",
        "OrganizationalUnitId": "OrganizationalUnitId",
        "PolicyId": "PolicyId",
        "PolicyType": "*",
        "RootId": "RootId",
    },
)
"""Rights of Organizations."""
