"""Glue: the claim, the fence, the race that remains and how it heals; what a run carries and how it is read."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from crosswind.airflow.jobs.claims import LEASE_SECONDS, ClaimHeldError
from crosswind.airflow.jobs.failures import FailureClass, classify
from crosswind.airflow.jobs.glue import GlueJobs
from crosswind.airflow.jobs.glue_runs import GlueRun, GlueRuns
from crosswind.airflow.jobs.model import JobState
from crosswind.airflow.jobs.submit import SubmitOnce
from crosswind.airflow.owner import Attempt, Owner
from crosswind.errors import AwsError
from tests.simulator.aws import Blow, Crash
from tests.unit.airflow.jobs.world import BUCKET, CLAIMS, Blown, Process, World, owner, until_started


def claim_of(world: World, attempt: Attempt) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.aws.s3.buckets[BUCKET].current(CLAIMS + attempt.token).body)
    return found


def test_a_run_carries_its_marks_and_the_caller_s_arguments() -> None:
    world = World()
    jobs = world.jobs("glue", topology="unified", details=lambda attempt: {"prefix": f"transformed/{attempt.folder}/"})
    started = SubmitOnce(jobs).start(owner())
    attempt = started.submission.attempt
    arguments = world.glue.runs[0].request["Arguments"]
    assert arguments == {
        "--prefix": f"transformed/{attempt.folder}/",
        "--crosswind-token": attempt.token,
        "--crosswind-owner": owner().text,
        "--crosswind-fence": "1",
        "--crosswind-topology": "unified",
    }
    assert Owner.of(arguments["--crosswind-owner"]) == owner()
    assert started.submission.details == {"prefix": f"transformed/{attempt.folder}/"}
    assert claim_of(world, attempt)["job"] == started.submission.id


def test_adoption_by_a_recorded_claim_reads_no_history() -> None:
    world = World()
    until_started(world, "glue", owner())
    process = Process(lambda caller: SubmitOnce(world.jobs("glue", caller)).start(owner()))
    assert process.finish().adopted
    assert process.calls == ["list_objects_v2", "list_objects_v2", "get_object", "get_job_run"]


def test_a_first_submission_makes_five_calls() -> None:
    world = World()
    process = Process(lambda caller: SubmitOnce(world.jobs("glue", caller)).start(owner()))
    process.finish()
    assert process.calls == ["list_objects_v2", "list_objects_v2", "put_object", "start_job_run", "put_object"]


def test_a_run_whose_id_was_not_recorded_is_found_at_once_by_its_token() -> None:
    world = World()
    with pytest.raises(Crash):
        SubmitOnce(world.jobs("glue", Blown(3, Blow.CRASH_AFTER))).start(owner())
    assert len(world.glue.runs) == 1
    started = SubmitOnce(world.jobs("glue")).start(owner())
    assert started.adopted
    assert started.submission.id == world.glue.runs[0].id


def test_a_claim_that_a_dead_try_left_holds_for_the_lease() -> None:
    world = World()
    with pytest.raises(Crash):
        SubmitOnce(world.jobs("glue", Blown(3, Blow.CRASH_BEFORE))).start(owner())
    world.aws.clock.advance(30)
    with pytest.raises(ClaimHeldError) as held:
        SubmitOnce(world.jobs("glue")).start(owner())
    assert held.value.seconds == pytest.approx(LEASE_SECONDS - 30, abs=1)
    failure = classify(held.value)
    assert (failure.kind, failure.retry) == (FailureClass.LOST, True)
    assert failure.attempts > 0
    assert failure.wait_seconds(1) == held.value.seconds
    world.aws.clock.advance(held.value.seconds)
    started = SubmitOnce(world.jobs("glue")).start(owner())
    assert claim_of(world, started.submission.attempt)["fence"] == 2
    assert world.live("glue") == [started.submission.id]


def test_a_refused_start_gives_the_claim_up_so_that_nobody_waits_for_it() -> None:
    world = World(concurrent=1)
    SubmitOnce(world.jobs("glue")).start(owner(task_id="other"))
    with pytest.raises(Exception, match="ConcurrentRunsExceededException") as refused:
        SubmitOnce(world.jobs("glue")).start(owner())
    failure = classify(refused.value)
    assert failure.kind is FailureClass.CAPACITY
    assert failure.wait_seconds(1) >= 60
    world.aws.clock.advance(20_000)
    started = SubmitOnce(world.jobs("glue")).start(owner())  # another process, and no lease to wait for
    assert world.live("glue") == [started.submission.id]


def test_the_refusal_is_told_also_when_the_claim_cannot_be_given_up(caplog: pytest.LogCaptureFixture) -> None:
    world = World(concurrent=0)
    with pytest.raises(Exception, match="ConcurrentRunsExceededException"):
        SubmitOnce(world.jobs("glue", Blown(4, Blow.THROTTLED))).start(owner())
    assert "could not be given up" in caplog.text


def test_the_race_that_remains_is_noticed_counted_and_healed(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    jobs: list[GlueJobs] = []

    def submit(caller: Process) -> Any:
        made = world.jobs("glue", caller)
        assert isinstance(made, GlueJobs)
        jobs.append(made)
        return SubmitOnce(made).start(owner())

    late = Process(submit)
    late.until("start_job_run")
    world.aws.clock.advance(LEASE_SECONDS + 1)
    other = SubmitOnce(world.jobs("glue")).start(owner())
    with caplog.at_level(logging.WARNING):
        started = late.finish()
    assert started.submission.id == other.submission.id
    assert jobs[0].twins == 1
    assert "a second one" in caplog.text
    world.aws.clock.advance(10)
    assert len(world.glue.runs) == 2
    assert world.live("glue") == [other.submission.id]


def test_who_took_over_looks_again_after_its_start() -> None:
    """The late run is started between the other's look and its start, and its submitter dies at once."""
    world = World()
    late = Process(lambda caller: SubmitOnce(world.jobs("glue", caller)).start(owner()))
    late.until("start_job_run")
    world.aws.clock.advance(LEASE_SECONDS + 1)
    other = Process(lambda caller: SubmitOnce(world.jobs("glue", caller)).start(owner()))
    other.until("start_job_run")
    late.step()  # and never goes on
    started = other.finish()
    world.aws.clock.advance(10)
    assert len(world.glue.runs) == 2
    assert world.live("glue") == [started.submission.id]


def test_a_run_that_comes_late_writes_elsewhere() -> None:
    """It may be started after the other's end, when the other's data is long handed over."""
    world = World()
    details = {"details": lambda attempt: {"prefix": f"transformed/{attempt.folder}/"}}
    late = Process(lambda caller: SubmitOnce(world.jobs("glue", caller, **details)).start(owner()))
    late.until("start_job_run")
    world.aws.clock.advance(LEASE_SECONDS + 1)
    other = SubmitOnce(world.jobs("glue", **details)).start(owner())
    late.step()  # and never goes on
    prefixes = [run.request["Arguments"]["--prefix"] for run in world.glue.runs]
    assert prefixes == [other.submission.details["prefix"], f"transformed/{Attempt(owner(), 1).folder}/"]
    assert prefixes[0] == f"transformed/{Attempt(owner(), 1, fence=2).folder}/"
    world.aws.clock.advance(20_000)
    again = SubmitOnce(world.jobs("glue", **details)).start(owner())
    assert again.submission == other.submission
    assert again.look.outcome["prefix"] == prefixes[0]


def test_arguments_are_made_before_the_lease_begins_anew() -> None:
    """They may call AWS, and nothing that takes time may come between the renewal and the start."""
    world, attempt = World(), Attempt(owner(), 1)
    clients, seen = world.clients(), []
    world.claims(clients).take(attempt.token)  # and dies
    world.aws.clock.advance(LEASE_SECONDS)

    def arguments(of: Attempt) -> dict[str, str]:
        seen.append((of.fence, claim_of(world, attempt)["beat"]))
        return {}

    GlueJobs(clients, "etl", arguments, world.claims(clients)).submit(attempt)
    assert seen == [(1, 0), (2, 1)]  # the next are the renewal and the run's id
    assert claim_of(world, attempt)["beat"] == 3


@pytest.mark.parametrize("seconds", [0, LEASE_SECONDS])
def test_submitting_looks_for_what_a_lost_answer_has_started(seconds: float) -> None:
    world, attempt = World(), Attempt(owner(), 1)
    jobs = world.jobs("glue", Blown(1, Blow.LOST))
    with pytest.raises(ReadTimeoutError):
        jobs.submit(attempt)
    world.aws.clock.advance(seconds)
    again = world.jobs("glue") if seconds else jobs  # another process waits for the lease, the same need not
    assert again.submit(attempt).id == world.glue.runs[0].id
    assert len(world.glue.runs) == 1
    assert claim_of(world, attempt)["job"] == world.glue.runs[0].id


def test_who_lost_the_claim_while_looking_starts_nothing() -> None:
    """Between its look for a run and its start a submitter renews its claim: another may have taken it over."""
    world, attempt = World(), Attempt(owner(), 1)
    world.claims(world.clients()).take(attempt.token)  # and dies
    world.aws.clock.advance(LEASE_SECONDS)
    slow = Process(lambda caller: world.jobs("glue", caller).submit(attempt))
    slow.until("get_job_runs", "put_object")
    world.aws.clock.advance(LEASE_SECONDS)
    run = world.jobs("glue").submit(attempt)
    with pytest.raises(ClaimHeldError):
        slow.finish()
    assert [each.id for each in world.glue.runs] == [run.id]


def test_history_is_read_down_to_its_bound_and_no_further() -> None:
    world = World(concurrent=1000)
    world.goes(runs=1)
    clients = world.clients()
    for _ in range(450):
        clients.client("glue").start_job_run(JobName="etl")
        world.aws.clock.advance(10)
    since = world.aws.clock.date() - timedelta(seconds=1005)
    process = Process(lambda caller: list(GlueRuns(world.clients(caller), "etl", since).all()))
    assert len(process.finish()) == 100
    assert process.calls == ["get_job_runs"]
    assert len(list(GlueRuns(clients, "etl").all())) == 450
    # Were the order another, all pages would be read: a run must not be missed.
    world.glue.runs.reverse()
    process = Process(lambda caller: list(GlueRuns(world.clients(caller), "etl", since).all()))
    assert len(process.finish()) == 100
    assert process.calls == ["get_job_runs"] * 3


@pytest.mark.parametrize(
    ("record", "state", "reason"),
    [
        ({"JobRunState": "STARTING"}, JobState.RUNNING, ""),
        ({"JobRunState": "WAITING"}, JobState.RUNNING, ""),
        ({"JobRunState": "RUNNING"}, JobState.RUNNING, ""),
        ({"JobRunState": "STOPPING"}, JobState.RUNNING, "stopping"),
        ({"JobRunState": "A_NEW_ONE"}, JobState.RUNNING, ""),
        ({"JobRunState": "A_NEW_ONE", "CompletedOn": 1}, JobState.FAILED, "A_NEW_ONE: Glue gives no reason"),
        ({"JobRunState": "STOPPED"}, JobState.STOPPED, "it was stopped"),
        ({"JobRunState": "FAILED", "ErrorMessage": "boom"}, JobState.FAILED, "FAILED: boom"),
        ({"JobRunState": "TIMEOUT"}, JobState.FAILED, "TIMEOUT: Glue gives no reason"),
        ({"JobRunState": "ERROR"}, JobState.FAILED, "ERROR: Glue gives no reason"),
        ({"JobRunState": "EXPIRED"}, JobState.FAILED, "EXPIRED: Glue gives no reason"),
    ],
)
def test_each_state_of_a_run(record: dict[str, Any], state: JobState, reason: str) -> None:
    world = World()
    submission = SubmitOnce(world.jobs("glue")).start(owner()).submission
    world.aws.service("glue", world.clients().target.account, world.clients().target.region).get_job_run = lambda _: {
        "JobRun": {"Id": "jr", **record}
    }
    look = world.jobs("glue").look(submission)
    assert (look.state, look.reason) == (state, reason)


def test_a_run_that_is_not_ours_has_no_attempt() -> None:
    ours = {"--crosswind-token": Attempt(owner(), 1).token, "--crosswind-owner": owner().text}
    assert GlueRun({"Arguments": ours}).attempt == Attempt(owner(), 1)
    for arguments in (
        None, {}, {**ours, "--crosswind-owner": "{}"}, {**ours, "--crosswind-token": "x"},
        {**ours, "--crosswind-token": Attempt(owner(group=3), 1).token},
    ):  # fmt: skip
        assert GlueRun({"Arguments": arguments}).attempt is None


def test_a_stop_that_glue_does_not_carry_out_is_an_error() -> None:
    world = World()
    submission = SubmitOnce(world.jobs("glue")).start(owner()).submission
    world.glue.runs[0].stop = lambda: False
    with pytest.raises(AwsError, match=r"did not stop run .* which is STARTING"):
        world.jobs("glue").stop(submission)


def test_the_log_is_read_from_output_and_error_and_only_once() -> None:
    world = World()
    jobs = world.jobs("glue")
    submission = SubmitOnce(jobs).start(owner()).submission
    assert jobs.log_lines(submission, {}) == ([], {})
    world.logs["/aws-glue/jobs/output", submission.id] = ["rows 10\n"]
    lines, position = jobs.log_lines(submission, {})
    assert lines == ["rows 10"]
    world.logs["/aws-glue/jobs/output", submission.id] += ["rows 20"]
    world.logs["/aws-glue/jobs/error", submission.id] = ["a warning"]
    lines, position = jobs.log_lines(submission, position)
    assert lines == ["rows 20", "a warning"]
    assert jobs.log_lines(submission, position)[0] == []
