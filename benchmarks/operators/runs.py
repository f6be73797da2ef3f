"""Runs of a pair of DAGs: how long they took, and how long they held a worker's slot."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from benchmarks.operators.pairs import Pair
from crosswind.deploy import Airflow
from crosswind.errors import RunError

__all__ = ["DagRun", "Run", "Stretch", "follow", "running", "trigger"]

_LOOK = 0.25
_RUN_SECONDS = 900.0


@dataclass(frozen=True)
class Stretch:
    """A time in which a task was running, and so held a worker's slot; Unix seconds."""

    task: str
    began: float
    ended: float

    def holds(self, moment: float) -> bool:
        """Whether a moment is within."""
        return self.began <= moment <= self.ended


@dataclass(frozen=True)
class DagRun:
    """One DAG's run that ended well.

    Args:
        dag: its id.
        began: when it was asked for, Unix seconds.
        ended: when it ended.
        stretches: when its tasks were running.
    """

    dag: str
    began: float
    ended: float
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Run:
    """One run of a pair."""

    pair: Pair
    dags: tuple[DagRun, ...]

    @property
    def began(self) -> float:
        """When the first DAG was asked for."""
        return self.dags[0].began

    @property
    def ended(self) -> float:
        """When the last one ended."""
        return self.dags[-1].ended

    @property
    def slot_seconds(self) -> float:
        """How long a worker's slot was held, by all tasks together."""
        return sum(each.ended - each.began for dag in self.dags for each in dag.stretches)


def trigger(airflow: Airflow, pair: Pair) -> tuple[str, str]:
    """Start a pair's first DAG; its run's id, and the time from which on its second one's run is to be looked for."""
    run_id = airflow.trigger(pair.dags[0])
    return run_id, str(airflow.dag_run(pair.dags[0], run_id)["run_after"])


def follow(airflow: Airflow, pair: Pair, started: tuple[str, str]) -> Run:
    """Wait until the runs that `trigger` started have ended.

    Raises:
        RunError: one has failed, or not ended in time.
    """
    run_id, since = started
    found = [_ended(airflow, pair.dags[0], since, run_id)]
    found += [_ended(airflow, dag, since, "") for dag in pair.dags[1:]]
    return Run(pair, tuple(found))


def _ended(airflow: Airflow, dag: str, since: str, run_id: str) -> DagRun:
    pause, deadline = threading.Event(), time.monotonic() + _RUN_SECONDS
    while time.monotonic() < deadline:
        runs = [each for each in airflow.runs_since(dag, since) if run_id in ("", each["dag_run_id"])]
        if runs and runs[0]["state"] == "failed":
            raise RunError(f"the run {runs[0]['dag_run_id']} of {dag} failed")
        if runs and runs[0]["state"] == "success":
            run = runs[0]
            stretches = tuple(running(airflow, dag, run["dag_run_id"]))
            return DagRun(dag, unix(run["run_after"]), unix(run["end_date"]), stretches)
        pause.wait(_LOOK)
    raise RunError(f"no run of {dag} since {since} ended within {_RUN_SECONDS:.0f} s")


def running(airflow: Airflow, dag: str, run_id: str) -> Iterable[Stretch]:
    """When the tasks of a DAG run were running, from Airflow's audit log; what runs still ends now."""
    query = {"dag_id": dag, "run_id": run_id, "order_by": "when", "limit": 100}
    open_since: dict[str, float] = {}
    for event in airflow.call("GET", "/eventLogs", query=query)["event_logs"]:
        task = event.get("task_id")
        if task and event["event"] == "running":
            open_since[task] = unix(event["when"])
        elif task in open_since:  # deferred, success, failed, up_for_retry: the slot is free again
            yield Stretch(task, open_since.pop(task), unix(event["when"]))
    for task, began in open_since.items():
        yield Stretch(task, began, time.time())


def unix(text: str) -> float:
    """An ISO 8601 time as Unix seconds."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
