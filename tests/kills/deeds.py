"""The faults of a schedule, done to a real Airflow: wait for the moment, kill or order, let go what was held back."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from crosswind.errors import CrosswindError
from tests.kills.facts import TaskKey
from tests.kills.invariants import PATIENCE
from tests.kills.schedule import GLUE, TRAIN, Call, Deed, Fault, Moment
from tests.kills.stage import REAP_SECONDS, Stage
from tests.kills.watch import Watch

__all__ = ["Deeds"]

_HELD_SECONDS = 300.0
_COME_SECONDS = 240.0
_BACK_SECONDS = 30.0
_BUSY = {"running", "queued", "scheduled", "restarting"}
_STOPS = {GLUE: Call("glue", "BatchStopJobRun"), TRAIN: Call("sagemaker", "StopTrainingJob")}


class Deeds:
    """Does faults, one after the other, and remembers what that excuses.

    Args:
        stage: the deployed example.
        watch: of the schedule.
        say: prints.
    """

    def __init__(self, stage: Stage, watch: Watch, say: Callable[[str], None]) -> None:
        self.marked: set[TaskKey] = set()
        self.hits: Counter[TaskKey] = Counter()
        self.done = 0
        self._killed = 0
        self._stage = stage
        self._watch = watch
        self._say = say

    def do(self, fault: Fault) -> None:
        """Wait for a fault's moment and do it; one whose moment does not come is left out."""
        since = self._watch.position
        self._arm(fault)
        try:
            came = self._watch.until(lambda: self._come(fault, since), _COME_SECONDS)
            acted = self._watch.position
            if came and self._act(fault):
                self.done += 1
                self._say(f"  {fault.text}")
                self._linger(fault, acted)
            else:
                self._say(f"  {fault.moment.name}: this moment {'was over at once' if came else 'did not come'}")
        finally:
            self._stage.process.release_answers()
            if fault.moment.waits:
                self._stage.process.hold_replicas("*", "release")

    def _arm(self, fault: Fault) -> None:
        for call, count in ((fault.moment.held, 1), (fault.moment.work, 100)):
            if call:
                self._stage.process.hold_answers(
                    call.service, call.operation, seconds=_HELD_SECONDS, principal=call.principal, count=count
                )

    def _come(self, fault: Fault, since: int) -> bool | None:
        """True when the moment is there, False when it cannot come any more, None to look again."""
        moment = fault.moment
        if moment.held:
            held = self._stage.process.held_answers()
            if any(each["operation"] == moment.held.operation for each in held):
                return True
        elif self._watch.at(moment, since, fault.count):
            return True
        return False if self._watch.over else None

    # -- the deeds -----------------------------------------------------------------------------------------

    def _act(self, fault: Fault) -> bool:
        """Do it; whether there was something to do it to."""
        moment, deed = fault.moment, fault.deed
        run = self._watch.run(moment.dag)
        if (deed.disowns or deed.component) and self._state(moment) != moment.state:
            return False
        match deed:
            case Deed.TASK | Deed.WORKER:
                return self._kill_task(moment.dag, moment.task, "pid" if deed is Deed.TASK else "worker")
            case Deed.TRIGGERER | Deed.SCHEDULER | Deed.DAG_PROCESSOR:
                self._kill_component(deed.component)
            case Deed.TRIGGERER_AND_FAIL:
                self._kill_component(deed.component)
                self._fail(moment.dag, run, moment.task)
            case Deed.FAIL:
                self._fail(moment.dag, run, moment.task)
            case Deed.CLEAR:
                # One that has ended by now would run again over what a later task has removed.
                which = {"only_failed": False, "only_running": moment.state == "running", "task_ids": [moment.task]}
                body = {"dry_run": False, "dag_run_id": run, **which}
                path = f"/dags/{moment.dag}/clearTaskInstances"
                self._order(lambda: self._stage.airflow.call("POST", path, body=body))
            case Deed.DELETE:
                # Airflow deletes no run that goes on.
                path = f"/dags/{moment.dag}/dagRuns/{run}"
                self._order(lambda: self._stage.rest("PATCH", path, {"state": "failed"}))
                self._order(lambda: self._stage.rest("DELETE", path))
        return True

    def _kill_task(self, dag: str, task: str, which: str) -> bool:
        killed = False
        for each in self._tasks():
            if (each["dag_id"], each["task_id"]) == (dag, task):
                with suppress(ProcessLookupError):  # it has ended since it was listed
                    os.kill(each[which], signal.SIGKILL)
                    self.hits[each["dag_id"], each["run_id"], each["task_id"], each["map_index"]] += 1
                    killed = True
        return killed

    def _kill_component(self, name: str) -> None:
        self._killed = self._components()[name]["pid"]
        os.kill(self._killed, signal.SIGKILL)
        if name == "scheduler":  # its executor goes with it, and what that had
            for (dag, run, task), each in list(self._watch.tries.items()):
                if each["state"] in _BUSY:
                    self.hits[dag, run, task, each["map_index"]] += 1

    def _order(self, call: Callable[[], Any]) -> None:
        """Give an order to Airflow, again while it is away: its database may be another writer's for a moment."""
        errors: list[Exception] = []

        def given() -> bool | None:
            try:
                call()
            except (CrosswindError, OSError) as error:
                errors.append(error)
                return None
            return True

        if self._watch.until(given, _BACK_SECONDS) is None:
            raise errors[-1]

    def _state(self, moment: Moment) -> str:
        """The state of the moment's task now."""
        run = self._stage.airflow.dag_run(moment.dag, self._watch.run(moment.dag))
        tasks = self._stage.airflow.task_instances(moment.dag, run)
        return next(str(task["state"]) for task in tasks if task["task_id"] == moment.task)

    def _fail(self, dag: str, run: str, task: str) -> None:
        self._order(lambda: self._stage.airflow.mark(dag, run, task, "failed"))
        self.marked.add((dag, run, task, -1))

    # -- afterwards ----------------------------------------------------------------------------------------

    def _linger(self, fault: Fault, since: int) -> None:
        """Hold what is held until the job was stopped, the process has ended or a successor is there, or not at all."""
        moment, stops = fault.moment, _STOPS.get(fault.moment.task)
        if fault.deed.disowns and moment.work and stops:
            self._watch.until(lambda: self._watch.calls(stops, since) or None, REAP_SECONDS + PATIENCE)
        elif fault.deed.disowns and moment.held:
            before = self._pids(moment)
            self._watch.until(lambda: not before & self._pids(moment) or None, _BACK_SECONDS)
        elif fault.lingers and moment.held:
            tries = self._watch.task(moment.dag, moment.task).get("try_number", 1)
            self._watch.until(lambda: self._next_try(moment, tries), _BACK_SECONDS)
        elif fault.lingers and fault.deed.component:
            self._watch.until(lambda: self._is_back(fault.deed.component), _BACK_SECONDS)

    def _pids(self, moment: Moment) -> set[int]:
        """The processes of a moment's task."""
        return {each["pid"] for each in self._tasks() if (each["dag_id"], each["task_id"]) == (moment.dag, moment.task)}

    def _next_try(self, moment: Moment, tries: int) -> bool | None:
        task = self._watch.task(moment.dag, moment.task)
        return (task.get("try_number", 1) > tries and task.get("state") == "running") or None

    def _is_back(self, component: str) -> bool | None:
        return self._components().get(component, {}).get("pid", self._killed) != self._killed or None

    def _components(self) -> dict[str, Any]:
        (environment,) = self._stage.process.airflows()
        found: dict[str, Any] = environment["components"]
        return found

    def _tasks(self) -> list[dict[str, Any]]:
        (environment,) = self._stage.process.airflows()
        found: list[dict[str, Any]] = environment["tasks"]
        return found
