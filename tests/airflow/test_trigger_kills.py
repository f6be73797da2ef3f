"""What ends a deferred task's job: a person's act, at any moment; and not that another triggerer looks after it."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from crosswind.airflow.triggers.threads import in_thread, in_thread_of_kills
from tests.airflow.aws import RecordedAws
from tests.airflow.tasks import DAG_ID, RUN_ID, context, deferred, recreated
from tests.airflow.test_training import JOB, described, operator, put_config, script


def airflow_says(patch: pytest.MonkeyPatch, answer: Any) -> list[dict[str, Any]]:
    """Let Airflow answer so when it is asked for a task's state; what it was asked."""
    asked = []

    def get_task_states(**question: Any) -> Any:
        asked.append(question)
        if isinstance(answer, Exception):
            raise answer
        return answer

    patch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(get_task_states))
    return asked


@pytest.fixture
def trigger(aws: RecordedAws) -> Any:
    put_config(aws)
    script(aws, described("InProgress"))
    aws.script("StopTrainingJob", {})
    return recreated(deferred(operator(), context()).trigger)


def stopped(aws: RecordedAws) -> list[str]:
    return [call.parameters["TrainingJobName"] for call in aws.made("sagemaker", "StopTrainingJob")]


@pytest.mark.parametrize(
    "answer", [{RUN_ID: {"train": "failed"}}, {RUN_ID: {"train": None}}, {RUN_ID: {}}, {}], ids=str
)
def test_a_person_s_act_stops_the_job(
    aws: RecordedAws, monkeypatch: pytest.MonkeyPatch, trigger: Any, answer: Any
) -> None:
    asked = airflow_says(monkeypatch, answer)
    asyncio.run(trigger.on_kill())
    assert stopped(aws) == [JOB]
    assert asked == [{"dag_id": DAG_ID, "task_ids": ["train"], "run_ids": [RUN_ID]}]


@pytest.mark.parametrize(
    "answer",
    [{RUN_ID: {"train": "deferred"}}, AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))],
    ids=["deferred", "no answer"],
)
def test_a_triggerer_that_has_lost_the_trigger_to_another_stops_nothing(
    aws: RecordedAws, monkeypatch: pytest.MonkeyPatch, trigger: Any, answer: Any
) -> None:
    """Airflow calls `on_kill` then too; and what cannot be asked is left to the reaper."""
    airflow_says(monkeypatch, answer)
    asyncio.run(trigger.on_kill())
    assert stopped(aws) == []


def test_a_cancellation_amid_a_look_keeps_its_message(aws: RecordedAws, trigger: Any) -> None:
    """By which Airflow tells a person's act from its own end."""
    looking, go_on = threading.Event(), threading.Event()
    aws.upon("DescribeTrainingJob", lambda _: (looking.set(), go_on.wait(10)))

    async def wait() -> Any:
        try:
            return await anext(trigger.run())
        except asyncio.CancelledError as error:  # as Airflow's triggerer does
            return error.args

    async def play() -> Any:
        waiting = asyncio.ensure_future(wait())
        while not looking.is_set():
            await asyncio.sleep(0.01)
        waiting.cancel("a person's act")
        try:
            return await waiting
        finally:
            go_on.set()

    assert asyncio.run(play()) == ("a person's act",)


def test_a_region_that_does_not_answer_holds_up_no_other_look_and_no_kill() -> None:
    hang = threading.Event()

    async def play() -> tuple[float, float]:
        waited = []
        stuck = [asyncio.ensure_future(in_thread(hang.wait, 10)) for _ in range(40)]
        await asyncio.sleep(0.1)
        for pool in (in_thread, in_thread_of_kills):
            began = time.monotonic()
            await pool(lambda: None)
            waited.append(time.monotonic() - began)
        hang.set()
        await asyncio.gather(*stuck)
        return waited[0], waited[1]

    assert max(asyncio.run(play())) < 5


def test_a_kill_waits_behind_no_look() -> None:
    hang = threading.Event()

    async def play() -> None:
        stuck = [asyncio.ensure_future(in_thread(hang.wait, 10)) for _ in range(200)]
        await asyncio.sleep(0.1)
        await asyncio.wait_for(in_thread_of_kills(lambda: None), 5)
        hang.set()
        await asyncio.gather(*stuck)

    asyncio.run(play())


def test_a_look_waits_not_long_for_an_answer(aws: RecordedAws, trigger: Any) -> None:
    config = trigger._jobs()._sagemaker.meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (5, 20, 2)
    trigger.botocore_config = {"read_timeout": 7}
    assert trigger._jobs()._sagemaker.meta.config.read_timeout == 7
