"""The tasks that hand data over: `crosswind.airflow.operators.handover` and `sensors.arrival`, as shells."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crosswind.airflow import arrivals
from crosswind.airflow.arrivals import ArrivalStep, ArrivalWatch, Awaited, End
from crosswind.airflow.handover.choose import choose
from crosswind.airflow.handover.model import Arrival
from crosswind.airflow.handover.movers import choice
from crosswind.airflow.handover.movers.copy import Copy
from crosswind.airflow.handover.movers.model import Mover
from crosswind.airflow.handover.publish import publish
from crosswind.airflow.jobs.failures import classify
from crosswind.airflow.target import AwsTarget, Clients
from crosswind.errors import InputError
from tests.simulator.process import Process
from tests.simulator.rows import Deferred, FailedTask, Success, TaskInstance
from tests.simulator.shell import ERRORS, QUIET, Setup, failed
from tests.simulator.site import EAST, GLUE_JOB, QUEUE, WEST, Company

__all__ = ["Arrive", "Publish", "arrival_of", "site_of", "staged"]

_BUDGET = 3600.0


class Publish:
    """`crosswind.airflow.operators.handover.PublishHandover`."""

    id = "publish"
    upstream = ("transform",)

    def __init__(self, company: Company, setup: Setup) -> None:
        self.company = company

    def execute(self, ti: TaskInstance, process: Process) -> Success:
        produced, clients = ti.run.tasks["transform"].value, self.company.clients(EAST, process)
        try:
            if produced is None:  # it was cleared meanwhile, and Airflow has removed its XCom
                raise InputError("produced is None")
            run = clients.client("glue").get_job_run(JobName=GLUE_JOB, RunId=produced["id"])["JobRun"]
            if run["JobRunState"] != "SUCCEEDED":
                raise InputError(f"Glue run {run['Id']} is {run['JobRunState']}")
            inputs = json.loads(run["Arguments"]["--crosswind-inputs"])
            producer = {"dag_id": ti.run.dag, "run_id": ti.run.id, "task_id": ti.task.id, "inputs": inputs}
            prefix = run["Arguments"]["--prefix"]
            _, reference = publish(clients, "source", prefix, producer)
        except ERRORS as error:
            raise failed(error) from error
        return Success(reference.document(), event=reference.document())

    def resume(self, ti: TaskInstance, process: Process, event: Any, error: str) -> Success:
        raise AssertionError("it never waits")

    def on_kill(self, ti: TaskInstance, process: Process) -> None:
        """Nothing runs elsewhere."""


class Arrive:
    """`crosswind.airflow.sensors.arrival.ArrivalSensor` and its trigger."""

    id = "arrive"
    upstream: tuple[str, ...] = ()

    def __init__(self, company: Company, setup: Setup) -> None:
        self.company, self.setup = company, setup

    def execute(self, ti: TaskInstance, process: Process) -> Success | Deferred:
        date, setup = self.company.clock.date, self.setup
        events = [(date(time), extra) for time, extra in ti.run.events]
        try:
            found = choose(
                self.company.clients(EAST, process), "source", "transformed", events, ti.run.conf,
                before=date(ti.run.run_after),
            )  # fmt: skip
        except ERRORS as error:
            raise failed(error) from error
        awaited = Awaited(
            source=EAST,
            destination=EAST if setup.mover == "in-place" else WEST,
            bucket="source" if setup.mover == "in-place" else "destination",
            mover=setup.mover,
            repair=setup.repair,
            queue=QUEUE if setup.queue and setup.mover == "crr" else "",
            queue_target=EAST,
            references=found.references,
            superseded=found.superseded,
            deadline=date(self.company.clock.now + _BUDGET).isoformat(),
            every=60.0,
        )
        watch = self.watch(awaited, process)
        step = watch.step()
        if step.busy:
            step = watch.step()
        if step.error is not None and not classify(step.error).retry:
            raise failed(step.error)
        if step.end is not None:
            return self._ended(step)
        return Deferred(lambda process: _ArrivalTrigger(self.watch(awaited, process)), 0.1)

    def watch(self, awaited: Awaited, process: Process) -> ArrivalWatch:
        return ArrivalWatch(
            awaited,
            connect=lambda target: self.company.clients(target, process),
            renew=_nothing_of,
            log=QUIET,
            now=self.company.clock.date,
        )

    def resume(self, ti: TaskInstance, process: Process, event: Any, error: str) -> Success:
        if error:
            raise FailedTask(f"the trigger: {error}")
        return self._ended(ArrivalStep.of(event))

    def on_kill(self, ti: TaskInstance, process: Process) -> None:
        """Nothing runs elsewhere."""

    def _ended(self, step: ArrivalStep) -> Success:
        if step.end is not End.ARRIVED:
            raise FailedTask(f"{step.end}: {step.message}", retry=step.end is End.BLIND)
        return Success(step.arrivals[0].document())


class _ArrivalTrigger:
    job = ""

    def __init__(self, watch: ArrivalWatch) -> None:
        self._watch = watch

    def look(self) -> tuple[Any, float]:
        step = self._watch.step()
        return (None, step.pause) if step.end is None else (step.event(), 0.0)

    def on_kill(self) -> None:
        """Nothing runs elsewhere."""


def arrival_of(ti: TaskInstance) -> Arrival:
    value = ti.run.tasks["arrive"].value
    if value is None:  # it was cleared meanwhile, and Airflow has removed its XCom
        raise FailedTask("no arrival", retry=False)
    return Arrival.of(value)


def site_of(arrival: Arrival) -> AwsTarget:
    return EAST if arrival.bucket == "source" else WEST


def _nothing_of(target: AwsTarget) -> None:
    """The caller's next call has a new session."""


def _small_parts(name: str, source: Clients, destination: Clients, bucket: str) -> Mover:
    """Objects of a few bytes are copied in a few parts each, and by more than one call."""
    if name == "copy":
        return Copy(source, destination, bucket, threshold=40, part_size=32, requests=4)
    return choice.mover_of(name, source, destination, bucket)


@contextmanager
def staged() -> Iterator[None]:
    """Inside the block copies are resumable although the objects are small, and nothing is logged."""
    before, arrivals.mover_of = arrivals.mover_of, _small_parts
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        arrivals.mover_of = before
        logging.disable(level)
