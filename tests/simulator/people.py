"""What people do to tasks: clear them, mark them failed, delete their runs."""

from __future__ import annotations

from tests.simulator.environment import HEARTBEAT_TIMEOUT, coin, nothing, quietly
from tests.simulator.rows import DagRun, Deferred, TaskInstance
from tests.simulator.waits import Waits

__all__ = ["People", "told"]

_KILLED = 5.0


class People(Waits):
    """The acts of people."""

    def clear(self, ti: TaskInstance) -> None:
        """Clear a task and those after it."""
        if ti.run.deleted:
            return
        if ti.run.state != "running":
            ti.run.state, ti.run.started = "running", self.clock.now
        for each in self._from(ti):
            self._clear(each)
        self._advance(ti.run)

    def mark_failed(self, ti: TaskInstance) -> None:
        """Mark a task failed."""
        if ti.run.deleted:
            return
        self._cancel(ti)
        ti.state, ti.ticket = "failed", ti.ticket + 1
        self._advance(ti.run)

    def delete(self, run: DagRun) -> None:
        """Delete a DAG run and its task instances."""
        for ti in run.tasks.values():
            self._cancel(ti)
            ti.ticket += 1
        run.deleted = True

    def _from(self, ti: TaskInstance) -> list[TaskInstance]:
        found = [ti]
        for each in ti.run.tasks.values():
            if any(up in {one.task.id for one in found} for up in each.task.upstream):
                found.append(each)
        return found

    def _clear(self, ti: TaskInstance) -> None:
        if ti.state == "running":
            ti.state, ti.ticket = "restarting", ti.ticket + 1
            ticket = ti.ticket
            # The executor tells how the process ended; one that is paused is given up for want of a heartbeat.
            paused = ti.waiting is None and ti.process is not None and ti.process.on_kill is not told
            bad = paused or coin(ti.key, ti.tries)
            self.after(HEARTBEAT_TIMEOUT if paused else _KILLED, lambda: self._restarted(ti, ticket, bad=bad))
            return
        if ti.state == "restarting":
            return
        self._cancel(ti)
        self.cleared(ti)
        if ti.tries or ti.state != "none":
            ti.max_tries = ti.tries + self.retries
        ti.state, ti.event, ti.ticket = "none", None, ti.ticket + 1

    def _restarted(self, ti: TaskInstance, ticket: int, *, bad: bool) -> None:
        if ti.ticket != ticket or ti.state != "restarting" or ti.run.deleted:
            return
        ti.event = None
        if bad:
            ti.state = "up for retry"
            self.after(self.policy.retry_delay, lambda: self._retry(ti, ticket))
            return
        ti.max_tries = ti.tries + self.retries
        ti.state = "none"
        self._advance(ti.run)

    def _cancel(self, ti: TaskInstance) -> None:
        """The task leaves its wait: its trigger is cancelled, by its `on_kill` where Airflow calls that."""
        if ti.state != "deferred" or ti.waiting is None:
            return
        waiting, ti.waiting, ti.trigger = ti.waiting, None, ti.trigger + 1
        if not self.policy.trigger_on_kill or self.clock.now < self.triggerer_up:
            return
        # The triggerer learns it from the database, a moment later.
        epoch = self.epoch
        self.after(1.0, lambda: self._end_trigger(ti, waiting, epoch))

    def _end_trigger(self, ti: TaskInstance, waiting: Deferred, epoch: int) -> None:
        if epoch != self.epoch:
            return
        process, faults = self.process(f"{ti.key}/trigger-kill", "kill"), len(self.applied)
        made = waiting.make(process)
        process.run(lambda: quietly(made.on_kill), nothing)
        self.trigger_killed(made, len(self.applied) > faults)


def told() -> None:
    """Stands for the on_kill of a process that is told to end at this moment."""
