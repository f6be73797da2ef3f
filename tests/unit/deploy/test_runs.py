"""DAGs through mwaa:InvokeRestApi: the requests as MWAA and Airflow take them, and their failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from crosswind.aws.fake import FakeCall, FakeSessions, client_error
from crosswind.deploy.runs import Airflow
from crosswind.errors import AwsError, NotFoundError, RunError, RunTimeoutError
from tests.unit.deploy.conftest import FAST, HUB

Route = Callable[[FakeCall], Any]


class MemoryAirflow:
    """Answers by method and path."""

    def __init__(self) -> None:
        self.sessions = FakeSessions()
        self.routes: dict[tuple[str, str], Any] = {("GET", "/importErrors"): {"import_errors": []}}
        self.sessions.answer("mwaa", "invoke_rest_api", self._answer)
        self.airflow = Airflow(self.sessions, HUB, "us-east-1", "env", pace=FAST, stale_seconds=0.05)

    def _answer(self, call: FakeCall) -> Mapping[str, Any]:
        assert call.parameters["Name"] == "env"
        key = (call.parameters["Method"], call.parameters["Path"])
        if key not in self.routes:
            answer = {"detail": f"no {key[1]}"}
            raise client_error("RestApiClientException", "", RestApiStatusCode=404, RestApiResponse=answer)
        route = self.routes[key]
        return {"RestApiStatusCode": 200, "RestApiResponse": route(call) if callable(route) else route}

    @property
    def last(self) -> Mapping[str, Any]:
        return self.sessions.calls[-1].parameters


@pytest.fixture
def memory() -> MemoryAirflow:
    return MemoryAirflow()


def test_trigger_sends_a_null_logical_date(memory: MemoryAirflow) -> None:
    memory.routes["POST", "/dags/d/dagRuns"] = {"dag_run_id": "manual__1"}
    assert memory.airflow.trigger("d", {"prefix": "transformed/x/"}) == "manual__1"
    assert memory.last["Body"] == {"logical_date": None, "conf": {"prefix": "transformed/x/"}}


def test_unpause(memory: MemoryAirflow) -> None:
    memory.routes["PATCH", "/dags/d"] = {}
    memory.airflow.unpause("d")
    assert memory.last["Body"] == {"is_paused": False}


def listed(key: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {key: list(entries), "total_entries": len(entries)}


RUNS = ("POST", "/dags/~/dagRuns/list")
TASKS = ("GET", "/dags/~/dagRuns/~/taskInstances")


def test_a_run_is_found_by_the_list_route(memory: MemoryAirflow) -> None:
    run = "asset_triggered__2026-11-22T11:00:00+00:00_x y"
    memory.routes[RUNS] = listed("dag_runs", {"dag_run_id": "a"}, {"dag_run_id": run, "state": "success"})
    assert memory.airflow.dag_run("d", run)["state"] == "success"
    assert memory.last["Body"]["dag_ids"] == ["d"]
    with pytest.raises(NotFoundError, match="no run other of d"):
        memory.airflow.dag_run("d", "other")


def test_no_path_is_longer_than_mwaa_takes(memory: MemoryAirflow) -> None:
    """RestApiPath in botocore's model of mwaa: 1 to 64 characters."""
    dag = "cross_account_machine_learning_dag"
    memory.routes.update({RUNS: listed("dag_runs"), TASKS: listed("task_instances")})
    memory.routes["GET", "/dags"] = listed("dags", {"dag_id": dag})
    memory.routes["POST", f"/dags/{dag}/dagRuns"] = {"dag_run_id": "r"}
    memory.routes["PATCH", f"/dags/{dag}"] = {}
    memory.airflow.wait_for_dags([dag])
    memory.airflow.unpause(dag)
    memory.airflow.trigger(dag)
    memory.airflow.runs_since(dag, "2026-01-01T00:00:00Z")
    run = "asset_triggered__2026-11-22T11:00:00.123456+00:00_abcdefgh"
    memory.airflow.task_instances(dag, {"dag_run_id": run, "run_after": "2026-11-22T11:00:00.123456Z"})
    paths = [call.parameters["Path"] for call in memory.sessions.made("mwaa")]
    assert len(paths) == 6
    assert max(map(len, paths)) <= 64


def test_lists_are_read_page_by_page(memory: MemoryAirflow) -> None:
    def page(call: FakeCall) -> dict[str, Any]:
        query = call.parameters["QueryParameters"]
        every = [{"dag_id": f"d{n}"} for n in range(230)]
        return {"dags": every[query["offset"] :][: query["limit"]], "total_entries": 230}

    memory.routes["GET", "/dags"] = page
    assert len(memory.airflow.dags()) == 230
    assert len(memory.sessions.calls) == 3


def test_import_errors_show_airflows_text(memory: MemoryAirflow) -> None:
    fault = {"filename": "dags/x.py", "stack_trace": "ModuleNotFoundError: no module named y"}
    memory.routes["GET", "/importErrors"] = {"import_errors": [fault], "total_entries": 1}
    with pytest.raises(RunError, match=r"(?s)dags/x.py.*no module named y"):
        memory.airflow.wait_for_dags(["d"])


def test_the_fault_of_a_file_that_is_mended_is_waited_out(memory: MemoryAirflow) -> None:
    answers = iter([listed("import_errors", {"filename": "d.py", "stack_trace": "SyntaxError"})])
    memory.routes["GET", "/importErrors"] = lambda _: next(answers, listed("import_errors"))
    memory.routes["GET", "/dags"] = listed("dags", {"dag_id": "d"})
    memory.airflow.wait_for_dags(["d"])


def test_an_environment_that_is_not_there(memory: MemoryAirflow) -> None:
    def missing(_: FakeCall) -> Any:
        raise client_error("ResourceNotFoundException", "environment env not found")

    memory.routes["GET", "/importErrors"] = missing
    with pytest.raises(NotFoundError) as caught:
        memory.airflow.wait_for_dags(["d"])
    assert "crosswind deploy" in caught.value.hint


def test_dags_that_never_come_are_named(memory: MemoryAirflow) -> None:
    memory.routes["GET", "/dags"] = {"dags": [{"dag_id": "a"}], "total_entries": 1}
    with pytest.raises(RunTimeoutError, match="does not list b"):
        memory.airflow.wait_for_dags(["a", "b"], timeout=0.05)


def test_waiting_for_dags_outlasts_an_airflow_that_comes_up(memory: MemoryAirflow) -> None:
    memory.routes["GET", "/dags"] = {"dags": [{"dag_id": "a"}], "total_entries": 1}
    away = client_error("RestApiServerException", "", RestApiStatusCode=503, RestApiResponse={})
    memory.sessions.script("mwaa", "invoke_rest_api", away)
    memory.airflow.wait_for_dags(["a"])


def test_the_tasks_of_one_run_are_asked_for_by_its_time(memory: MemoryAirflow) -> None:
    run = {"dag_run_id": "r", "run_after": "2026-11-22T11:00:00Z"}
    mine = {"dag_id": "d", "dag_run_id": "r", "task_id": "a"}
    memory.routes[TASKS] = listed("task_instances", {**mine, "dag_run_id": "other"}, mine, {**mine, "dag_id": "e"})
    assert memory.airflow.task_instances("d", run) == [mine]
    query = memory.last["QueryParameters"]
    assert (query["run_after_gte"], query["run_after_lte"]) == (run["run_after"], run["run_after"])


def test_airflows_own_words_are_in_the_error(memory: MemoryAirflow) -> None:
    with pytest.raises(NotFoundError, match="Airflow answered 404: no /dags/nothing"):
        memory.airflow.call("GET", "/dags/nothing")
    memory.sessions.script("mwaa", "invoke_rest_api", client_error("AccessDeniedException", "not you"))
    with pytest.raises(AwsError, match="not you"):
        memory.airflow.dags()


def test_a_tasks_log_is_read_from_the_environments_log_group(memory: MemoryAirflow) -> None:
    memory.sessions.answer("logs", "get_log_events", {"events": [{"message": "hello"}]})
    assert memory.airflow.log("d", "manual__2026-11-22T11:00:00", "t", 2) == ["hello"]
    asked = memory.sessions.made("logs")[0].parameters
    assert asked["logGroupName"] == "airflow-env-Task"
    assert asked["logStreamName"] == "dag_id=d/run_id=manual__2026-11-22T11_00_00/task_id=t/attempt=2.log"
    memory.sessions.script("logs", "get_log_events", client_error("ResourceNotFoundException"))
    assert memory.airflow.log("d", "r", "t") == []
