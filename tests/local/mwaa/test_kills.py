"""Processes of a real Airflow, found and killed: what is killed is noticed soon, and starts again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.local.mwaa.airflow import session_members
from tests.local.mwaa.conftest import ACCOUNT, REGION, Hub, fetched, until

NAME = "killed"
# Seconds, so that a kill is noticed within a few; MWAA takes these options too.
OPTIONS = {
    "scheduler.task_instance_heartbeat_timeout": "6",
    "scheduler.task_instance_heartbeat_timeout_detection_interval": "1",
    "scheduler.task_instance_heartbeat_sec": "1",
    "scheduler.orphaned_tasks_check_interval": "5",
    "scheduler.scheduler_health_check_threshold": "6",
    "triggerer.job_heartbeat_sec": "1",
    "triggerer.triggerer_health_check_threshold": "6",
}
DAG = b"""
import datetime, time
from airflow.sdk import DAG, task

with DAG("sleeper", schedule=None, start_date=datetime.datetime(2026, 1, 1)):
    @task(retries=1, retry_delay=datetime.timedelta(seconds=0))
    def sleep(ti=None):
        if ti.try_number == 1:
            time.sleep(600)
        return ti.try_number

    sleep()

with DAG("quick", schedule=None, start_date=datetime.datetime(2026, 1, 1)):
    @task
    def hello():
        return "hello"

    hello()
"""


@pytest.fixture(scope="module")
def environment(hub: Hub) -> Iterator[dict[str, Any]]:
    hub.put("kills/kills.py", DAG)
    parameters = hub.parameters(NAME, AirflowConfigurationOptions=OPTIONS) | {"DagS3Path": "kills"}
    hub.mwaa.create_environment(**parameters)
    found = hub.settled(NAME)
    assert found["Status"] == "AVAILABLE", found["LastUpdate"]
    yield found
    with contextlib.suppress(ClientError):
        hub.mwaa.delete_environment(Name=NAME)


def shown(hub: Hub) -> Any:
    with fetched(f"{hub.endpoint}/_crosswind/airflow") as answer:
        (found,) = [one for one in json.load(answer)["environments"] if one["name"] == NAME]
    return found


def test_every_component_is_named(hub: Hub, environment: dict[str, Any]) -> None:
    found = shown(hub)
    assert (found["account"], found["region"], found["status"]) == (ACCOUNT, REGION, "AVAILABLE")
    assert found["url"] == environment["WebserverUrl"]
    assert set(found["components"]) == {"api-server", "scheduler", "dag-processor", "triggerer"}
    for component in found["components"].values():
        os.kill(component["pid"], 0)
    # LocalExecutor's workers are the scheduler's children.
    until(lambda: shown(hub)["components"]["scheduler"]["children"], 30)
    assert found["tasks"] == []


@pytest.mark.parametrize("part", ["task", "worker"])
def test_a_task_that_is_killed_is_tried_again(hub: Hub, environment: dict[str, Any], part: str) -> None:
    until(lambda: any(one["dag_id"] == "sleeper" for one in hub.rest(NAME, "GET", "/dags")["dags"]), 60)
    hub.rest(NAME, "PATCH", "/dags/sleeper", Body={"is_paused": False})
    run = hub.rest(NAME, "POST", "/dags/sleeper/dagRuns", Body={"logical_date": None})["dag_run_id"]
    (task,) = until(lambda: [one for one in shown(hub)["tasks"] if one["run_id"] == run], 60)
    told = {name: task[name] for name in ("dag_id", "task_id", "map_index", "try_number")}
    assert told == {"dag_id": "sleeper", "task_id": "sleep", "map_index": -1, "try_number": 1}
    os.kill(task["pid" if part == "task" else "worker"], signal.SIGKILL)

    def ended() -> Any:
        now = hub.loopback(NAME, f"/dags/sleeper/dagRuns/{run}/taskInstances")["task_instances"][0]
        return now if now["state"] in ("success", "failed") else None

    assert (until(ended, 60)["state"], ended()["try_number"]) == ("success", 2)


@pytest.mark.parametrize("name", ["triggerer", "scheduler"])
def test_a_component_that_is_killed_starts_again(hub: Hub, environment: dict[str, Any], name: str) -> None:
    before = shown(hub)
    killed = before["components"][name]["pid"]
    os.kill(killed, signal.SIGKILL)
    after = until(lambda: (now := shown(hub))["components"].get(name, {}).get("pid") not in (None, killed) and now, 10)
    assert after["launcher"] == before["launcher"]
    others = set(before["components"]) - {name}
    assert [after["components"][one]["pid"] for one in others] == [before["components"][one]["pid"] for one in others]
    assert hub.run(NAME, "quick")["hello"] == "hello"
    assert hub.mwaa.get_environment(Name=NAME)["Environment"]["Status"] == "AVAILABLE"


def test_nothing_is_left_of_it(hub: Hub, environment: dict[str, Any]) -> None:
    launcher = shown(hub)["launcher"]
    hub.mwaa.delete_environment(Name=NAME)
    until(lambda: NAME not in hub.mwaa.list_environments()["Environments"], 60)
    assert session_members(launcher) == []
