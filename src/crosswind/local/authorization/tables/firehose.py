"""Firehose."""

from __future__ import annotations

from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]

TABLE = Table(
    prefix="firehose",
    passed_to="firehose.amazonaws.com",
    tagging="TagDeliveryStream",
)
"""Rights of Firehose."""
