"""What goes on while a schedule runs, seen from outside: calls that reached AWS, and what Airflow has on record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.client import HTTPException
from typing import Any, TypeVar

from crosswind.errors import CrosswindError
from tests.kills.facts import Reap, Sample
from tests.kills.schedule import CONSUMER, PRODUCER, Call, Moment
from tests.kills.stage import Stage

__all__ = ["Watch"]

_PAUSE = 0.3
_LOOK = 0.15
_PAGE = 100
_T = TypeVar("_T")


class Watch:
    """Looks again and again, in a thread of its own, from a first run on. A context manager.

    Args:
        stage: the deployed example.
        begun: when the schedule began, as Airflow writes times: earlier runs are not looked at.
        first: number of the first request of the world's log that counts.
    """

    def __init__(self, stage: Stage, begun: str, first: int) -> None:
        self.samples: list[Sample] = []
        self.requests: list[Mapping[str, Any]] = []
        self.runs: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.events: dict[tuple[str, str], tuple[str, ...]] = {}
        self.tries: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        self.failures = 0
        self._deferred: set[tuple[str, str, str]] = set()
        self._stage = stage
        self._begun = begun
        self._next = first
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="watch")

    def __enter__(self) -> Watch:
        self._looking = self._pool.submit(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown()

    @property
    def position(self) -> int:
        """How many calls have been seen."""
        return len(self.requests)

    def calls(self, call: Call, since: int = 0) -> list[Mapping[str, Any]]:
        """The successful calls of a kind, from a position on."""
        return [
            each
            for each in self.requests[since:]
            if (each["service"], each["operation"]) == (call.service, call.operation)
            and call.resource in each["resource"]
            and call.principal in each["principal"]
            and each["status"] < 300
        ]

    def run(self, dag: str) -> str:
        """The id of the newest run of a DAG; empty when there is none yet."""
        found = [(run["run_after"], run_id) for (name, run_id), run in list(self.runs.items()) if name == dag]
        return max(found)[1] if found else ""

    def task(self, dag: str, task: str) -> Mapping[str, Any]:
        """A task instance of the newest run of its DAG, as Airflow gave it last; empty when there is none."""
        return self.tries.get((dag, self.run(dag), task), {})

    def at(self, moment: Moment, since: int, count: int) -> bool:
        """Whether a moment has come, but for an answer that it holds.

        Args:
            moment: which.
            since: the position from which its calls count.
            count: how many.
        """
        task = self.task(moment.dag, moment.task)
        resumed = (moment.dag, self.run(moment.dag), moment.task) in self._deferred or not moment.resumed
        called = moment.after is None or len(self.calls(moment.after, since)) >= count
        # A call tells more than the last look at Airflow, which may be older.
        running = moment.state == "running" and moment.after is not None
        return called and resumed and (running or task.get("state") == moment.state)

    @property
    def over(self) -> bool:
        """Whether the runs have ended, the one that a published handover starts included."""
        states = [run["state"] for (dag, _), run in list(self.runs.items()) if dag in (PRODUCER, CONSUMER)]
        published = self.task(PRODUCER, "publish").get("state") == "success"
        return (
            bool(states)
            and set(states) <= {"success", "failed", "deleted"}
            and (not published or bool(self.run(CONSUMER)))
        )

    @property
    def reaps(self) -> tuple[Reap, ...]:
        """The reaper's runs that have begun."""
        found = [run for (dag, _), run in self.runs.items() if dag.endswith("_reaper") and run.get("start_date")]
        return tuple(
            Reap(seconds(run["start_date"]), seconds(run["end_date"]) if run.get("end_date") else None, run["state"])
            for run in found
        )

    def _look(self) -> None:
        while not self._over.is_set():
            try:
                self._look_once()
            except (CrosswindError, OSError, HTTPException):
                # Airflow may be away for a moment, since it is killed; a schedule that sees nothing times out.
                self.failures += 1
            self._over.wait(_PAUSE)

    def _look_once(self) -> None:
        found = self._stage.process.requests(self._next)
        if found:
            self._next = found[-1]["number"]
            self.requests += found
        # The runs are asked first and shown last: one that has ended is seen with its tasks as they ended.
        runs = self._look_at_runs()
        self._look_at_tasks()
        self.runs = runs

    def _look_at_runs(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        found: dict[tuple[str, str], Mapping[str, Any]] = {
            (each["dag_id"], each["dag_run_id"]): each for each in self._all("", "dag_runs")
        }
        for key in found.keys() - self.events.keys():
            if key[0] == CONSUMER:
                events = self._stage.rest("GET", f"/dags/{key[0]}/dagRuns/{key[1]}/upstreamAssetEvents")["asset_events"]
                self.events[key] = tuple(event["extra"]["prefix"] for event in events)
        for key in self.runs.keys() - found.keys():
            found[key] = {**self.runs[key], "state": "deleted"}
        return found

    def _look_at_tasks(self) -> None:
        asked = time.time()
        tasks = self._all("taskInstances", "task_instances")
        states = {
            (each["dag_id"], each["dag_run_id"], each["task_id"], each["map_index"]): (
                each["state"] or "",
                each["max_tries"],
            )
            for each in tasks
        }
        self.samples.append(Sample(asked, time.time(), states))
        for each in tasks:
            key = (each["dag_id"], each["dag_run_id"], each["task_id"])
            self.tries[key] = each
            if each["state"] == "deferred":
                self._deferred.add(key)

    def _all(self, below: str, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            query = {"run_after_gte": self._begun, "limit": _PAGE, "offset": len(found)}
            page = self._stage.airflow.call("GET", f"/dags/~/dagRuns{'/~/' if below else ''}{below}", query=query)
            found += page[key]
            if len(found) >= page["total_entries"]:
                return found

    def until(self, look: Callable[[], _T | None], seconds: float) -> _T | None:
        """What a look finds; None when it finds nothing in time."""
        pause = threading.Event()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._looking.done():
                self._looking.result()  # a fault of this test: it sees nothing any more
            found = look()
            if found is not None:
                return found
            pause.wait(_LOOK)
        return None


def seconds(text: str) -> float:
    """A time of Airflow's as a Unix time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
