"""`crosswind demo --chaos`: the pipelines under three faults, each made on purpose and shown to be healed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from crosswind.cli.console import Console
from crosswind.deploy import Airflow, PipelineRun, PipelineRuns
from crosswind.errors import RunError, RunTimeoutError, UsageError
from crosswind.local.process import WorldProcess
from crosswind.report import Trail
from crosswind.topology import Topology

__all__ = ["Act", "Chaos"]

_LATE_SECONDS = 6.0
_HELD_SECONDS = 300.0
_LOOK = 0.1
_T = TypeVar("_T")


@dataclass(frozen=True)
class Act:
    """One fault, and what came of it.

    Args:
        fault: what was done to the pipelines.
        outcome: what they did.
    """

    fault: str
    outcome: str


class Chaos:
    """The faults, for a topology with a replication and a training step behind it.

    Args:
        console: prints.
        process: the world.
        topology: the declared topology.
        airflow: its environment.
        runs: starts and follows its pipelines.

    Raises:
        UsageError: the topology has no replication, or no pipeline with a training step.
    """

    def __init__(
        self, console: Console, process: WorldProcess, topology: Topology, airflow: Airflow, runs: PipelineRuns
    ) -> None:
        self._console = console
        self._process = process
        self._topology = topology
        self._airflow = airflow
        self._runs = runs
        self._dag, self._task = _training_step(topology)
        self.acts: list[Act] = []

    def run(self, timeout: float) -> tuple[PipelineRun, ...]:
        """Run the pipelines under two faults to their end, then once more under the third.

        Args:
            timeout: seconds for each.

        Returns:
            The runs that came to a good end, of which a summary tells.

        Raises:
            RunError: a fault was not healed.
        """
        deadline = time.monotonic() + timeout
        self._delay_one_replica()
        self._process.hold_answers("sagemaker", "CreateTrainingJob", seconds=_HELD_SECONDS)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(self._runs.run, timeout)
            try:
                self._kill_the_submitter(deadline, running.done)
            finally:
                self._process.release_answers()
            ended = running.result()
        self._say_of_the_replica()
        self._say_of_the_adoption()
        self._fail_a_deferred_task(timeout)
        return ended

    # -- a late replica ------------------------------------------------------------------------------------

    def _delay_one_replica(self) -> None:
        self._process.hold_replicas("*/train/*", "delay", seconds=_LATE_SECONDS, count=1)
        self._console.note(f"  fault  one replica of the training data comes {_LATE_SECONDS:.0f} s late")

    def _say_of_the_replica(self) -> None:
        trail = Trail(self._process.requests())
        replicated = trail.select("s3", "ReplicateObject", where=lambda each: "/train/" in each.resource)
        submitted = trail.select("sagemaker", "CreateTrainingJob")
        if not replicated or not submitted or submitted[0].time < replicated[-1].time:
            raise RunError("the training job was submitted before its data had arrived")
        self._tell(
            f"one replica of the training data {_LATE_SECONDS:.0f} s late",
            "the next pipeline waited for that very version; training was submitted only after it had arrived",
        )

    # -- a task killed between its call and the answer -----------------------------------------------------

    def _kill_the_submitter(self, deadline: float, over: Callable[[], bool]) -> None:
        def held() -> bool | None:
            if over():
                raise RunError(f"the pipelines ended before {self._task} submitted its job")
            return bool(self._process.held_answers()) or None

        _until(held, deadline, f"{self._task} to submit its job")
        for airflow in self._process.airflows():
            for task in airflow["tasks"]:
                if (task["dag_id"], task["task_id"]) == (self._dag, self._task):
                    os.kill(task["pid"], signal.SIGKILL)
        self._console.note(f"  fault  {self._task} is killed: its job runs, and it never heard so")

    def _say_of_the_adoption(self) -> None:
        trail = Trail(self._process.requests())
        submitted = trail.select("sagemaker", "CreateTrainingJob")
        if len(submitted) != 1:
            raise RunError(f"{len(submitted)} training jobs were submitted; one was due")
        self._tell(
            f"the task {self._task} killed (SIGKILL) after its job was submitted",
            f"its next try adopted the job {submitted[0].resource}: one submission, no second job",
        )

    # -- a deferred task marked failed ---------------------------------------------------------------------

    def _fail_a_deferred_task(self, timeout: float) -> None:
        """Run everything again, hold the training job at its first read, and mark its deferred task failed."""
        deadline = time.monotonic() + timeout
        before = len(Trail(self._process.requests()).select("sagemaker", "CreateTrainingJob"))
        self._process.hold_answers("s3", "GetObject", seconds=_HELD_SECONDS, principal="/SageMaker", count=100)
        try:
            first = next(name for name, each in self._topology.pipelines.items() if each.after is None)
            known = {run["dag_run_id"] for run in self._airflow.runs_since(self._dag)}
            self._airflow.trigger(first)
            self._console.note(f"  fault  {self._task} is marked failed while it is deferred, its job at work")
            run = _until(lambda: self._new_run(known), deadline, f"a run of {self._dag}")
            _until(lambda: self._is_deferred(run) or None, deadline, f"{self._task} to be deferred")
            # A trigger that has not begun is not told of the end of its task: then the reaper stops the job.
            _until(lambda: self._is_watched(before) or None, deadline, "the triggerer to look at the job")
            self._airflow.mark(self._dag, run["dag_run_id"], self._task, "failed")
            job = _until(lambda: self._stopped_since(before), deadline, "the job to be stopped")
        finally:
            self._process.release_answers()
        self._tell(f"the deferred task {self._task} marked failed", f"its job {job} was stopped")

    def _new_run(self, known: set[str]) -> Mapping[str, Any] | None:
        return next((run for run in self._airflow.runs_since(self._dag) if run["dag_run_id"] not in known), None)

    def _is_deferred(self, run: Mapping[str, Any]) -> bool:
        tasks = self._airflow.task_instances(self._dag, run)
        states = {task["task_id"]: task["state"] for task in tasks}
        if "failed" in states.values():
            raise RunError(f"a task failed before {self._task} was deferred: {states}")
        return states.get(self._task) == "deferred"

    def _is_watched(self, before: int) -> bool:
        trail = Trail(self._process.requests())
        job = trail.select("sagemaker", "CreateTrainingJob")[before].resource
        return bool(trail.select("sagemaker", "DescribeTrainingJob", where=lambda each: each.resource == job))

    def _stopped_since(self, before: int) -> str | None:
        trail = Trail(self._process.requests())
        jobs = {each.resource for each in trail.select("sagemaker", "CreateTrainingJob")[before:]}
        stopped = [each.resource for each in trail.select("sagemaker", "StopTrainingJob") if each.resource in jobs]
        return stopped[0] if stopped else None

    def _tell(self, fault: str, outcome: str) -> None:
        self.acts.append(Act(fault, outcome))


def _training_step(topology: Topology) -> tuple[str, str]:
    """The pipeline and the task that train."""
    for name, pipeline in topology.pipelines.items():
        for step in pipeline.steps:
            if step.run is not None and topology.jobs[step.run].type == "sagemaker" and topology.replications:
                return name, step.task or step.run
    raise UsageError(
        "--chaos needs a replication and a pipeline with a training step; the topology has none",
        hint="run it on the shipped example: leave --file away",
    )


def _until(look: Callable[[], _T | None], deadline: float, what: str) -> _T:
    """Look until there is something; raises RunTimeoutError when the time is over."""
    pause = threading.Event()
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        pause.wait(_LOOK)
    raise RunTimeoutError(f"waited in vain for {what}")
