"""Athena: queries are of a work group, `primary` when none is named.

Operations that name a query by its id alone are not known: the work group is not in the call.
"""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask
from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]


def _primary(_: Ask, arn: str, __: bool) -> str:
    return f"{arn.removesuffix('*')}primary" if arn.endswith(":workgroup/*") else arn


TABLE = Table(
    prefix="athena",
    names={
        "DataCatalogName": "Name|CatalogName",
        "WorkGroupName": "WorkGroup|Name|WorkGroupName",
    },
    resources={
        "CreateNamedQuery": "workgroup/{WorkGroup}",
        "StartQueryExecution": "workgroup/{WorkGroup}",
        "ListNamedQueries": "workgroup/{WorkGroup}",
        "ListQueryExecutions": "workgroup/{WorkGroup}",
        "ListTagsForResource": "{ResourceARN}",
        "TagResource": "{ResourceARN}",
        "UntagResource": "{ResourceARN}",
    },
    passed_to="athena.amazonaws.com",
    resolve=_primary,
    tagging="TagResource",
)
"""Rights of Athena."""
