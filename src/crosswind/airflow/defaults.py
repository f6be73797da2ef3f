"""What every task of a DAG has: retries with back-off, and the guard of its connection."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crosswind.airflow.compat import EXPONENTIAL_BACKOFF
from crosswind.airflow.guard import declared_connection
from crosswind.airflow.settings import TopologyNames

__all__ = ["default_args"]

_LONGEST_RETRY = timedelta(minutes=30)


def default_args(names: TopologyNames) -> dict[str, Any]:
    """`default_args` for a DAG: retries with exponential back-off, and the guard of its connections."""
    return {
        "retries": names.intervals.retries,
        "retry_delay": timedelta(seconds=names.intervals.retry_seconds),
        "retry_exponential_backoff": EXPONENTIAL_BACKOFF,
        "max_retry_delay": _LONGEST_RETRY,
        "pre_execute": declared_connection(names),
    }
