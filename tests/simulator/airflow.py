"""Airflow, as far as a task's fate goes: states, tries, deferral, zombies, clears, Asset events. Read from 3.3.1.

What is modelled, and where it was read (paths below `airflow/`):

- a retry leaves `max_tries`, a clear sets it to the tries so far plus `retries`; a task that is cleared while it runs
  becomes RESTARTING and keeps `max_tries` when its process ends badly, else gets it as by a clear
  (`models/taskinstance.py: clear_task_instances`, `jobs/scheduler_job_runner.py: process_executor_events`);
- a task without a heartbeat for 300 s is failed and tried again while its process may still live; that process
  learns it at its next heartbeat (`_purge_task_instances_without_heartbeats`, `execution_api/.../task_instances.py`);
- SIGTERM calls `on_kill` in the midst of `execute`, which goes on until SIGKILL (`sdk/execution_time/task_runner.py`);
- a trigger is serialized when its task defers, and starts anew from that in another triggerer when its own dies; its
  time-out and its failure resume the task to fail (`models/trigger.py`, `check_trigger_timeouts`); `on_kill` of a
  trigger is called when a person acts on a deferred task and its triggerer lives, from 3.3 (`triggerer_job_runner.py`);
- one row waits for a DAG that an Asset starts: its run gets the events since the run before, up to the time of the
  first that waits; an event that comes in between waits for the next (`_create_dag_runs_asset_triggered`, #56050).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulator.aws.client import Blow
from tests.simulator.environment import HEARTBEAT_TIMEOUT, quietly
from tests.simulator.people import People, told
from tests.simulator.process import Act, Process
from tests.simulator.rows import DagRun, Deferred, FailedTask, TaskInstance

__all__ = ["Airflow"]


class Airflow(People):
    """The scheduler, the triggerer and the workers of one environment."""

    def start(
        self,
        dag: str,
        run_id: str,
        conf: Mapping[str, Any] | None = None,
        events: Sequence[tuple[float, Mapping[str, Any]]] = (),
        run_after: float | None = None,
    ) -> DagRun:
        """A new DAG run."""
        run = DagRun(
            dag, run_id, self.clock.now if run_after is None else run_after, conf or {}, events, started=self.clock.now
        )
        run.tasks = {task.id: TaskInstance(run, task, self.retries) for task in self.dags[dag]}
        self.runs[dag, run_id] = run
        self._advance(run)
        return run

    def emit(self, extra: Mapping[str, Any]) -> None:
        """An Asset event: one row waits for the consumer, however many events there are."""
        self.asset_events.append((self.clock.now, extra))
        if self._waits_since is None:
            self._waits_since = self.clock.now
            self.at(max(self.clock.now + 2.0, self.scheduler_up), self._consume)

    def _consume(self) -> None:
        since = self._waits_since
        if since is None:
            return
        if self.clock.now < self.scheduler_up:
            self.at(self.scheduler_up, self._consume)
            return
        window = [n for n, (time, _) in enumerate(self.asset_events) if self._last_run_after < time <= since]
        self.delivered.update(window)
        self._waits_since, self._last_run_after = None, since
        events = [self.asset_events[n] for n in window]
        self.start(self.policy.consumer, f"asset-{since:.2f}", events=events, run_after=since)

    def _run(self, ti: TaskInstance, ticket: int) -> None:
        if ti.ticket != ticket or ti.state != "queued" or ti.run.deleted:
            return
        ti.state = "running"
        process = ti.process = self.process(f"{ti.key}/{'resume' if ti.event else 'execute'}", "worker")
        process.on_kill = lambda: quietly(lambda: ti.task.on_kill(ti, process))
        process.user = lambda act: self._act(ti, act)
        process.doomed = lambda: ti.ticket != ticket
        process.frozen = lambda seconds: self._frozen(ti, ticket, seconds)
        process.run(lambda: self._work(ti, ticket, process), lambda: self._died(ti, ticket))

    def _work(self, ti: TaskInstance, ticket: int, process: Process) -> None:
        event, outcome, failure = ti.event, None, None
        if event is None:
            ti.value = None
        try:
            outcome = ti.task.execute(ti, process) if event is None else ti.task.resume(ti, process, *event)
        except FailedTask as error:
            failure = error
        # The report to Airflow is a call, too: the process may end before it or after it.
        blow = process.enter("airflow", "report")
        if blow is Blow.CRASH_BEFORE:
            self._died(ti, ticket)
            return
        if ti.ticket != ticket or ti.state != "running" or ti.run.deleted:
            return
        if failure is not None:
            ti.error = str(failure)
            self._failed(ti, retry=failure.retry)
        elif isinstance(outcome, Deferred):
            self._defer(ti, outcome)
        elif outcome is not None:
            ti.state, ti.value, ti.event, ti.ticket = "success", outcome.value, None, ti.ticket + 1
            self.succeeded(ti)
            if outcome.event is not None:
                self.emit(outcome.event)
            self._advance(ti.run)

    def _act(self, ti: TaskInstance, act: str) -> None:
        process = ti.process
        if process is not None:
            on_kill = process.on_kill
            process.on_kill = told
            try:
                {
                    Act.FAILED: lambda: self.mark_failed(ti),
                    Act.CLEARED: lambda: self.clear(ti),
                    Act.DELETED: lambda: self.delete(ti.run),
                    Act.OUT_OF_TIME: lambda: self._failed(ti, retry=True),
                }[act]()
            finally:
                process.on_kill = on_kill

    def _frozen(self, ti: TaskInstance, ticket: int, seconds: float) -> None:
        """A process sends no heartbeat for a while, and wakes later."""
        if seconds > HEARTBEAT_TIMEOUT:
            self.at(max(self.clock.now + HEARTBEAT_TIMEOUT, self.scheduler_up), lambda: self._gone(ti, ticket))
