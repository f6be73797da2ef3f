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

DATA, ML, REAPER = "cross_account_data_processing_dag", "cross_account_machine_learning_dag", "unified-pipelines_reaper"


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


def test_all_are_imported(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {DATA, ML, REAPER}


def test_tasks_and_their_order(bag: Any) -> None:
    order = {dag_id: {task.task_id: task.downstream_task_ids for task in dag.tasks} for dag_id, dag in bag.dags.items()}
    assert order == {
        DATA: {
            "wait_for_raw_data": {"mwaa_glue_raw_to_transform"},
            "mwaa_glue_raw_to_transform": {"publish"},
            "publish": set(),
        },
        ML: {
            "wait_for_transformed_data": {"train", "dagcleanup"},
            "train": {"dagcleanup"},
            "dagcleanup": set(),
        },
        REAPER: {"reap": set()},
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
        "train": (WEST, None),
        "dagcleanup": (WEST, None),
    }


def test_waiting_holds_no_worker(bag: Any) -> None:
    tasks = {task.task_id: task for dag in bag.dags.values() for task in dag.tasks}
    assert {name for name, task in tasks.items() if not getattr(task, "deferrable", False)} == {"publish", "reap"}


def test_every_task_is_guarded_and_tried_again(bag: Any) -> None:
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert task._pre_execute_hook is not None, task.task_id
            assert task.retries == (0 if task.task_id == "reap" else 2)
            assert task.retry_exponential_backoff


def test_the_wait_outlasts_what_is_waited_for(bag: Any) -> None:
    sensor = bag.dags[ML].get_task("wait_for_transformed_data")
    assert sensor.timeout == sensor.names.intervals.arrival_seconds
    glue = bag.dags[DATA].get_task("mwaa_glue_raw_to_transform")
    assert glue.longest_seconds(None) > glue.job.timeout_seconds


def test_the_asset_joins_them(bag: Any) -> None:
    (asset,) = bag.dags[DATA].get_task("publish").outlets
    assert asset.name == "unified-pipelines/transformed"
    assert list(bag.dags[ML].timetable.asset_condition.objects) == [asset]


def test_the_training_reads_what_the_sensor_proves(bag: Any) -> None:
    train = bag.dags[ML].get_task("train")
    assert train.arrival.operator.task_id == "wait_for_transformed_data"


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
