"""The checks can fail: facts by hand, sound ones first, then one fault for each thing that must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.kills.facts import Claimed, Facts, Handover, Job, Model, Reap, Run, Sample, Task, TaskKey
from tests.kills.invariants import PATIENCE, Invariant, orphaned, violations
from tests.kills.schedule import CLEAN, CONSUMER, GLUE, PRODUCER, TRAIN

REAP, RETRIES = 5.0, 2
PREFIX, OLDER = "transformed/a/", "transformed/0/"
VERSIONS = frozenset({(f"{PREFIX}train/1.csv", "v1"), (f"{PREFIX}validation/1.csv", "v2")})
GLUE_TASK: TaskKey = (PRODUCER, "one", GLUE, -1)
TRAIN_TASK: TaskKey = (CONSUMER, "two", TRAIN, -1)
GLUE_JOB = Job("glue", "jr_1", GLUE_TASK, 2, 10.0, 20.0, "succeeded")
TRAINING = Job("training", "train-1", TRAIN_TASK, 2, 30.0, 40.0, "succeeded", reads=(f"s3://there/{PREFIX}train/",))
HANDOVER = Handover(PREFIX, "m1", VERSIONS, VERSIONS, VERSIONS)
MODEL = Model("train-1", PREFIX, "m1", VERSIONS, VERSIONS)
DONE = Task("success", 1, 2)
PRODUCED = Run(PRODUCER, "one", "success", {GLUE: DONE, "publish": DONE})
CONSUMED = Run(CONSUMER, "two", "success", {TRAIN: DONE, CLEAN: DONE}, (PREFIX,))


def live(*, train: tuple[str, int] | None = ("deferred", 2), begin: int = 0, end: int = 60) -> tuple[Sample, ...]:
    """A look at Airflow each second; the producer's task is live until its job has ended, and the training task too."""
    found = []
    for second in range(begin, end):
        tasks = {GLUE_TASK: ("deferred" if second < 21 else "success", 2)}
        if train is not None:
            tasks[TRAIN_TASK] = train if second < 41 else ("success", 2)
        found.append(Sample(second, second + 0.1, tasks))
    return tuple(found)


SOUND = Facts(
    jobs=(GLUE_JOB, TRAINING),
    claimed=(Claimed("f-2-1", True),),
    invoked=1,
    handovers=(HANDOVER,),
    models=(MODEL,),
    runs=(PRODUCED, CONSUMED),
    samples=live(),
    reaps=tuple(Reap(second, second + 2, "success") for second in range(0, 60, 5)),
)


def broken(facts: Facts) -> set[Invariant]:
    return {invariant for invariant, _ in violations(facts, REAP, RETRIES)}


def test_sound_facts_have_no_violation() -> None:
    assert violations(SOUND, REAP, RETRIES) == []
    assert orphaned(SOUND) == []


def with_model(**changes: object) -> Facts:
    return replace(SOUND, models=(replace(MODEL, **changes),))  # type: ignore[arg-type]  # any member


def with_handover(**changes: object) -> Facts:
    return replace(SOUND, handovers=(replace(HANDOVER, **changes),))  # type: ignore[arg-type]  # any member


def with_training(**changes: object) -> Facts:
    return replace(SOUND, jobs=(GLUE_JOB, replace(TRAINING, **changes)))  # type: ignore[arg-type]  # any member


OTHER = frozenset({(f"{PREFIX}train/1.csv", "v0"), (f"{PREFIX}validation/1.csv", "v2")})
MORE = VERSIONS | {(f"{PREFIX}train/1.csv", "v3")}
NEWER = Handover("transformed/b/", "m2", VERSIONS, VERSIONS, VERSIONS)


@pytest.mark.parametrize(
    "facts",
    [
        with_model(handed=OTHER),
        with_model(arrived=OTHER),
        with_model(version_id="m0"),
        with_handover(source=MORE),
        with_handover(destination=MORE),
        with_training(reads=(f"s3://there/{OLDER}train/",)),
        with_training(reads=()),
        replace(SOUND, models=()),
        replace(
            SOUND,
            handovers=(HANDOVER, NEWER),
            runs=(PRODUCED, replace(CONSUMED, events=(NEWER.prefix, PREFIX))),
            models=(replace(MODEL, superseded=(NEWER.prefix,)),),
        ),
    ],
    ids=[
        "the record names other versions", "other replicas were read", "the record's manifest is another",
        "a key was written again", "a replica was written over", "the job read another run's folder",
        "the job read nothing", "a model without a record", "an older handover was taken",
    ],
)  # fmt: skip
def test_stale_or_unproven_data_is_a_violation(facts: Facts) -> None:
    assert Invariant.VERSIONS in broken(facts)


def test_two_live_jobs_of_a_group_are_a_violation() -> None:
    first = replace(TRAINING, id="train-0", began=25.0, ended=31.0, state="stopped")
    assert broken(replace(SOUND, jobs=(GLUE_JOB, first, TRAINING))) == {Invariant.ONCE}
    assert broken(replace(SOUND, jobs=(GLUE_JOB, replace(first, ended=29.0), TRAINING))) == set()


def test_two_live_jobs_of_two_groups_are_none() -> None:
    first = replace(TRAINING, id="train-0", group=1, began=25.0, ended=31.0, state="stopped", asked=26.0)
    assert broken(replace(SOUND, jobs=(GLUE_JOB, first, TRAINING))) == set()


def test_a_job_that_was_not_adopted_is_a_violation() -> None:
    second = replace(GLUE_JOB, id="jr_2", began=20.5, ended=20.9)
    assert Invariant.ONCE in broken(replace(SOUND, jobs=(GLUE_JOB, second, TRAINING)))


def test_a_task_that_succeeds_with_another_group_s_job_is_a_violation() -> None:
    assert Invariant.ONCE in broken(replace(SOUND, jobs=(replace(GLUE_JOB, group=1), TRAINING), samples=()))


@pytest.mark.parametrize(
    ("invoked", "claimed"),
    [(2, (Claimed("f-2-1", True),)), (2, (Claimed("f-2-1", True), Claimed("f-2-2", True)))],
    ids=["two for one claim", "another after an answer"],
)
def test_a_second_invocation_is_a_violation(invoked: int, claimed: tuple[Claimed, ...]) -> None:
    assert broken(replace(SOUND, invoked=invoked, claimed=claimed)) == {Invariant.ONCE}


FAILED = replace(CONSUMED, state="failed", tasks={TRAIN: Task("failed", 1, 2), CLEAN: Task("upstream_failed", 0, 2)})
LEFT = replace(TRAINING, state="stopped", ended=45.0, asked=44.0)


def abandoned(**changes: object) -> Facts:
    """The training task is marked failed before its job has ended."""
    return replace(
        SOUND,
        jobs=(GLUE_JOB, replace(LEFT, **changes)),  # type: ignore[arg-type]  # any member
        runs=(PRODUCED, FAILED),
        models=(),
        claimed=(),
        invoked=0,
        marked=frozenset({TRAIN_TASK}),
        samples=live(train=("failed", 2)),
    )


def test_an_orphan_that_the_next_reaper_stops_is_none() -> None:
    facts = abandoned(asked=36.0, ended=37.0)  # nobody's since 30.1; the reaper runs from 35 to 37
    assert [each.gone for each in orphaned(facts)] == [36.0]
    assert broken(facts) == set()


@pytest.mark.parametrize(
    "facts",
    [
        abandoned(),
        abandoned(asked=None, ended=None, state="running"),
        replace(abandoned(asked=32.0 + REAP + PATIENCE, ended=70.0), reaps=()),
        replace(abandoned(asked=None, ended=None, state="running"), samples=live(train=None)),
        replace(abandoned(asked=None, ended=None, state="running"), samples=live(train=("running", 7))),
    ],
    ids=[
        "a run of the reaper passed it over", "it is never stopped", "the reaper did not run", "the run is gone",
        "the task was cleared",
    ],
)  # fmt: skip
def test_an_orphan_that_stays_is_a_violation(facts: Facts) -> None:
    assert broken(facts) == {Invariant.ORPHAN}


def test_a_failed_run_is_a_violation_unless_the_schedule_made_it_fail() -> None:
    facts = abandoned(asked=36.0, ended=37.0)
    unexplained = replace(facts, marked=frozenset())
    assert broken(unexplained) == {Invariant.ENDS, Invariant.LOST}
    assert broken(replace(unexplained, hits={TRAIN_TASK: RETRIES})) == {Invariant.ENDS, Invariant.LOST}
    assert broken(replace(unexplained, hits={TRAIN_TASK: RETRIES + 1})) == set()
    assert broken(replace(facts, runs=(PRODUCED, replace(FAILED, state="running")))) >= {Invariant.ENDS}


def test_a_deleted_run_excuses_what_it_leaves() -> None:
    facts = abandoned(asked=36.0, ended=37.0)
    assert broken(replace(facts, marked=frozenset(), runs=(PRODUCED, replace(FAILED, state="deleted")))) == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: replace(facts, runs=(PRODUCED,), models=(), jobs=(GLUE_JOB,)),
        lambda facts: replace(facts, models=(), jobs=(GLUE_JOB,)),
        lambda facts: replace(facts, handovers=(), models=(), jobs=(GLUE_JOB,)),
    ],
    ids=["no run was started", "no model was made", "nothing was published"],
)
def test_a_handover_that_is_lost_is_a_violation(change: Callable[[Facts], Facts]) -> None:
    assert broken(change(SOUND)) == {Invariant.LOST}


def test_a_superseded_handover_is_not_lost() -> None:
    older = Handover(OLDER, "m0", VERSIONS, VERSIONS, VERSIONS)
    both = replace(SOUND, handovers=(older, HANDOVER), runs=(PRODUCED, replace(CONSUMED, events=(OLDER, PREFIX))))
    assert broken(both) == {Invariant.LOST}
    assert broken(replace(both, models=(replace(MODEL, superseded=(OLDER,)),))) == set()


def test_a_denied_call_is_a_violation() -> None:
    assert broken(replace(SOUND, denied=("somebody s3:PutObject",))) == {Invariant.DENIED}
