"""Kinesis Data Streams: by name or ARN."""

from __future__ import annotations

from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]

TABLE = Table(
    prefix="kinesis",
    names={"StreamName": "StreamARN|StreamName"},
    resources={"ListStreams": "*"},
)
"""Rights of Kinesis Data Streams."""
