"""Submit once, for each kind of job: the same behaviour, however AWS makes it possible."""

from __future__ import annotations

import logging

import pytest

from crosswind.airflow.jobs.model import JobState, Submission
from crosswind.airflow.jobs.submit import SubmitOnce
from crosswind.airflow.owner import Attempt
from crosswind.errors import InputError, RunError
from tests.unit.airflow.jobs.world import KINDS, Fixed, Way, World, owner, until_started

STOPPABLE = KINDS[:3]


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_try_submits_and_the_next_adopts(kind: str) -> None:
    world = World()
    first = SubmitOnce(world.jobs(kind)).start(owner())
    world.aws.clock.advance(1)
    second = SubmitOnce(world.jobs(kind)).start(owner())
    assert not first.adopted
    assert second.adopted
    assert second.submission.id == first.submission.id
    assert second.submission.attempt == first.submission.attempt
    assert second.look.state is JobState.RUNNING
    assert len(world.live(kind)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_submission_survives_as_plain_data(kind: str) -> None:
    world = World()
    submission = SubmitOnce(world.jobs(kind)).start(owner()).submission
    again = Submission.of(submission.document())
    assert again == submission
    assert world.jobs(kind).look(again).state is JobState.RUNNING


@pytest.mark.parametrize("kind", KINDS)
def test_a_succeeded_job_is_adopted_with_its_outcome(kind: str) -> None:
    world = World(seconds=10)
    SubmitOnce(world.jobs(kind)).start(owner())
    world.aws.clock.advance(100)
    again = SubmitOnce(world.jobs(kind)).start(owner())
    assert again.adopted
    assert again.look.state is JobState.SUCCEEDED
    assert again.look.outcome


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_failed_job_the_next_ordinal_is_submitted(kind: str) -> None:
    world = World(seconds=10)
    world.goes(fails="AlgorithmError: exit code 1", runs=10)
    world.functions.way = lambda *_: Way(fails=True)
    first = SubmitOnce(world.jobs(kind)).start(owner())
    world.aws.clock.advance(100)
    world.goes(runs=1000)
    world.functions.way = lambda *_: Way()
    second = SubmitOnce(world.jobs(kind)).start(owner())
    assert not second.adopted
    assert (first.submission.attempt.ordinal, second.submission.attempt.ordinal) == (1, 2)
    assert first.submission.id != second.submission.id
    world.aws.clock.advance(2)
    third = SubmitOnce(world.jobs(kind)).start(owner())
    assert third.adopted
    assert third.submission.attempt.ordinal == 2


@pytest.mark.parametrize("kind", STOPPABLE)
def test_a_job_that_is_stopping_is_waited_for_and_not_adopted_again(kind: str) -> None:
    world = World()
    jobs = world.jobs(kind)
    first = SubmitOnce(jobs).start(owner())
    world.aws.clock.advance(30)
    jobs.stop(first.submission)
    jobs.stop(first.submission)  # safe to repeat
    stopping = SubmitOnce(world.jobs(kind)).start(owner())
    assert stopping.adopted
    assert (stopping.look.state, stopping.look.reason) == (JobState.RUNNING, "stopping")
    world.aws.clock.advance(30)
    assert world.jobs(kind).look(first.submission).state is JobState.STOPPED
    jobs.stop(first.submission)  # also when it has ended
    after = SubmitOnce(world.jobs(kind)).start(owner())
    assert not after.adopted
    assert after.submission.attempt.ordinal == 2


@pytest.mark.parametrize("kind", STOPPABLE)
def test_a_cleared_task_gets_a_new_job_and_its_old_one_is_stopped(kind: str) -> None:
    world = World()
    old = SubmitOnce(world.jobs(kind)).start(owner(group=2))
    world.aws.clock.advance(30)
    new = SubmitOnce(world.jobs(kind)).start(owner(group=5))
    world.aws.clock.advance(30)
    assert not new.adopted
    assert new.submission.attempt.token.endswith("-5-1")
    assert world.jobs(kind).look(old.submission).state is JobState.STOPPED
    assert world.live(kind) == [new.submission.id]


@pytest.mark.parametrize("kind", STOPPABLE)
def test_a_try_that_airflow_gave_up_does_not_stop_the_job_of_a_later_group(kind: str) -> None:
    world = World()
    new = SubmitOnce(world.jobs(kind)).start(owner(group=5))
    assert list(world.jobs(kind).stale(owner(group=2))) == []
    assert world.live(kind) == [new.submission.id]


@pytest.mark.parametrize("kind", KINDS)
def test_other_tasks_and_map_indexes_have_jobs_of_their_own(kind: str) -> None:
    world = World()
    ids = {SubmitOnce(world.jobs(kind)).start(owner(task_id=task)).submission.id for task in ("a", "b", "a.b")}
    assert len(ids) == 3


@pytest.mark.parametrize("kind", STOPPABLE)
def test_a_job_that_aws_does_not_know_is_lost(kind: str) -> None:
    world = World()
    submission = SubmitOnce(world.jobs(kind)).start(owner()).submission
    assert World().jobs(kind).look(submission).state is JobState.LOST


def test_the_log_says_what_happened_where(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    with caplog.at_level(logging.INFO):
        started = until_started(world, "training", owner())
        until_started(world, "training", owner())
        world.sagemaker.script = Fixed()
        until_started(world, "training", owner(group=3))
    text = [message for message in caplog.messages if "training job" in message]
    name, where = started.submission.id, "in account 222222222222, Region us-west-2."
    assert text[0] == f"training job submitted: {name}, attempt {started.submission.attempt.token}, {where}"
    assert text[1].startswith(f"training job adopted (running): {name}")
    assert text[2].startswith("training job stopped, since its task was cleared:")
    assert all(where in line for line in text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_was_deleted_and_made_again_under_its_id_begins_anew(kind: str) -> None:
    """Scheduled runs always have the same ids; what the first one made is not the second one's."""
    world = World(seconds=10)
    first = SubmitOnce(world.jobs(kind)).start(owner())
    world.aws.clock.advance(100)
    again = SubmitOnce(world.jobs(kind)).start(owner(since=owner().since + 3600))
    assert not again.adopted
    assert again.submission.id != first.submission.id


@pytest.mark.parametrize("kind", STOPPABLE)
def test_what_the_first_run_of_an_id_has_left_running_is_stopped(kind: str) -> None:
    world = World()
    first = SubmitOnce(world.jobs(kind)).start(owner(group=5))
    SubmitOnce(world.jobs(kind)).start(owner(since=owner().since + 3600))
    world.aws.clock.advance(100)
    assert first.submission.id not in world.live(kind)
    assert len(world.live(kind)) == 1


@pytest.mark.parametrize("kind", STOPPABLE)
def test_a_group_whose_number_fell_still_stops_the_one_before(kind: str) -> None:
    """`retries` was lowered, then the task cleared: the later try tells."""
    world = World()
    SubmitOnce(world.jobs(kind, tried=2)).start(owner(group=5))
    later = SubmitOnce(world.jobs(kind, tried=3)).start(owner(group=3))
    world.aws.clock.advance(100)
    assert world.live(kind) == [later.submission.id]
    SubmitOnce(world.jobs(kind, tried=2)).start(owner(group=5))  # a try that Airflow has given up, and that goes on
    world.aws.clock.advance(100)
    assert later.submission.id in world.live(kind)


def test_a_claim_that_names_another_owner_s_run_is_refused() -> None:
    world = World()
    SubmitOnce(world.jobs("glue")).start(owner(task_id="other"))
    claims = world.claims(world.clients(), holder="x")
    claim = claims.take(Attempt(owner(), 1).token)
    claims.record(claim, world.live("glue")[0])
    with pytest.raises(InputError, match="which is another's"):
        SubmitOnce(world.jobs("glue")).start(owner())


@pytest.mark.parametrize("kind", KINDS)
def test_who_was_told_to_end_submits_nothing_and_leaves_the_way_free(kind: str) -> None:
    world = World()
    jobs = world.jobs(kind)
    jobs.end()
    with pytest.raises(RunError, match="nothing was submitted"):
        SubmitOnce(jobs).start(owner())
    assert world.live(kind) == []
    after = SubmitOnce(world.jobs(kind)).start(owner())  # and waits for no lease
    assert (after.adopted, after.submission.attempt.ordinal) == (False, 1)


def test_a_synchronous_function_is_not_called_either() -> None:
    world = World()
    jobs = world.jobs("lambda", results=None)
    jobs.end()
    with pytest.raises(RunError, match="nothing was submitted"):
        SubmitOnce(jobs).start(owner())
    assert world.functions.executions == []
