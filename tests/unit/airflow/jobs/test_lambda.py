"""Functions: what they get, synchronous answers, asynchronous results, logs, and what cannot be known."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from crosswind.airflow.jobs.failures import FailureClass, classify
from crosswind.airflow.jobs.lambda_ import LambdaJobs
from crosswind.airflow.jobs.model import JobState
from crosswind.airflow.jobs.submit import SubmitOnce
from crosswind.airflow.owner import Attempt, Owner
from crosswind.errors import InputError, RunTimeoutError
from tests.simulator.aws import Blow, Crash
from tests.unit.airflow.jobs.world import BUCKET, Blown, Process, Way, World, owner

SYNCHRONOUS: dict[str, Any] = {"claims": None, "results": None}


def test_a_function_gets_its_members_its_token_and_where_to_put_its_result() -> None:
    world = World()
    started = SubmitOnce(world.jobs("lambda")).start(owner())
    world.aws.clock.advance(1)
    payload = world.functions.executions[0].payload
    token = started.submission.attempt.token
    assert payload["keys"] == ["a"]
    assert payload["crosswind"]["token"] == token
    assert Owner.of(payload["crosswind"]["owner"]) == owner()
    assert payload["crosswind"]["result"] == {"bucket": BUCKET, "key": f"results/{token}.json"}


def test_a_payload_may_not_hold_our_member() -> None:
    world = World()
    jobs = LambdaJobs(world.clients(), "clean", lambda _: {"crosswind": 1}, 60)
    with pytest.raises(InputError, match="crosswind"):
        jobs.submit(Attempt(owner(), 1))


def test_results_need_claims() -> None:
    with pytest.raises(InputError, match="no claims place"):
        LambdaJobs(World().clients(), "clean", lambda _: {}, 60, results=(BUCKET, "results/"))


def test_a_synchronous_answer_is_the_outcome_at_once() -> None:
    world = World()
    jobs = world.jobs("lambda", **SYNCHRONOUS)
    started = SubmitOnce(jobs).start(owner())
    assert started.look.state is JobState.SUCCEEDED
    assert started.look.outcome == {"answer": {"deleted": 1}}
    assert started.submission.details["ended"] == "yes"
    assert "result" not in world.functions.executions[0].payload["crosswind"]
    assert jobs.find(owner()) == []
    # The answer is with the process that had it.
    assert world.jobs("lambda", **SYNCHRONOUS).look(started.submission).state is JobState.LOST


def test_a_synchronous_error_is_a_failed_job_with_the_function_s_words() -> None:
    world = World()
    world.functions.way = lambda *_: Way(fails=True)
    started = SubmitOnce(world.jobs("lambda", **SYNCHRONOUS)).start(owner())
    assert (started.look.state, started.look.reason) == (JobState.FAILED, "Error: the function failed")


def test_the_client_waits_longer_than_the_function_may_take_and_sends_once() -> None:
    world = World()
    world.functions.way = lambda *_: Way(runs=85)
    assert SubmitOnce(world.jobs("lambda", **SYNCHRONOUS)).start(owner()).look.state is JobState.SUCCEEDED
    assert len(world.functions.executions) == 1


@pytest.mark.parametrize("blow", [Blow.LOST, Blow.RESENT])
def test_a_lost_synchronous_answer_is_said_to_be_lost_and_not_sent_again(blow: Blow) -> None:
    world = World()
    with pytest.raises(RunTimeoutError, match="may still be running") as raised:
        SubmitOnce(world.jobs("lambda", Blown(0, blow), **SYNCHRONOUS)).start(owner())
    failure = classify(raised.value)
    assert (failure.kind, failure.retry, failure.attempts) == (FailureClass.LOST, True, 0)
    assert len(world.functions.executions) == 1


def test_an_asynchronous_result_is_found_by_any_process() -> None:
    world = World()
    submission = SubmitOnce(world.jobs("lambda")).start(owner()).submission
    world.aws.clock.advance(2)
    assert world.jobs("lambda").look(submission).state is JobState.RUNNING
    world.aws.clock.advance(2)
    look = world.jobs("lambda").look(submission)
    assert (look.state, look.outcome) == (JobState.SUCCEEDED, {"answer": {"deleted": 1}})


def test_ending_without_a_result_is_a_failure_with_the_last_words() -> None:
    world = World()
    world.functions.way = lambda *_: Way(fails=True)
    submission = SubmitOnce(world.jobs("lambda")).start(owner()).submission
    world.aws.clock.advance(2)
    world.logs["/aws/lambda/clean", "stream-1"].append("[ERROR] ValueError: no such key\n")
    world.aws.clock.advance(10)
    look = world.jobs("lambda").look(submission)
    assert look.state is JobState.FAILED
    assert look.reason == "it ended without its result object: [ERROR] ValueError: no such key"


def test_a_result_written_between_the_two_looks_counts() -> None:
    """The REPORT line is there, the result came after the first look for it."""
    world = World()
    submission = SubmitOnce(world.jobs("lambda")).start(owner()).submission
    world.aws.clock.advance(2)
    process = Process(lambda caller: world.jobs("lambda", caller).look(submission))
    process.step()  # looked for the result: none
    world.aws.clock.advance(10)
    assert process.finish().state is JobState.SUCCEEDED


def test_a_result_that_is_not_json_is_a_failure() -> None:
    world = World()
    submission = SubmitOnce(world.jobs("lambda")).start(owner()).submission
    world.aws.s3.write(world.aws.s3.buckets[BUCKET], submission.details["key"], b"<html>")
    look = world.jobs("lambda").look(submission)
    assert look.state is JobState.FAILED
    assert "is not JSON" in look.reason


def test_what_may_have_been_invoked_counts_as_invoked_until_its_time_is_over() -> None:
    world = World()
    with pytest.raises(Crash):
        SubmitOnce(world.jobs("lambda", Blown(2, Blow.CRASH_BEFORE))).start(owner())
    world.aws.clock.advance(150)
    waiting = SubmitOnce(world.jobs("lambda")).start(owner())
    assert waiting.adopted
    assert waiting.look.state is JobState.RUNNING
    assert world.functions.executions == []
    world.aws.clock.advance(40)
    assert "no end in its log" in world.jobs("lambda").look(waiting.submission).reason
    after = SubmitOnce(world.jobs("lambda")).start(owner())
    assert after.submission.attempt.ordinal == 2
    world.aws.clock.advance(10)
    assert len(world.functions.executions) == 1


def test_a_refused_invocation_can_be_sent_again_by_this_process_and_any_other() -> None:
    world = World()
    del world.functions.code["clean"]
    jobs = world.jobs("lambda")
    for each in (jobs, jobs, world.jobs("lambda")):
        with pytest.raises(Exception, match="ResourceNotFoundException"):
            SubmitOnce(each).start(owner())
    world.functions.code["clean"] = world._clean
    started = SubmitOnce(world.jobs("lambda")).start(owner())
    assert started.submission.attempt.ordinal == 1
    world.aws.clock.advance(10)
    assert world.jobs("lambda").look(started.submission).state is JobState.SUCCEEDED


def test_a_process_does_not_invoke_again_what_it_may_have_invoked() -> None:
    world, attempt = World(), Attempt(owner(), 1)
    jobs = world.jobs("lambda", Blown(1, Blow.LOST))
    with pytest.raises(ReadTimeoutError):
        jobs.submit(attempt)
    submission = jobs.submit(attempt)
    world.aws.clock.advance(10)
    assert len(world.functions.executions) == 1
    assert jobs.look(submission).state is JobState.SUCCEEDED


def test_a_process_goes_on_under_its_claim_when_it_could_not_give_it_up() -> None:
    world, attempt = World(), Attempt(owner(), 1)
    jobs = world.jobs("lambda", Blown(2, Blow.THROTTLED))
    world.functions.code.clear()
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        jobs.submit(attempt)
    world.functions.code["clean"] = world._clean
    submission = jobs.submit(attempt)
    world.aws.clock.advance(10)
    assert jobs.look(submission).state is JobState.SUCCEEDED


def test_a_function_cannot_be_stopped_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    jobs = world.jobs("lambda")
    submission = SubmitOnce(jobs).start(owner()).submission
    with caplog.at_level(logging.WARNING):
        jobs.stop(submission)
    assert "cannot be stopped; it ends by its time-out of 60 s" in caplog.text
    assert list(jobs.stale(owner(group=9))) == []


def test_its_log_is_its_own_lines_of_a_shared_stream() -> None:
    world = World()
    jobs = world.jobs("lambda")
    submission = SubmitOnce(jobs).start(owner()).submission
    request = submission.details["request"]
    assert jobs.log_lines(submission, {}) == ([], {})
    stream = world.logs.setdefault(("/aws/lambda/clean", "a"), [])
    stream += ["START RequestId: other\n", "not ours", "REPORT RequestId: other\n"]
    stream += [f"START RequestId: {request} Version: 1\n", "one"]
    lines, position = jobs.log_lines(submission, {})
    assert lines == [f"START RequestId: {request} Version: 1", "one"]
    stream += ["two", f"REPORT RequestId: {request}\tDuration", "START RequestId: next", "not ours either"]
    lines, position = jobs.log_lines(submission, json.loads(json.dumps(dict(position))))
    assert lines == ["two", f"REPORT RequestId: {request}\tDuration"]
    assert jobs.log_lines(submission, position) == ([], position)
