"""The example's DAGs: they parse without AWS, serialize, and have the structure that is promised."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.conftest import EAST, WEST

try:  # from Airflow 3.2 on
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization as Serialization
except ImportError:
    from airflow.models.dagbag import DagBag
    from airflow.serialization.serialized_objects import SerializedDAG as Serialization

DATA, ML = "cross_account_data_processing_dag", "cross_account_machine_learning_dag"


def parsed(folder: Path) -> Any:
    return DagBag(str(folder))


@pytest.fixture(scope="module")
def bag(dags_folder: Path) -> Any:
    # A DAG that calls AWS when it is parsed would open a socket.
    kept, socket.socket.connect = socket.socket.connect, _no_connection  # type: ignore[method-assign]
    try:
        return parsed(dags_folder)
    finally:
        socket.socket.connect = kept  # type: ignore[method-assign]


def _no_connection(*_: object) -> None:
    raise AssertionError("a connection was opened while a DAG was parsed")


def test_both_are_imported(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {DATA, ML}


def test_tasks_and_their_order(bag: Any) -> None:
    order = {dag_id: {task.task_id: task.downstream_task_ids for task in dag.tasks} for dag_id, dag in bag.dags.items()}
    assert order[DATA] == {
        "wait_for_raw_data": {"mwaa_glue_raw_to_transform"},
        "mwaa_glue_raw_to_transform": {"publish"},
        "publish": set(),
    }
    assert order[ML] == {
        "select": {"wait_for_transformed_data", "train"},
        "wait_for_transformed_data": {"train"},
        "train": {"dagcleanup"},
        "dagcleanup": set(),
    }


def test_each_task_acts_by_its_sites_connection_and_no_other_region(bag: Any) -> None:
    used = {
        task.task_id: (task.aws_conn_id, task.region_name)
        for dag in bag.dags.values()
        for task in dag.tasks
        if hasattr(task, "aws_conn_id")
    }
    assert used == {
        "wait_for_raw_data": (EAST, None),
        "mwaa_glue_raw_to_transform": (EAST, None),
        "wait_for_transformed_data": (WEST, None),
        "train": (WEST, None),
        "dagcleanup": (WEST, None),
    }


def test_waiting_holds_no_worker(bag: Any) -> None:
    waiting = {"wait_for_raw_data", "mwaa_glue_raw_to_transform", "wait_for_transformed_data", "train"}
    tasks = [task for dag in bag.dags.values() for task in dag.tasks]
    assert {task.task_id for task in tasks if getattr(task, "deferrable", False)} == waiting


def test_every_task_is_guarded_and_tried_again(bag: Any) -> None:
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert task._pre_execute_hook is not None, task.task_id
            assert task.retries == (0 if task.task_id == "select" else 2)
            assert task.retry_exponential_backoff


def test_glue_is_waited_for_and_stopped(bag: Any) -> None:
    glue = bag.dags[DATA].get_task("mwaa_glue_raw_to_transform")
    assert glue.waiter_delay * glue.waiter_max_attempts >= 12 * 3600
    assert glue.stop_job_run_on_kill


def test_lambda_is_never_called_twice(bag: Any) -> None:
    cleanup = bag.dags[ML].get_task("dagcleanup")
    assert cleanup.botocore_config == {"read_timeout": 910, "retries": {"total_max_attempts": 1}}


def test_the_asset_joins_them(bag: Any) -> None:
    (asset,) = bag.dags[DATA].get_task("publish").outlets
    assert asset.name == "unified-pipelines/transformed"
    assert list(bag.dags[ML].timetable.asset_condition.objects) == [asset]


def test_they_survive_serialization(bag: Any) -> None:
    for dag in bag.dags.values():
        document = json.loads(json.dumps(Serialization.to_dict(dag)))
        Serialization.validate_schema(document)
        assert {task.task_id for task in Serialization.from_dict(document).tasks} == set(dag.task_ids)


def test_the_files_name_no_account_and_no_region(dags_folder: Path) -> None:
    for file in dags_folder.glob("*.py"):
        text = file.read_text()
        for fact in ("222222222222", "us-east-1", "us-west-2", "arn:"):
            assert fact not in text, (file.name, fact)


def test_without_the_names_file_the_reason_is_shown(dags_folder: Path, tmp_path: Path) -> None:
    shutil.copy(dags_folder / f"{DATA}.py", tmp_path)
    errors = parsed(tmp_path).import_errors
    assert "names files; exactly one is needed" in next(iter(errors.values()))
    assert os.listdir(tmp_path)
