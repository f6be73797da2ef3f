"""Each invariant has teeth: with the line that guards it taken out of the real logic, the same schedules break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

from crosswind.airflow.handover import arrival, choose
from crosswind.airflow.handover.choose import Chosen, Take, chosen
from crosswind.airflow.jobs.claims import Claim, Claims
from crosswind.airflow.jobs.model import JobState
from crosswind.airflow.jobs.named import NamedJobs
from crosswind.airflow.jobs.reap import Orphan, Reaper
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.watch import Watch
from tests.simulator import shell, tasks, world
from tests.simulator.invariants import Invariant
from tests.simulator.rows import TaskInstance
from tests.simulator.tasks import TrainTask

SCHEDULES = 2000

Events = Sequence[tuple[datetime, Mapping[str, Any]]]


class Everything:
    """A set that holds whatever one asks for."""

    def __contains__(self, item: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True


def no_verification(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tasks, "verify", lambda clients, arrival: None)


def no_verification_after_the_job(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TrainTask, "verify_again", lambda task, clients, arrival: None)


def no_comparison_of_versions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(arrival.ArrivalCheck, "_expected", lambda self: lambda version: Everything())
    patch.setattr(arrival, "contradiction", lambda expected, found: "")


def the_oldest_event(patch: pytest.MonkeyPatch) -> None:
    def oldest(events: Events, params: Mapping[str, Any], take: Take = "newest") -> Chosen:
        found = chosen(events, params, "all")
        return Chosen(found.references[:1], tuple(each.prefix for each in found.references[1:]), found.prefix)

    patch.setattr(choose, "chosen", oldest)


def no_adoption(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(JobState, "live", property(lambda state: False))


def no_condition_on_claims(patch: pytest.MonkeyPatch) -> None:
    write = Claims._write

    def unconditional(self: Claims, claim: Claim, **condition: str) -> Claim | None:
        return write(self, claim)

    patch.setattr(Claims, "_write", unconditional)


def no_look_for_the_job_of_a_lost_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("crosswind.airflow.jobs.glue_runs.GlueRuns.of_token", lambda self, token: None)


def names_that_nobody_finds_again(patch: pytest.MonkeyPatch) -> None:
    made: Iterator[int] = iter(range(10**9))
    create = NamedJobs._made

    def another(self: NamedJobs, attempt: Attempt) -> dict[str, Any]:
        request = create(self, attempt)
        return {**request, "TrainingJobName": f"{request['TrainingJobName'][:50]}-{next(made)}"}

    patch.setattr(NamedJobs, "_made", another)


def a_reaper_that_only_looks(patch: pytest.MonkeyPatch) -> None:
    def nothing(self: Reaper, orphans: Sequence[Orphan]) -> tuple[()]:
        return ()

    patch.setattr(Reaper, "stop", nothing)


def no_stop_when_a_deferred_task_is_ended(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Watch, "stop", lambda self: None)


def no_record_of_what_was_superseded(patch: pytest.MonkeyPatch) -> None:
    def forgetful(events: Events, params: Mapping[str, Any], take: Take = "newest") -> Chosen:
        found = chosen(events, params, take)
        return Chosen(found.references, (), found.prefix)

    patch.setattr(choose, "chosen", forgetful)


def claims_that_nobody_may_take_over(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(Claims.__init__.__kwdefaults__, "lease_seconds", 1e9)


def no_fence_in_the_folder(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Attempt, "folder", property(lambda attempt: f"{attempt.owner.run_id}-{attempt.token}"))


def one_attempt_group_for_ever(patch: pytest.MonkeyPatch) -> None:
    def the_only(ti: TaskInstance) -> Owner:
        return Owner(ti.run.dag, ti.run.id, ti.task.id, -1, 0)

    patch.setattr(shell, "owner_of", the_only)


MUTATIONS: tuple[tuple[Callable[[pytest.MonkeyPatch], None], Invariant], ...] = (
    (no_verification, Invariant.VERSIONS),
    (no_verification_after_the_job, Invariant.VERSIONS),
    (no_comparison_of_versions, Invariant.VERSIONS),
    (the_oldest_event, Invariant.VERSIONS),
    (no_adoption, Invariant.TWO_LIVE),
    (no_condition_on_claims, Invariant.TWO_LIVE),
    (no_look_for_the_job_of_a_lost_answer, Invariant.TWO_LIVE),
    (names_that_nobody_finds_again, Invariant.TWO_LIVE),
    (a_reaper_that_only_looks, Invariant.ORPHAN),
    (no_record_of_what_was_superseded, Invariant.LOST),
    (claims_that_nobody_may_take_over, Invariant.FINISHES),
    (no_fence_in_the_folder, Invariant.FINISHES),
    (no_stop_when_a_deferred_task_is_ended, Invariant.KILLED),
    (one_attempt_group_for_ever, Invariant.RERUN),
)


def test_each_invariant_has_a_mutation() -> None:
    assert {invariant for _, invariant in MUTATIONS} == set(Invariant)


@pytest.mark.parametrize(("mutate", "invariant"), MUTATIONS, ids=[mutate.__name__ for mutate, _ in MUTATIONS])
def test_a_mutation_is_found(
    mutate: Callable[[pytest.MonkeyPatch], None], invariant: Invariant, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch)
    found = next((seed for seed in range(SCHEDULES) if invariant in world.run(seed).broken), None)
    assert found is not None, f"{SCHEDULES} schedules do not notice it"
