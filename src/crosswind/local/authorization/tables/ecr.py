"""ECR: repositories of the registry, which is an account."""

from __future__ import annotations

from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]

TABLE = Table(
    prefix="ecr",
    resources={"GetAuthorizationToken": "*"},
    owner="registryId",
    passed_to="ecr.amazonaws.com",
    tagging="TagResource",
)
"""Rights of ECR."""
