"""How tasks wait: in the triggerer, which may die, or on their workers; and how they go on."""

from __future__ import annotations

from typing import Any

from tests.simulator.environment import Environment, nothing
from tests.simulator.rows import Deferred, FailedTask, TaskInstance, Watched

__all__ = ["Waits"]


class Waits(Environment):
    """The triggerer, and workers that wait."""

    def _defer(self, ti: TaskInstance, waiting: Deferred) -> None:
        ti.waiting, ti.event, ti.waiting_for = waiting, None, waiting.kept
        ti.trigger += 1
        trigger = ti.trigger
        if waiting.inside:
            assert ti.process is not None
            watch = Watched(ti, trigger, waiting, waiting.make(ti.process), ti.process, ti.ticket)
            self.after(waiting.every, lambda: self._poll(watch))
            return
        ti.state, ti.ticket = "deferred", ti.ticket + 1
        self._watch(ti, trigger)
        if waiting.timeout is not None:
            self.after(waiting.timeout, lambda: self._resume(ti, trigger, None, "timeout"))

    def _watch(self, ti: TaskInstance, trigger: int) -> None:
        """A triggerer takes a trigger on, from its serialized form."""
        waiting = ti.waiting
        if waiting is None or ti.trigger != trigger or ti.state != "deferred":
            return
        if self.clock.now < self.triggerer_up:
            self.at(self.triggerer_up, lambda: self._watch(ti, trigger))
            return
        process = self.process(f"{ti.key}/trigger", "trigger")
        # Without a heartbeat for 30 s its triggers are another's; it looks once more when it wakes.
        process.frozen = lambda seconds: self.triggerer_dies(30.0)
        watch = Watched(ti, trigger, waiting, waiting.make(process), process, self.epoch)
        self.after(waiting.every, lambda: self._poll(watch))

    def _poll(self, watch: Watched) -> None:
        ti, trigger = watch.ti, watch.trigger
        if watch.waiting.inside:
            if ti.ticket != watch.mark:
                self._told_inside(watch)
                return
        elif ti.waiting is None or ti.trigger != trigger or ti.run.deleted or watch.mark != self.epoch:
            return  # the task has gone on, or the triggerer is gone

        def body() -> None:
            try:
                event, pause = watch.made.look()
            except FailedTask as error:
                ti.error = str(error)
                self._resume(ti, trigger, None, "failure")
                return
            if event is not None:
                self._resume(ti, trigger, event, "")
            else:
                self.after(pause, lambda: self._poll(watch))

        watch.process.run(body, lambda: self._look_died(watch))

    def _look_died(self, watch: Watched) -> None:
        if not watch.waiting.inside:
            self.triggerer_dies(45.0)
        elif watch.ti.trigger == watch.trigger:
            self._died(watch.ti, watch.mark)

    def _told_inside(self, watch: Watched) -> None:
        """A worker that waits learns by its heartbeat that its task is no longer its own."""
        faults = len(self.applied)
        watch.process.run(watch.process.on_kill, nothing)
        self.trigger_killed(watch.made, len(self.applied) > faults)

    def triggerer_dies(self, seconds: float) -> None:
        """The triggerer is gone; another takes its triggers on after a while."""
        self.epoch += 1
        self.triggerer_up = max(self.triggerer_up, self.clock.now + seconds)
        for ti in self.instances():
            if ti.state == "deferred" and ti.waiting is not None and not ti.run.deleted:
                trigger = ti.trigger
                self.at(self.triggerer_up, lambda ti=ti, trigger=trigger: self._watch(ti, trigger))

    def _resume(self, ti: TaskInstance, trigger: int, event: Any, error: str) -> None:
        """The wait is over: the task goes on in a worker, as the same try."""
        if ti.trigger != trigger or ti.waiting is None or ti.run.deleted:
            return
        if ti.state == "running" and ti.waiting.inside:
            ti.waiting, ti.event = None, (event, error)
            process, ticket = ti.process, ti.ticket
            assert process is not None
            process.run(lambda: self._work(ti, ticket, process), lambda: self._died(ti, ticket))
            return
        if ti.state != "deferred":
            return
        ti.waiting, ti.trigger, ti.event = None, ti.trigger + 1, (event, error)
        self._queue(ti, new=False)
