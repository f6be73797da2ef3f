"""All pipelines of a topology as runs: start those that follow no other, follow every one to its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crosswind.deploy.runs import ENDED, Airflow
from crosswind.deploy.tasklog import cause_in, exception_in
from crosswind.deploy.waiting import Pace, Wait
from crosswind.errors import DeployError, RunError, RunTimeoutError
from crosswind.topology import Names, Topology
from crosswind.topology.model import GlueJob, Step

__all__ = ["PipelineRun", "PipelineRuns", "TaskInstance"]

_DONE = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})


@dataclass(frozen=True)
class TaskInstance:
    """One task of a run. Times are Unix seconds, 0 when not known.

    Args:
        pipeline: the DAG.
        task: the task's id.
        state: Airflow's state of it.
        attempt: from 1.
        started: when it started.
        ended: when it ended.
    """

    pipeline: str
    task: str
    state: str
    attempt: int
    started: float
    ended: float

    @classmethod
    def of(cls, pipeline: str, entry: dict[str, Any]) -> TaskInstance:
        """An entry of Airflow's list as a task instance."""
        return cls(
            pipeline=pipeline,
            task=entry["task_id"],
            state=entry.get("state") or "none",
            attempt=int(entry.get("try_number") or 1),
            started=_unix(entry.get("start_date")),
            ended=_unix(entry.get("end_date")),
        )


@dataclass(frozen=True)
class PipelineRun:
    """A run of a pipeline that ended well, and its tasks in order of start."""

    pipeline: str
    run_id: str
    tasks: tuple[TaskInstance, ...]


class PipelineRuns:
    """Runs of all pipelines of a topology.

    Args:
        airflow: the environment.
        topology: the declared topology.
        on_task: called once for each task that ends.
        interval: seconds between two looks.
        log_seconds: how long the log of a failed task may take to arrive.
    """

    def __init__(
        self,
        airflow: Airflow,
        topology: Topology,
        on_task: Callable[[TaskInstance], None] = lambda _: None,
        interval: float = 1.0,
        log_seconds: float = 15.0,
    ) -> None:
        self._airflow = airflow
        self._topology = topology
        self._on_task = on_task
        self._interval = interval
        self._log_seconds = log_seconds

    def run(self, timeout: float) -> tuple[PipelineRun, ...]:
        """Unpause every pipeline, trigger those that follow no other, and follow all to their end.

        Args:
            timeout: seconds for all of it.

        Raises:
            RunError: a task failed, or a DAG file cannot be read; names task, account, Region and cause.
            RunTimeoutError: a run did not start or end in time.
        """
        deadline = time.monotonic() + timeout
        order = self._order()
        self._airflow.wait_for_dags(order, timeout)
        for pipeline in order:
            self._airflow.unpause(pipeline)
        ended: dict[str, PipelineRun] = {}
        since: dict[str, str] = {}
        for pipeline in order:
            before = self._topology.pipelines[pipeline].after
            if before is None:
                run_id = self._airflow.trigger(pipeline)
            else:
                run_id = self._started_after(pipeline, since[before], deadline)
            since[pipeline] = self._airflow.dag_run(pipeline, run_id)["run_after"]
            ended[pipeline] = self._follow(pipeline, run_id, deadline)
        return tuple(ended[pipeline] for pipeline in order)

    def _order(self) -> tuple[str, ...]:
        """The pipelines, each behind the one it follows."""
        ordered: list[str] = []
        left = dict(self._topology.pipelines)
        while left:
            ready = [name for name, pipeline in left.items() if pipeline.after not in left]
            ordered += ready
            for name in ready:
                del left[name]
        return tuple(ordered)

    def _started_after(self, pipeline: str, since: str, deadline: float) -> str:
        """The first run of a pipeline that another one's success has started."""

        def probe() -> str | None:
            runs = self._airflow.runs_since(pipeline, since)
            if runs:
                return str(runs[0]["dag_run_id"])
            self._airflow.check_dag_files()  # a DAG that cannot be read never starts
            return None

        try:
            return self._wait(deadline).until(probe, f"the start of pipeline {pipeline}")
        except DeployError as error:
            raise RunTimeoutError(
                f"pipeline {pipeline} did not start after {self._topology.pipelines[pipeline].after} succeeded",
                hint="is its schedule the Asset that the other pipeline publishes?",
            ) from error

    def _follow(self, pipeline: str, run_id: str, deadline: float) -> PipelineRun:
        seen: dict[str, TaskInstance] = {}

        def probe() -> PipelineRun | None:
            run = self._airflow.dag_run(pipeline, run_id)
            tasks = self._tasks(pipeline, run)
            for task in tasks:
                if task.state in _DONE and (task.task not in seen or seen[task.task].state not in _DONE):
                    self._on_task(task)
                seen[task.task] = task
            if run["state"] == "failed":
                raise self._failure(pipeline, run_id, tasks)
            return PipelineRun(pipeline, run_id, tasks) if run["state"] in ENDED else None

        try:
            return self._wait(deadline).until(probe, f"run {run_id} of {pipeline}")
        except DeployError as error:
            unfinished = ", ".join(f"{each.task} ({each.state})" for each in seen.values() if each.state not in _DONE)
            raise RunTimeoutError(
                f"run {run_id} of {pipeline} did not end in time; not done: {unfinished or 'no task had started'}"
            ) from error

    def _wait(self, deadline: float) -> Wait:
        """A wait until a deadline (by the monotonic clock), at this object's interval."""
        left = max(deadline - time.monotonic(), 0.0)
        return Wait(Pace(self._interval, self._interval, left), threading.Event())

    def _tasks(self, pipeline: str, run: Mapping[str, Any]) -> tuple[TaskInstance, ...]:
        entries = self._airflow.task_instances(pipeline, run)
        tasks = (TaskInstance.of(pipeline, entry) for entry in entries)
        return tuple(sorted(tasks, key=lambda task: (task.started or float("inf"), task.task)))

    def _failure(self, pipeline: str, run_id: str, tasks: tuple[TaskInstance, ...]) -> RunError:
        """The error for a failed run: the first failed task, where it acted, and its own words."""
        failed = [task for task in tasks if task.state == "failed"]
        if not failed:
            return RunError(f"run {run_id} of {pipeline} failed before a task did")
        task = min(failed, key=lambda each: each.ended)
        step = self._step(pipeline, task.task)
        account, region = self._place(step)
        cause = self._cause(pipeline, run_id, task)
        groups = [f"{self._log_group(step.run)} in {account}, {region}"] if step and step.run else []
        groups.append(f"airflow-{Names(self._topology).environment}-Task in {self._hub[0]}, {self._hub[1]}")
        return RunError(
            f"pipeline {pipeline}, task {task.task} (attempt {task.attempt}) failed in account {account},"
            f" {region}: {cause or 'its log gives no reason'}",
            hint=f"read the log groups {' and '.join(groups)}, or run {run_id} in the Airflow UI",
        )

    def _log_group(self, job: str) -> str:
        """Where AWS puts what a job says of its failure."""
        group = Names(self._topology).log_group(job)
        return f"{group}/error" if isinstance(self._topology.jobs[job], GlueJob) else group

    def _cause(self, pipeline: str, run_id: str, task: TaskInstance) -> str:
        """What the log of a failed task gives as the reason; logs reach CloudWatch a moment after the task ends."""
        pause = threading.Event()
        deadline = time.monotonic() + self._log_seconds
        while True:
            lines = self._airflow.log(pipeline, run_id, task.task, task.attempt)
            if exception_in(lines) or time.monotonic() > deadline:
                return cause_in(lines)
            pause.wait(self._interval)

    def _step(self, pipeline: str, task: str) -> Step | None:
        """The declared step that a task does; None for a task that is Airflow's own work."""
        steps = self._topology.pipelines[pipeline].steps
        return next((step for step in steps if (step.task or step.run) == task), None)

    def _place(self, step: Step | None) -> tuple[str, str]:
        """The account and Region in which a step acts; the hub's for none."""
        topology = self._topology
        if step and step.run:
            site = topology.jobs[step.run].site
        elif step and step.wait:
            site = topology.buckets[step.wait.split("/", 1)[0]].site
        else:
            return self._hub
        return topology.account_of(site), topology.region_of(site)

    @property
    def _hub(self) -> tuple[str, str]:
        return self._topology.hub_account, self._topology.hub.region


def _unix(text: str | None) -> float:
    """An ISO 8601 time as Unix seconds; 0 for none."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else 0.0
