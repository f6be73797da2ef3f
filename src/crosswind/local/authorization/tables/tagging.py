"""The Resource Groups Tagging API, which IAM calls `tag`.

Its writes need each tagged service's own right too, and are refused.
"""

from __future__ import annotations

from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]


TABLE = Table(
    prefix="tag",
    resources={"GetResources": "*", "GetTagKeys": "*", "GetTagValues": "*"},
    refused=frozenset({"TagResources", "UntagResources"}),
)
"""Rights of the tagging API."""
