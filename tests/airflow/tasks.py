"""Runs one task of ours as Airflow does: execute, defer, serialize, the trigger in an event loop, resume."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from airflow.exceptions import TaskDeferred

STARTED = datetime(2026, 11, 22, 10, tzinfo=UTC)
DAG_ID, RUN_ID = "cross_account_machine_learning_dag", "manual__2026-11-22T10:00:00+00:00"


class Log:
    """A logger that keeps its lines: where Airflow's own ones go differs between its versions."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, message: str, *values: Any) -> None:
        self.lines.append(message % values)

    warning = error = debug = info

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def context(task_id: str = "train", *, max_tries: int = 2, try_number: int = 1, **changes: Any) -> dict[str, Any]:
    """As much of Airflow's context as our tasks use; XComs are kept in `ti.pushed`."""
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        **({"dag_id": DAG_ID, "run_id": RUN_ID, "task_id": task_id, "map_index": -1} | changes),
        max_tries=max_tries,
        try_number=try_number,
        pushed=pushed,
        xcom_push=lambda key, value: pushed.update({key: value}),
    )
    return {"ti": ti, "dag_run": SimpleNamespace(run_after=datetime.now(UTC), start_date=STARTED)}


def heard(kind: type) -> Any:
    """An operator class with a log of its own that a test can read."""
    return type(f"Heard{kind.__name__}", (kind,), {"log": Log()})


def deferred(task: Any, ctx: Any) -> TaskDeferred:
    """The deferral in which `execute` ends."""
    try:
        result = task.execute(ctx)
    except TaskDeferred as found:
        return found
    raise AssertionError(f"not deferred: {result}")


def recreated(trigger: Any) -> Any:
    """The trigger as the triggerer makes it: from JSON."""
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)(**json.loads(json.dumps(arguments)))


def event_of(trigger: Any, log: Log | None = None) -> dict[str, Any]:
    """The event in which a trigger ends; exactly one."""
    again = recreated(trigger)
    if log is not None:
        again.__class__ = type(type(again).__name__, (type(again),), {"log": log})

    async def run() -> Any:
        events = [event.payload async for event in again.run()]
        assert len(events) == 1
        return events[0]

    result: dict[str, Any] = json.loads(json.dumps(asyncio.run(asyncio.wait_for(run(), 60))))
    return result


def finish(make: Callable[[], Any], ctx: Any, limit: int = 20) -> Any:
    """Run a task to its end, each resume in a new operator, as in a new process."""
    try:
        return make().execute(ctx)
    except TaskDeferred as found:
        pending = found
    for _ in range(limit):
        event = event_of(pending.trigger)
        try:
            return make().resume_execution(pending.method_name, {**(pending.kwargs or {}), "event": event}, ctx)
        except TaskDeferred as found:
            pending = found
    raise AssertionError(f"deferred more than {limit} times")
