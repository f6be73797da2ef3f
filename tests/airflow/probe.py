"""A DAG whose task tells whose its jobs would be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, BaseOperator

from crosswind.airflow.context import owner_of
from crosswind.airflow.owner import Owner

RETRIES = 2
SEEN: list[Owner] = []
FILE = "from tests.airflow.probe import probe_dag\ndag = probe_dag()  # Airflow reads files that say DAG and airflow\n"


class Probe(BaseOperator):
    """Keeps the owner that its context names."""

    def execute(self, context: Any) -> None:
        SEEN.append(owner_of(context))


def probe_dag(retries: int = RETRIES) -> DAG:
    with DAG("attempts", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=UTC)) as dag:
        Probe(task_id="probe", retries=retries)
    return dag
