"""What names an attempt group: `max_tries`, as Airflow itself sets it. Specified here on each supported version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.utils import db
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState

from crosswind.airflow.owner import Owner
from tests.airflow.probe import FILE, RETRIES, SEEN, probe_dag
from tests.airflow.test_dags import Serialization, parsed


@pytest.fixture(scope="module")
def run(dags_folder: Path) -> Iterator[tuple[str, str]]:
    """A DAG run that has ended; its DAG and run ids."""
    db.initdb()
    file = dags_folder / "probe.py"
    file.write_text(FILE)
    bag = parsed(file)
    if hasattr(bag, "sync_to_db"):  # up to 3.1; later `test` does it
        DagBundlesManager().sync_bundles_to_db()
        bag.sync_to_db("dags-folder", None)
    finished = bag.dags["attempts"].test()
    yield finished.dag_id, finished.run_id
    file.unlink()


@pytest.fixture
def session() -> Iterator[Any]:
    with create_session() as session:
        yield session
        session.rollback()


def instance(session: Any, run: tuple[str, str], state: Any, *, try_number: int = 1, max_tries: int = RETRIES) -> Any:
    """The task's instance, as if it were in that state."""
    ti = session.query(TaskInstance).filter_by(dag_id=run[0], run_id=run[1], task_id="probe").one()
    ti.state, ti.try_number, ti.max_tries = state, try_number, max_tries
    session.flush()
    return ti


def started(session: Any, run: tuple[str, str]) -> datetime:
    """When the run started, as its row says now."""
    session.flush()
    session.expire_all()
    found: datetime = session.query(DagRun).filter_by(dag_id=run[0], run_id=run[1]).one().start_date
    return found


def going_on(session: Any, run: tuple[str, str]) -> datetime:
    """Let the run go on, as if it had not ended; when it started."""
    session.query(DagRun).filter_by(dag_id=run[0], run_id=run[1]).one().state = DagRunState.RUNNING
    return started(session, run)


def scheduled(dag: Any) -> Any:
    """The DAG as the scheduler has it."""
    return Serialization.from_dict(Serialization.to_dict(dag))


def test_a_running_task_knows_its_group(run: tuple[str, str]) -> None:
    assert replace(SEEN[-1], since=0) == Owner("attempts", run[1], "probe", -1, RETRIES)
    with create_session() as session:
        assert SEEN[-1].since == int(started(session, run).timestamp())


def test_a_retry_keeps_it(session: Any, run: tuple[str, str]) -> None:
    ti = instance(session, run, TaskInstanceState.UP_FOR_RETRY)
    ti.task, before = scheduled(probe_dag()).get_task("probe"), going_on(session, run)
    dag_run = session.query(DagRun).filter_by(dag_id=run[0], run_id=run[1]).one()
    dag_run.schedule_tis([ti], session=session)
    session.expire(ti)
    assert started(session, run) == before
    assert (ti.state, ti.try_number, ti.max_tries) == (TaskInstanceState.SCHEDULED, 2, RETRIES)


@pytest.mark.parametrize("state", [TaskInstanceState.SUCCESS, TaskInstanceState.FAILED, TaskInstanceState.DEFERRED])
def test_a_clear_changes_it(session: Any, run: tuple[str, str], state: Any) -> None:
    ti = instance(session, run, state, try_number=1)
    clear_task_instances([ti], session)
    assert ti.state is None
    assert ti.max_tries == 1 + RETRIES
    # Cleared before it began again, it stays the same: nothing was submitted in between.
    clear_task_instances([ti], session)
    assert ti.max_tries == 1 + RETRIES


def test_each_clear_after_another_try_changes_it_again(session: Any, run: tuple[str, str]) -> None:
    groups = set()
    for try_number in (1, 2, 3):
        ti = instance(session, run, TaskInstanceState.SUCCESS, try_number=try_number)
        clear_task_instances([ti], session)
        groups.add(ti.max_tries)
    assert len(groups) == 3


def test_a_clear_while_it_runs_leaves_it(session: Any, run: tuple[str, str]) -> None:
    """The job is stopped by the kill, and the next try submits the next ordinal of the same group."""
    ti = instance(session, run, TaskInstanceState.RUNNING)
    before = going_on(session, run)
    clear_task_instances([ti], session)
    assert (ti.state, ti.max_tries) == (TaskInstanceState.RESTARTING, RETRIES)
    assert started(session, run) == before


def test_another_number_of_retries_in_the_dag_file_leaves_it(session: Any, run: tuple[str, str]) -> None:
    """`max_tries - retries` would change here, and a retry would submit a second job."""
    ti = instance(session, run, TaskInstanceState.UP_FOR_RETRY)
    ti.refresh_from_task(scheduled(probe_dag(retries=5)).get_task("probe"))
    assert ti.max_tries == RETRIES


@pytest.mark.parametrize("state", [DagRunState.SUCCESS, DagRunState.FAILED])
def test_a_clear_of_a_run_that_has_ended_begins_it_anew(session: Any, run: tuple[str, str], state: Any) -> None:
    """`max_tries` may be what it was, since `retries` was lowered by as many tries as there were."""
    ti = instance(session, run, TaskInstanceState.SUCCESS, try_number=2, max_tries=4)
    before = started(session, run)
    session.query(DagRun).filter_by(dag_id=run[0], run_id=run[1]).one().state = state
    clear_task_instances([ti], session)
    assert ti.max_tries == 2 + RETRIES == 4
    assert started(session, run) != before  # none, until the scheduler takes the run up again


def test_fewer_retries_and_a_clear_while_the_run_goes_on_may_name_an_older_group(
    session: Any, run: tuple[str, str]
) -> None:
    """What neither tells. Then the clear goes on with the group's job, as a retry would. Nothing runs twice."""
    ti = instance(session, run, TaskInstanceState.SUCCESS, try_number=2, max_tries=4)
    before = going_on(session, run)
    clear_task_instances([ti], session)
    assert ti.max_tries == 2 + RETRIES == 4
    assert started(session, run) == before
