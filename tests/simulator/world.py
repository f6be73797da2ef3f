"""One schedule, from its start to its report: the company, its Airflow, the reaper, the people, and the faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.orphans import states_in
from crosswind.airflow.jobs.reap import LiveState, Reach, Reaper, live_state
from crosswind.airflow.jobs.tags import owner_in
from crosswind.airflow.owner import Owner
from tests.simulator.airflow import Airflow
from tests.simulator.aws import Run
from tests.simulator.clock import Clock
from tests.simulator.handing import staged
from tests.simulator.invariants import Invariant, Report, check, check_model, handover_of, orphans
from tests.simulator.process import Process
from tests.simulator.rows import DagRun, Policy, Task, TaskInstance, Trigger
from tests.simulator.schedule import HORIZON, Deed, Schedule
from tests.simulator.site import EAST, GLUE_JOB, WEST, Company
from tests.simulator.tasks import dags

__all__ = ["World", "run", "shrink"]

_T = TypeVar("_T")
_REAP = 300.0
_ROUNDS = 8
_ROUND = 3000.0


class World:
    """One schedule.

    Args:
        schedule: what goes wrong.
    """

    stated = True
    """Whether the races that the docs state are counted and are no violations."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.clock = Clock()
        self.report = Report(schedule.seed, applied=schedule.applied)
        self.company = self._company()
        policy = Policy(trigger_on_kill=schedule.trigger_on_kill)
        self.airflow = Airflow(self.clock, self._dags(), policy, schedule.faults, self.report.applied)
        self.airflow.trigger_killed = self._trigger_killed
        self.airflow.cleared = self._cleared
        self.airflow.succeeded = self._succeeded
        self.consumed: set[str] = set()
        self._owners: dict[str, Owner] = {}
        self._before: list[tuple[TaskInstance, str, bool]] = []
        self._orphaned: set[str] = set()
        self._retries_changed = False

    def _company(self) -> Company:
        replicates = self.schedule.setup.mover == "crr"
        return Company(self.clock, self.schedule, replicates=replicates, cleans=self.schedule.cleans)

    def _dags(self) -> Mapping[str, Sequence[Task]]:
        return dags(self.company, self.schedule.setup)

    def play(self) -> Report:
        """Run the schedule; then nothing more goes wrong, and what can finish must."""
        airflow = self.airflow
        for number, start in enumerate(self.schedule.starts):
            airflow.at(start, lambda number=number: self._start(number))
        for deed in self.schedule.deeds:
            airflow.at(deed.at, lambda deed=deed: self._do(deed))
        airflow.at(_REAP, self._reap)
        airflow.run_until(HORIZON)
        airflow.calm = self.schedule.calm = True
        for _ in range(_ROUNDS):
            self.company.repair()
            for ti in self._failed():
                if ti.state == "failed":  # and was not cleared with one before it
                    airflow.clear(ti)
            airflow.run_until(self.clock.now + _ROUND)
            if not self._failed() and all(run.deleted or run.state != "running" for run in airflow.runs.values()):
                break
        check(self)
        self._rerun()
        self.report.calls = airflow.calls
        return self.report

    def _failed(self) -> list[TaskInstance]:
        return [ti for ti in self.airflow.instances() if ti.state == "failed" and self.can_finish(ti.run)]

    # what invariants ask

    def owned(self, owner: Owner) -> bool:
        """Whether a live task owns the owner's jobs."""
        return self._state(owner) is LiveState.LIVE

    def owner_of_training(self, run: Run) -> Owner:
        """The owner in a training job's tags."""
        if run.name not in self._owners:
            owner = owner_in({tag["Key"]: tag["Value"] for tag in run.notes["tags"]})
            assert owner is not None
            self._owners[run.name] = owner
        return self._owners[run.name]

    def expected(self, ti: TaskInstance) -> set[tuple[str, str]] | None:
        """Key and version of each object that a training task must train on; None when nothing says so."""
        reference = ti.run.tasks["arrive"].value["reference"]
        bucket = self.company.aws.s3.buckets[reference["bucket"]]
        stored = bucket.version(f"{reference['prefix']}handover.json", reference["version_id"])
        return handover_of(stored.body) if stored else set()

    def taken(self, run: DagRun) -> str:
        """The prefix that a run has taken."""
        return str(run.tasks["arrive"].value["reference"]["prefix"])

    def newest(self, run: DagRun) -> str | None:
        """The prefix that a run must take, where its events or its parameters say it."""
        if run.conf.get("prefix"):
            return str(run.conf["prefix"])
        published = [(extra["published"], time, extra["prefix"]) for time, extra in run.events]
        return max(published)[2] if published else None

    def can_finish(self, run: DagRun) -> bool:
        """Whether nothing that is there for good stands in a run's way: overwritten or removed data."""
        prefixes = {extra["prefix"] for _, extra in run.events} | {str(run.conf.get("prefix", ""))}
        for ti in run.tasks.values():
            if isinstance(ti.value, dict):
                prefixes.add(str(ti.value.get("prefix", "")))
                prefixes.add(str(ti.value.get("reference", {}).get("prefix", "")))
        if run.dag == "train" and not run.events and not run.conf.get("prefix"):
            prefixes |= self.company.strays | self.company.cleaned.keys()
            if not self.airflow.asset_events or run.run_after < self.airflow.asset_events[0][0]:
                return False  # by hand, before anything was published
        return not prefixes & (self.company.strays | self.company.cleaned.keys())

    # what happens

    def _start(self, number: int) -> None:
        self.company.raw(f"raw data {number}".encode())
        self.airflow.start("process", f"run-{number}")

    def _reap(self) -> None:
        airflow = self.airflow
        if airflow.calm and self.clock.now > HORIZON + 2 * _REAP:
            return  # nothing is left behind any more
        if self.clock.now < airflow.scheduler_up:  # it is a DAG's
            airflow.at(airflow.scheduler_up, self._reap)
            return
        airflow.after(_REAP, self._reap)
        process = airflow.process("reaper", "reaper")
        process.run(lambda: self._reap_in(process), _nothing)

    def _reap_in(self, process: Process) -> None:
        faults, began = len(self.report.applied), self.clock.now
        # Left behind for an interval already: what a clear has left a moment ago is its task's next try's to stop.
        self._orphaned, before = orphans(self), self._orphaned & orphans(self)
        claims = Claims(self.company.clients(EAST, process), "claims-east", "_crosswind/claims/", now=self.clock.date)
        reaches = [
            Reach(self.company.clients(EAST, process), {GLUE_JOB: claims}),
            Reach(self.company.clients(WEST, process)),
        ]

        def states(owner: Owner) -> LiveState:
            process.enter("airflow", "states")
            return states_in(*self._answer(owner))

        reaper = Reaper(reaches, states, now=self.clock.date)
        survey = reaper.survey()
        left = reaper.stop(survey.orphans)
        self.report.count("orphans stopped by the reaper", len(survey.orphans) - len(left))
        undisturbed = len(self.report.applied) == faults and not survey.failures and not left
        if undisturbed and before & orphans(self):
            text = f"{before & orphans(self)} live after the reaper's run at {began:.0f} s"
            self.report.add(Invariant.ORPHAN, text)

    def _state(self, owner: Owner) -> LiveState:
        run = self.airflow.runs.get((owner.dag_id, owner.run_id))
        if run is None or run.deleted:
            return LiveState.GONE
        ti = run.tasks[owner.task_id]
        state = None if ti.state == "none" else ti.state.replace(" ", "_")
        return live_state(owner, state=state, group=ti.max_tries, since=int(run.started))

    def _answer(self, owner: Owner) -> tuple[dict[str, dict[str, str | None]], Owner, Owner | None]:
        """What the Task SDK's `get_task_states` answers, nothing of groups; and what the task has announced."""
        run = self.airflow.runs.get((owner.dag_id, owner.run_id))
        if run is None or run.deleted:
            return {}, owner, None
        ti = run.tasks[owner.task_id]
        return (
            {owner.run_id: {ti.task.id: None if ti.state == "none" else ti.state.replace(" ", "_")}},
            owner,
            ti.announced,
        )

    def _do(self, deed: Deed) -> None:
        self.report.applied.append(deed.id)
        airflow = self.airflow
        found = [ti for ti in airflow.instances() if not ti.run.deleted]
        active = [ti for ti in found if ti.state in {"running", "deferred", "up for retry"}] or found
        match deed.kind:
            case "triggerer dies":
                airflow.triggerer_dies(deed.seconds)
            case "scheduler down":
                airflow.scheduler_up = self.clock.now + deed.seconds
            case "retries":
                airflow.retries = 1 + int(deed.pick * 4)
                self._retries_changed = True
            case "clear" if found:
                airflow.clear(_picked(found if deed.seconds > 100 else active, deed))
            case "mark failed" if found:
                airflow.mark_failed(_picked(active, deed))
            case "delete run" if found:
                airflow.delete(_picked(active, deed).run)
            case _:
                self._do_with_data(deed)

    def _do_with_data(self, deed: Deed) -> None:
        airflow, company = self.airflow, self.company
        extras = [extra for _, extra in airflow.asset_events]
        match deed.kind:
            case "duplicate event" if extras:
                airflow.emit(_picked(extras, deed))
            case "by hand":
                conf = {"prefix": _picked(extras, deed)["prefix"]} if extras and deed.seconds > 100 else {}
                airflow.start("train", f"manual-{self.clock.now:.0f}", conf)
            case "stray at source" | "stray at destination":
                bucket = company.source if deed.kind.endswith("source") else company.destination
                keys = [key for key in bucket.objects if "/part-" in key]
                if keys:
                    company.stray(bucket, _picked(keys, deed))

    def _trigger_killed(self, trigger: Trigger, disturbed: bool) -> None:
        if trigger.job and not disturbed and trigger.job in self._unstopped():
            self.report.add(Invariant.KILLED, f"{trigger.job} lives on after its kill at {self.clock.now:.0f} s")

    def _unstopped(self) -> set[str]:
        jobs = [*self.company.glue.runs, *self.company.sagemaker.training.values()]
        return {job.id for job in jobs if job.state in {"starting", "running"}}

    def _succeeded(self, ti: TaskInstance) -> None:
        if ti.task.id == "arrive":
            self._choose_consumed(ti)
        elif ti.task.id == "train":
            check_model(self, ti)

    def _choose_consumed(self, ti: TaskInstance) -> None:
        self.consumed.add(ti.value["reference"]["prefix"])
        self.consumed.update(ti.value["superseded"])

    def _cleared(self, ti: TaskInstance) -> None:
        if isinstance(ti.value, dict) and "token" in ti.value:
            begun_anew = ti.run.started == self.clock.now  # the run had ended
            self._before.append((ti, ti.value["token"], begun_anew))

    def _rerun(self) -> None:
        for ti, token, begun_anew in self._before:
            again = isinstance(ti.value, dict) and ti.value.get("token") == token
            excused = self._retries_changed and not begun_anew
            if again and ti.state == "success" and not excused and not ti.run.deleted:
                self.report.add(Invariant.RERUN, f"{ti.key} was cleared and is content with the job {token} of before")


def run(seed: int, keep: frozenset[str] | None = None) -> Report:
    """Play a schedule.

    Args:
        seed: which.
        keep: the ids of the faults that happen; None for all.
    """
    with staged():
        return World(Schedule(seed, keep)).play()


def shrink(seed: int, invariant: Invariant, play: Callable[[int, frozenset[str] | None], Report] = run) -> Report:
    """The same violation with as few faults as it needs, found by leaving one out after another."""
    report = play(seed, None)
    needed = list(dict.fromkeys(report.applied))
    fewest = play(seed, frozenset(needed))
    if invariant not in fewest.broken:
        return report
    for fault in list(needed):
        fewer = [each for each in needed if each != fault]
        again = play(seed, frozenset(fewer))
        if invariant in again.broken:
            needed, fewest = fewer, again
    return fewest


def _picked(choices: Sequence[_T], deed: Deed) -> _T:
    return choices[int(deed.pick * len(choices))]


def _nothing() -> None:
    """A reaper that crashes is run again after its interval."""
