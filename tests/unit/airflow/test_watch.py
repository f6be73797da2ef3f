"""The wait for a job: what each kind of look leads to, whoever takes the steps."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.jobs.glue import GlueJobs
from crosswind.airflow.jobs.lambda_ import LambdaJobs
from crosswind.airflow.jobs.model import JobState, Look, Submission
from crosswind.airflow.jobs.processing import ProcessingJobs
from crosswind.airflow.jobs.training import TrainingJobs
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.watch import FAILED_LOOKS, Step, Watch, look_of, watched
from crosswind.errors import InputError, UnreachableError

ATTEMPT = Attempt(Owner("d", "r", "t", -1, 2), 1)
JOB = Submission("training", "j", "j", ATTEMPT)
RUNNING, DONE = Look(JobState.RUNNING), Look(JobState.SUCCEEDED, outcome={"model_artifact": "s3://b/m"})
LOST = UnreachableError("no answer")


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "DescribeTrainingJob")


class Jobs:
    """Looks and log lines given beforehand; the last look for good."""

    kind = "training"

    def __init__(self, *looks: Look | Exception, lines: Any = ()) -> None:
        self.looks = list(looks)
        self.lines = list(lines)
        self.stopped: list[Submission] = []

    def look(self, submission: Submission) -> Look:
        answer = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def log_lines(self, submission: Submission, position: Mapping[str, str]) -> tuple[list[str], Mapping[str, str]]:
        if self.lines and isinstance(self.lines[0], Exception):
            raise self.lines.pop(0)
        begin = int(position.get("at", "0"))
        return self.lines[begin : begin + 1], {"at": str(begin + 1)}

    def stop(self, submission: Submission) -> None:
        self.stopped.append(submission)


def watch(jobs: Any, **changes: Any) -> Watch:
    settings: dict[str, Any] = {
        "connect": lambda: jobs,
        "renew": lambda: None,
        "every": 30.0,
        "attempts": 1000,
        "log": logging.getLogger("job"),
    }
    return Watch(JOB, **(settings | changes))


def taken(watch: Watch, limit: int = 100) -> list[Step]:
    steps = [watch.step()]
    while not steps[-1].over and len(steps) < limit:
        steps.append(watch.step())
    return steps


def test_it_looks_until_the_job_has_ended() -> None:
    steps = taken(watch(Jobs(RUNNING, RUNNING, DONE)))
    assert [step.pause for step in steps] == [30, 30, 5, 0]
    assert steps[-1].look == DONE


@pytest.mark.parametrize("error", [LOST, refused("AccessDenied"), ReadTimeoutError(endpoint_url="x")])
def test_failed_looks_are_forgiven_until_there_are_too_many_in_a_row(error: Exception) -> None:
    assert taken(watch(Jobs(*[error] * (FAILED_LOOKS - 1), RUNNING, DONE)))[-1].look == DONE
    steps = taken(watch(Jobs(error)))
    assert len(steps) == FAILED_LOOKS
    assert str(error) in steps[-1].gave_up


def test_throttled_looks_are_never_too_many_and_make_the_pause_longer() -> None:
    steps = taken(watch(Jobs(*[refused("ThrottlingException")] * 15, RUNNING, DONE)))
    pauses = [step.pause for step in steps[:15]]
    assert pauses[:4] == [60, 120, 240, 480]
    assert max(pauses) == 600
    assert steps[15].pause == 30  # an answer ends it
    assert steps[-1].look == DONE


def test_throttled_looks_count_as_looks() -> None:
    assert taken(watch(Jobs(refused("ThrottlingException")), attempts=5))[-1].gave_up == "gave up after 5 looks"


def test_expired_credentials_are_renewed_and_the_means_made_anew() -> None:
    made, renewed = [], []
    jobs = Jobs(refused("ExpiredTokenException"), RUNNING, DONE)

    def connect() -> Any:
        made.append(1)
        return jobs

    steps = taken(watch(jobs, connect=connect, renew=lambda: renewed.append(1)))
    assert steps[-1].look == DONE
    assert (len(made), len(renewed)) == (2, 1)


def test_a_connection_that_fails_is_a_failed_look() -> None:
    def connect() -> Any:
        raise LOST

    assert "no answer" in taken(watch(None, connect=connect))[-1].gave_up


def test_the_wait_is_bounded() -> None:
    assert taken(watch(Jobs(RUNNING), attempts=7))[-1].gave_up == "gave up after 7 looks"


def test_new_lines_are_written_once_and_no_log_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    jobs = Jobs(RUNNING, RUNNING, RUNNING, DONE, lines=[refused("AccessDenied"), "one\n", "two"])
    with caplog.at_level(logging.INFO, "job"):
        assert taken(watch(jobs))[-1].look == DONE
    said = [record.message for record in caplog.records]
    assert [line for line in said if line in ("one", "two")] == ["one", "two"]
    assert sum("No log of j" in line for line in said) == 1


def test_the_last_lines_are_written_after_the_end(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "job"):
        taken(watch(Jobs(DONE, lines=["bye"])))
    assert "bye" in caplog.text


@pytest.mark.parametrize(("late", "pauses"), [(0, [5, 0]), (1, [5, 5, 0]), (9, [5, 5, 0])])
def test_lines_that_come_after_the_end_are_waited_for_a_little(
    late: int, pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """CloudWatch shows them some seconds later; a look gives one line here."""
    jobs = Jobs(DONE, lines=["first", *(f"late {number}" for number in range(late))])
    with caplog.at_level(logging.INFO, "job"):
        steps = taken(watch(jobs))
    assert [step.pause for step in steps] == pauses
    assert [record.message for record in caplog.records] == ["first", "late 0", "late 1"][: 1 + late]


def test_stop_connects_when_it_must() -> None:
    jobs = Jobs(RUNNING)
    watch(jobs).stop()
    assert jobs.stopped == [JOB]


@given(
    st.sampled_from(JobState),
    st.text(),
    st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.lists(st.text()))),
)
def test_an_event_is_plain_data_and_read_back(state: JobState, reason: str, outcome: dict[str, Any]) -> None:
    look = Look(state, reason, outcome)
    event = json.loads(json.dumps(Step(look=look).event(JOB)))
    assert look_of(event) == look
    assert event["status"] == "ended"
    assert Submission.of(event["submission"]) == JOB


def test_an_event_of_a_wait_that_was_given_up_has_no_look() -> None:
    event = Step(gave_up="why").event(JOB)
    assert (look_of(event), event["status"], event["message"]) == (None, "gave-up", "why")


@pytest.mark.parametrize(
    ("kind", "details", "made"),
    [
        ("glue", {}, GlueJobs),
        ("training", {}, TrainingJobs),
        ("processing", {}, ProcessingJobs),
        ("lambda", {"bucket": "b"}, LambdaJobs),
        ("lambda", {}, LambdaJobs),
    ],
)
def test_every_kind_can_be_watched_and_none_submitted(kind: str, details: dict[str, str], made: type) -> None:
    jobs = watched(SimpleNamespace(target=None), Submission(kind, "j", "i", ATTEMPT, details))  # type: ignore[arg-type]
    assert isinstance(jobs, made)
    with pytest.raises(InputError, match="only looked at"):
        jobs.submit(ATTEMPT)


def test_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="there are glue, training, processing, lambda"):
        watched(SimpleNamespace(target=None), Submission("emr", "j", "i", ATTEMPT))  # type: ignore[arg-type]
