"""All pipelines of the example as runs: the first by hand, the second because the first succeeded."""

from __future__ import annotations

from typing import Any

import pytest

from crosswind.aws.fake import FakeCall
from crosswind.deploy import PipelineRuns
from crosswind.errors import RunError, RunTimeoutError
from crosswind.topology import Topology
from tests.unit.deploy.test_runs import RUNS, TASKS, MemoryAirflow, listed

FIRST, SECOND = "cross_account_data_processing_dag", "cross_account_machine_learning_dag"


class MemoryRuns(MemoryAirflow):
    """Runs that are over as soon as they are asked for; the second DAG's run follows the first's."""

    def __init__(self, tasks: dict[str, list[dict[str, Any]]], *, follows: bool = True) -> None:
        super().__init__()
        self.tasks, self.follows = tasks, follows
        self.routes["GET", "/dags"] = listed("dags", {"dag_id": FIRST}, {"dag_id": SECOND})
        self.routes["PATCH", f"/dags/{FIRST}"] = self.routes["PATCH", f"/dags/{SECOND}"] = {}
        self.routes["POST", f"/dags/{FIRST}/dagRuns"] = {"dag_run_id": "manual"}
        self.routes[RUNS] = self._runs
        every = [
            {"dag_id": dag, "dag_run_id": "manual" if dag == FIRST else "asset", **one}
            for dag, entries in tasks.items()
            for one in entries
        ]
        self.routes[TASKS] = listed("task_instances", *every)

    def _runs(self, call: FakeCall) -> dict[str, Any]:
        (dag,) = call.parameters["Body"]["dag_ids"]
        if dag == SECOND and not self.follows:
            return listed("dag_runs")
        failed = any(task["state"] == "failed" for task in self.tasks[dag])
        state = "failed" if failed else "success"
        run_id = "manual" if dag == FIRST else "asset"
        return listed("dag_runs", {"dag_run_id": run_id, "state": state, "run_after": "2026-11-22T11:00:00Z"})


def task(name: str, state: str = "success", minute: int = 1) -> dict[str, Any]:
    times = {"start_date": f"2026-11-22T11:{minute:02}:00Z", "end_date": f"2026-11-22T11:{minute:02}:05Z"}
    return {"task_id": name, "state": state, "try_number": 1, **times}


def test_both_run_and_each_task_is_told_once(topology: Topology) -> None:
    memory = MemoryRuns({FIRST: [task("b", minute=2), task("a")], SECOND: [task("train")]})
    told: list[str] = []
    runs = PipelineRuns(memory.airflow, topology, lambda one: told.append(one.task), 0.01).run(5)
    assert [(run.pipeline, run.run_id) for run in runs] == [(FIRST, "manual"), (SECOND, "asset")]
    assert told == ["a", "b", "train"]
    assert [one.ended - one.started for one in runs[0].tasks] == [5.0, 5.0]


def test_a_failed_task_names_account_region_and_cause(topology: Topology) -> None:
    tasks = [task("publish", "failed", minute=3), task("mwaa_glue_raw_to_transform", "failed")]
    memory = MemoryRuns({FIRST: tasks, SECOND: []})
    memory.sessions.answer("logs", "get_log_events", {"events": [{"message": "ValueError: no such column"}]})
    named = r"task mwaa_glue_raw_to_transform \(attempt 1\) .* 222222222222, us-east-1: ValueError: no such column"
    with pytest.raises(RunError, match=named):
        PipelineRuns(memory.airflow, topology, interval=0.01, log_seconds=0.02).run(5)


def test_a_run_that_does_not_end_names_what_is_not_done(topology: Topology) -> None:
    memory = MemoryRuns({FIRST: [task("a"), task("b", "running")], SECOND: []})
    running = {"dag_run_id": "manual", "state": "running", "run_after": "2026-11-22T11:00:00Z"}
    memory.routes[RUNS] = listed("dag_runs", running)
    with pytest.raises(RunTimeoutError, match=r"not done: b \(running\)"):
        PipelineRuns(memory.airflow, topology, interval=0.01).run(0.1)


def test_a_second_pipeline_that_never_starts(topology: Topology) -> None:
    memory = MemoryRuns({FIRST: [task("a")], SECOND: []}, follows=False)
    with pytest.raises(RunTimeoutError, match=f"{SECOND} did not start"):
        PipelineRuns(memory.airflow, topology, interval=0.01).run(0.3)


def test_a_second_pipeline_whose_file_breaks_while_the_first_runs(topology: Topology) -> None:
    """Airflow may read a file that was just deployed only after the runs began."""
    memory = MemoryRuns({FIRST: [task("a")], SECOND: []}, follows=False)
    fault = listed("import_errors", {"filename": "second.py", "stack_trace": "SyntaxError: invalid syntax"})
    answers = iter([listed("import_errors")])
    memory.routes["GET", "/importErrors"] = lambda _: next(answers, fault)
    with pytest.raises(RunError, match=r"second\.py"):
        PipelineRuns(memory.airflow, topology, interval=0.01).run(5)
