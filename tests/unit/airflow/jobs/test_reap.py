"""The reaper: what it finds, whom it asks, what it stops and what never."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.jobs.claims import LEASE_SECONDS
from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.jobs.orphans import states_in
from crosswind.airflow.jobs.reap import Found, LiveState, Orphan, Reach, Reaper, live_state, orphans_among
from crosswind.airflow.jobs.submit import SubmitOnce
from crosswind.airflow.owner import Attempt, Owner
from crosswind.errors import InputError
from tests.simulator.aws.errors import refused
from tests.unit.airflow.jobs.world import KINDS, TARGET, Process, World, owner, until_started

LIVE, ENDED, SUPERSEDED, GONE, UNKNOWN = LiveState
STOPPABLE = KINDS[:3]


class Airflow:
    """What Airflow says of owners; counts how often it is asked."""

    def __init__(self, said: LiveState = LIVE, **of_tasks: LiveState) -> None:
        self.said, self.of_tasks, self.asked = said, of_tasks, 0

    def __call__(self, of: Owner) -> LiveState:
        self.asked += 1
        return self.of_tasks.get(of.task_id, self.said)


def reaper(world: World, airflow: Any, topology: str = "") -> Reaper:
    clients = world.clients()
    reach = Reach(clients, {"etl": world.claims(clients)})
    return Reaper([reach], airflow, topology=topology, now=world.aws.clock.date)


@pytest.mark.parametrize("kind", STOPPABLE)
@pytest.mark.parametrize("said", [ENDED, SUPERSEDED, GONE])
def test_a_job_without_a_live_task_is_found_and_stopped(kind: str, said: LiveState) -> None:
    world = World()
    submission = until_started(world, kind, owner()).submission
    reaping = reaper(world, Airflow(said))
    survey = reaping.survey()
    assert [orphan.submission.id for orphan in survey.orphans] == [submission.id]
    assert survey.orphans[0].submission.attempt == submission.attempt
    assert survey.kept == ()
    assert survey.failures == ()
    assert submission.id in survey.orphans[0].text
    assert "account 222222222222, Region us-west-2" in survey.orphans[0].text
    assert reaping.stop(survey.orphans) == ()
    assert reaping.stop(survey.orphans) == ()  # safe to repeat
    world.aws.clock.advance(10)
    assert world.live(kind) == []


@pytest.mark.parametrize("said", [LIVE, UNKNOWN])
def test_a_job_whose_task_is_live_or_unknown_is_kept(said: LiveState) -> None:
    world = World()
    for kind in STOPPABLE:
        until_started(world, kind, owner())
    survey = reaper(world, Airflow(said)).survey()
    assert survey.orphans == ()
    assert len(survey.kept) == 3


def test_each_owner_is_asked_once_a_survey() -> None:
    world = World()
    for kind in STOPPABLE:
        until_started(world, kind, owner())
    airflow = Airflow()
    reaper(world, airflow).survey()
    assert airflow.asked == 1


def test_the_jobs_are_listed_before_their_owners_are_asked() -> None:
    """Why young jobs need no grace: whoever is in the list was submitted by a task that was live before."""
    world = World()
    until_started(world, "training", owner())
    calls: list[str] = []
    states: list[int] = []
    process = Process(
        lambda caller: Reaper(
            [Reach(world.clients(caller))], lambda _: states.append(len(caller.calls)) or LIVE
        ).survey()
    )
    process.finish()
    calls = process.calls
    assert states == [len(calls)]


def test_before_a_stop_the_owner_is_asked_again() -> None:
    world = World()
    until_started(world, "training", owner())
    airflow = Airflow(ENDED)
    reaping = reaper(world, airflow)
    orphans = reaping.survey().orphans
    for said in (LIVE, UNKNOWN):
        airflow.said = said
        assert [why for _, why in reaping.stop(orphans)] == ["its task is live by now, or Airflow does not say"]
    assert len(world.live("training")) == 1


def test_others_jobs_are_not_looked_at() -> None:
    world = World(concurrent=10)
    client = world.clients().client("sagemaker")
    name = Attempt(owner(), 1).name
    for other in ("penguins", name):  # the second bears a name like ours, but no tags
        client.create_training_job(TrainingJobName=other, OutputDataConfig={"S3OutputPath": "s3://m/"}, RoleArn="r")
    world.clients().client("glue").start_job_run(JobName="etl", Arguments={"--crosswind-token": "x"})
    survey = reaper(world, Airflow(GONE)).survey()
    assert survey.orphans == ()
    assert survey.kept == ()


@pytest.mark.parametrize("kind", STOPPABLE)
def test_another_topology_s_jobs_are_left_alone(kind: str) -> None:
    world = World()
    SubmitOnce(world.jobs(kind, topology="theirs")).start(owner())
    assert reaper(world, Airflow(GONE), topology="ours").survey().orphans == ()
    assert len(reaper(world, Airflow(GONE), topology="theirs").survey().orphans) == 1


@pytest.mark.parametrize("kind", STOPPABLE)
def test_a_detached_job_outlives_its_task_but_not_a_clear(kind: str) -> None:
    world = World()
    SubmitOnce(world.jobs(kind, detached=True)).start(owner())
    airflow = Airflow(ENDED)
    reaping = reaper(world, airflow)
    assert reaping.survey().orphans == ()
    for said in (SUPERSEDED, GONE):
        airflow.said = said
        orphans = reaping.survey().orphans
        assert len(orphans) == 1
    airflow.said = ENDED
    assert len(reaping.stop(orphans)) == 1
    assert len(world.live(kind)) == 1


def test_jobs_that_are_stopping_are_not_stopped_again() -> None:
    world = World()
    for kind in STOPPABLE:
        started = until_started(world, kind, owner())
        world.jobs(kind).stop(started.submission)
    assert reaper(world, Airflow(GONE)).survey().orphans == ()


def test_a_second_glue_run_is_an_orphan_although_its_task_is_live() -> None:
    """The late submitter of the race died right after its start: nobody but the reaper will see its run."""
    world = World()
    late = Process(lambda caller: SubmitOnce(world.jobs("glue", caller)).start(owner()))
    late.until("start_job_run")
    world.aws.clock.advance(LEASE_SECONDS + 1)
    kept = SubmitOnce(world.jobs("glue")).start(owner())
    late.step()  # starts its run, and never goes on
    assert len(world.live("glue")) == 2
    reaping = reaper(world, Airflow(LIVE))
    survey = reaping.survey()
    assert [orphan.why for orphan in survey.orphans] == [
        f"it is a second run of its attempt, beside {kept.submission.id}"
    ]
    assert reaping.stop(survey.orphans) == ()
    world.aws.clock.advance(10)
    assert world.live("glue") == [kept.submission.id]


def test_a_run_whose_claim_does_not_name_it_yet_is_kept() -> None:
    world = World()
    starting = Process(lambda caller: SubmitOnce(world.jobs("glue", caller)).start(owner()))
    starting.until("start_job_run")
    starting.step()
    assert reaper(world, Airflow(LIVE)).survey().orphans == ()


def test_a_target_that_cannot_be_listed_is_told_of_and_the_others_are_reaped() -> None:
    world = World()
    until_started(world, "training", owner())
    del world.glue.jobs["etl"]
    survey = reaper(world, Airflow(ENDED)).survey()
    assert len(survey.orphans) == 1
    assert len(survey.failures) == 1
    target, why = survey.failures[0]
    assert target == TARGET
    assert "EntityNotFoundException" in why


def test_a_job_whose_tags_may_not_be_read_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    theirs = until_started(world, "training", owner(task_id="theirs")).submission
    ours = until_started(world, "training", owner()).submission
    list_tags = world.sagemaker.list_tags

    def guarded(p: Any) -> Any:
        if theirs.id in p["ResourceArn"]:
            raise refused("AccessDeniedException", "ListTags")
        return list_tags(p)

    world.sagemaker.list_tags = guarded
    survey = reaper(world, Airflow(ENDED)).survey()
    assert [orphan.submission.id for orphan in survey.orphans] == [ours.id]
    assert survey.failures == ()
    assert f"training job {theirs.id} is left alone" in caplog.text


def test_only_the_kinds_that_are_named_are_listed() -> None:
    world = World()
    for kind in STOPPABLE:
        until_started(world, kind, owner())
    process = Process(lambda caller: Reaper([Reach(world.clients(caller), named=())], Airflow(ENDED)).survey())
    assert process.finish().orphans == ()
    assert process.calls == []


def test_one_stop_that_fails_does_not_keep_the_others() -> None:
    world = World()
    for task in ("a", "b"):
        until_started(world, "glue", owner(task_id=task))
    reaping = reaper(world, Airflow(ENDED))
    orphans = reaping.survey().orphans
    world.glue.runs[1].stop = lambda: False
    left = reaping.stop(orphans)
    assert [orphan.submission.id for orphan, _ in left] == [world.glue.runs[1].id]
    world.aws.clock.advance(10)
    assert world.live("glue") == [world.glue.runs[1].id]


def test_two_connections_to_one_place_find_a_job_once() -> None:
    world = World()
    until_started(world, "training", owner())
    reaches = [Reach(world.clients()), Reach(world.clients())]
    assert len(Reaper(reaches, Airflow(ENDED)).survey().orphans) == 1


def test_a_function_is_never_asked_to_stop() -> None:
    world = World()
    orphan = Orphan(Submission("lambda", "clean", "t", Attempt(owner(), 1)), TARGET, "")
    assert "cannot be stopped" in reaper(world, Airflow(ENDED)).stop([orphan])[0][1]
    assert issubclass(InputError, Exception)


@pytest.mark.parametrize(
    ("state", "group", "expected"),
    [
        ("running", 2, LIVE), ("deferred", 2, LIVE), ("up_for_retry", 2, LIVE), ("queued", None, LIVE),
        (None, 2, LIVE), ("restarting", 2, LIVE),
        (None, 5, SUPERSEDED), ("running", 5, SUPERSEDED), ("running", 1, SUPERSEDED),
        ("success", 2, ENDED), ("failed", 5, ENDED), ("skipped", None, ENDED), ("removed", 2, ENDED),
        ("upstream_failed", 2, ENDED),
    ],
)  # fmt: skip
def test_what_a_task_instance_says_of_an_owner(state: str | None, group: int | None, expected: LiveState) -> None:
    assert live_state(owner(group=2), state=state, group=group) is expected


@given(said=st.lists(st.sampled_from(LiveState), max_size=8), twins=st.sets(st.integers(0, 7)))
def test_exactly_the_jobs_without_a_live_task_are_orphans(said: list[LiveState], twins: set[int]) -> None:
    owners = [owner(task_id=f"t{number}") for number in range(len(said))]
    found = [
        Found(Submission("glue", "etl", each.task_id, Attempt(each, 1)), TARGET, "twin" if number in twins else "")
        for number, each in enumerate(owners)
    ]
    orphans = orphans_among(found, dict(zip(owners, said, strict=True)))
    expected = [n for n, state in enumerate(said) if n in twins or state in (ENDED, SUPERSEDED, GONE)]
    assert [orphan.submission.id for orphan in orphans] == [f"t{number}" for number in expected]
    assert all(orphan.why and orphan.document()["why"] for orphan in orphans)


@pytest.mark.parametrize("kind", STOPPABLE)
def test_a_job_that_names_no_topology_is_not_ours(kind: str) -> None:
    """An operator without names has started it, perhaps another team's, in the same account."""
    world = World()
    until_started(world, kind, owner())
    survey = reaper(world, Airflow(GONE), topology="unified-pipelines").survey()
    assert (survey.orphans, survey.kept) == ((), ())


@pytest.mark.parametrize("kind", STOPPABLE)
def test_beside_a_later_group_s_job_an_earlier_one_s_is_an_orphan_though_the_task_is_live(kind: str) -> None:
    """A worker that paused submits when its task was long cleared: the Task SDK tells no groups."""
    world = World()
    late = world.jobs(kind, tried=1).submit(Attempt(owner(group=2), 1))
    now = world.jobs(kind, tried=2).submit(Attempt(owner(group=3), 1))
    reaping = reaper(world, Airflow(LIVE))
    survey = reaping.survey()
    assert [orphan.submission.id for orphan in survey.orphans] == [late.id]
    assert now.id in survey.orphans[0].why
    assert [found.submission.id for found in survey.kept] == [now.id]
    assert reaping.stop(survey.orphans) == ()
    world.aws.clock.advance(100)
    assert world.live(kind) == [now.id]


def test_two_live_jobs_of_one_group_are_left_to_their_claims() -> None:
    world = World()
    for ordinal in (1, 2):
        world.jobs("training").submit(Attempt(owner(), ordinal))
    assert reaper(world, Airflow(LIVE)).survey().orphans == ()


@pytest.mark.parametrize(
    "marks",
    [
        {"--crosswind-owner": owner().text.replace('"train"', '["train"]')},
        {"--crosswind-fence": "x"},
        {"--crosswind-try": "-1"},
        {"--crosswind-token": "x"},
    ],
)
def test_forged_marks_hide_no_orphan(marks: dict[str, str]) -> None:
    world = World()
    ours = until_started(world, "glue", owner(task_id="ours")).submission
    given = {"--crosswind-token": Attempt(owner(), 1).token, "--crosswind-owner": owner().text, **marks}
    world.clients().client("glue").start_job_run(JobName="etl", Arguments=given)
    assert ours.id in [orphan.submission.id for orphan in reaper(world, Airflow(GONE)).survey().orphans]


@pytest.mark.parametrize(
    ("state", "since", "expected"),
    [("running", 7, SUPERSEDED), (None, 7, SUPERSEDED), ("running", owner().since, LIVE), ("failed", 7, ENDED)],
)
def test_a_run_that_was_made_again_owns_nothing_of_the_first(
    state: str | None, since: int, expected: LiveState
) -> None:
    assert live_state(owner(), state=state, group=owner().group, since=since) is expected


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"r-1": {"train": "running"}}, LIVE),
        ({"r-1": {"train": "restarting"}}, LIVE),
        ({"r-1": {"train": "success"}}, ENDED),
        # Cleared; or the scheduler that had it died, and its next try adopts the job.
        ({"r-1": {"train": None}}, LIVE),
        ({"r-1": {"other": "running"}}, GONE),
        ({"r-2": {"train": "running"}}, GONE),
        ({}, GONE),
    ],
)
def test_what_an_answer_of_the_task_sdk_says(answer: Any, state: LiveState) -> None:
    assert states_in(answer, owner(run_id="r-1")) is state


def test_a_mapped_task_is_asked_for_by_its_index() -> None:
    mapped = Owner("ml", "r-1", "train", 3, 2)
    assert states_in({"r-1": {"train_3": "running", "train": "failed"}}, mapped) is LIVE
