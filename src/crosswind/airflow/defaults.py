"""What every task of a DAG has: the topology's names, retries with back-off, and the guard of its connection."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crosswind.airflow.compat import EXPONENTIAL_BACKOFF
from crosswind.airflow.guard import declared_connection
from crosswind.airflow.settings import TopologyNames

__all__ = ["default_args"]

_LONGEST_RETRY = timedelta(minutes=30)


def default_args(names: TopologyNames) -> dict[str, Any]:
    """`default_args` for a DAG: the names, retries with exponential back-off, and the guard of its connections.

    Operators of ours take `names` from here, so that a DAG names its jobs and sites alone; Airflow gives an operator
    only those of its default arguments that it knows, so that others never see it.
    """
    return {
        "names": names,
        "retries": names.intervals.retries,
        "retry_delay": timedelta(seconds=names.intervals.retry_seconds),
        "retry_exponential_backoff": EXPONENTIAL_BACKOFF,
        "max_retry_delay": _LONGEST_RETRY,
        "pre_execute": declared_connection(names),
    }
