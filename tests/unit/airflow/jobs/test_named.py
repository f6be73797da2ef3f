"""SageMaker jobs: names, tags, every status, stops, logs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.jobs.model import JobState
from crosswind.airflow.jobs.named import attempt_in
from crosswind.airflow.jobs.processing import ProcessingJobs
from crosswind.airflow.jobs.submit import SubmitOnce
from crosswind.airflow.jobs.tags import TOPOLOGY, merged, owner_in, owner_tags
from crosswind.airflow.jobs.training import TrainingJobs
from crosswind.airflow.owner import Attempt, Owner
from crosswind.errors import InputError
from tests.simulator.aws import Blow
from tests.unit.airflow.jobs.world import REGION, Blown, World, owner, request

OWNERS = st.builds(
    Owner,
    st.text(max_size=250),
    st.text(max_size=250),
    st.text(max_size=250),
    st.integers(-1, 9999),
    st.integers(0, 99),
    st.integers(0, 2**33),
)
JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
TAG_VALUE = re.compile(r"[\w .:/=+@-]{0,256}")


@given(of=OWNERS, ordinal=st.integers(1, 999))
def test_names_folders_and_tokens_are_legal(of: Owner, ordinal: int) -> None:
    attempt = Attempt(of, ordinal)
    assert JOB_NAME.fullmatch(attempt.name)
    assert JOB_NAME.fullmatch(attempt.folder)
    assert attempt.name.endswith(attempt.token)
    assert attempt_in(attempt.name, of) == attempt


@given(first=OWNERS, second=OWNERS, ordinals=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_two_attempts_never_share_a_name(first: Owner, second: Owner, ordinals: tuple[int, int]) -> None:
    one, other = Attempt(first, ordinals[0]), Attempt(second, ordinals[1])
    assert (one == other) == (one.token == other.token) == (one.name == other.name)


@given(of=OWNERS)
def test_owners_fit_into_tags_and_come_back(of: Owner) -> None:
    tags = owner_tags(of)
    assert all(TAG_VALUE.fullmatch(value) for value in tags.values())
    assert len(tags) < 40
    assert owner_in(tags) == of


def test_an_owner_can_be_read_in_its_tag() -> None:
    of = Owner("dag_a", "manual__2026-01-05T00:00:00+00:00", "group.train", 3, 2, 1_767_571_200)
    assert owner_tags(of)["crosswind:owner"] == "dag_a/manual__2026-01-05T00:00:00+00:00/group.train/3/2/1767571200"
    assert owner_tags(of)["crosswind:dag"] == "dag_a"


@pytest.mark.parametrize(
    "tags",
    [{}, {"crosswind:owner": ""}, {"crosswind:owner": "a/b/c/d/e/f"}, {"crosswind:owner": "a/b/c/1/2"}, {"other": "x"}],
)
def test_tags_that_name_no_owner(tags: dict[str, str]) -> None:
    assert owner_in(tags) is None


def test_a_request_s_own_tags_are_kept_and_ours_win() -> None:
    theirs = [{"Key": "team", "Value": "ml"}, {"Key": "crosswind:dag", "Value": "other"}]
    assert merged(theirs, {"crosswind:dag": "ours"}) == [
        {"Key": "team", "Value": "ml"}, {"Key": "crosswind:dag", "Value": "ours"},
    ]  # fmt: skip


def test_a_job_of_another_task_is_none_of_an_owner_s() -> None:
    name = Attempt(owner(), 1).name
    assert attempt_in(name, owner(task_id="other")) is None
    assert attempt_in("penguins-2026", owner()) is None
    assert attempt_in(f"x{name}", owner()) is None


def test_the_job_bears_its_name_and_tags() -> None:
    world = World()
    clients = world.clients()
    jobs = TrainingJobs(clients, lambda a: {**request(a), "Tags": [{"Key": "team", "Value": "ml"}]}, topology="unified")
    started = SubmitOnce(jobs).start(owner())
    run = world.sagemaker.training[started.submission.id]
    tags = {tag["Key"]: tag["Value"] for tag in run.request["Tags"]}
    assert started.submission.id == started.submission.attempt.name
    assert tags["team"] == "ml"
    assert tags[TOPOLOGY] == "unified"
    assert owner_in(tags) == owner()


@pytest.mark.parametrize("kind", ["training", "processing"])
def test_a_job_that_was_deleted_hides_none_that_came_after(kind: str) -> None:
    world = World(seconds=10)
    world.goes(runs=10.0, fails="AlgorithmError: x")
    SubmitOnce(world.jobs(kind)).start(owner())
    world.aws.clock.advance(100)
    world.goes(runs=10_000.0)
    second = SubmitOnce(world.jobs(kind)).start(owner())
    jobs = world.sagemaker.training if kind == "training" else world.sagemaker.processed
    del jobs[Attempt(owner(), 1).name]
    again = SubmitOnce(world.jobs(kind)).start(owner())
    assert (again.adopted, again.submission.id) == (True, second.submission.id)
    assert len(world.live(kind)) == 1


def test_a_job_that_is_not_listed_yet_is_found_by_its_name() -> None:
    world = World()
    SubmitOnce(world.jobs("training")).start(owner())
    world.sagemaker.list_training_jobs = lambda _: {"TrainingJobSummaries": []}
    assert SubmitOnce(world.jobs("training")).start(owner()).adopted


def test_a_request_with_a_name_of_its_own_is_refused() -> None:
    world = World()
    jobs = TrainingJobs(world.clients(), lambda a: {**request(a), "TrainingJobName": "penguins"})
    with pytest.raises(InputError, match="'penguins', not 'train-manual"):
        SubmitOnce(jobs).start(owner())
    assert world.live("training") == []


def test_jobs_without_a_request_can_only_be_looked_at() -> None:
    with pytest.raises(InputError, match="no request"):
        TrainingJobs(World().clients()).submit(Attempt(owner(), 1))


def test_something_else_in_use_is_not_taken_for_the_job() -> None:
    world = World()

    def in_use(_: Any) -> Any:
        from tests.simulator.aws.errors import refused

        raise refused("ResourceInUse", "CreateTrainingJob", "a lineage group is in use")

    world.sagemaker.create_training_job = in_use
    with pytest.raises(Exception, match="lineage group"):
        SubmitOnce(world.jobs("training")).start(owner())


@pytest.mark.parametrize(
    ("description", "state", "reason"),
    [
        ({"TrainingJobStatus": "InProgress"}, JobState.RUNNING, ""),
        ({"TrainingJobStatus": "Stopping"}, JobState.RUNNING, "stopping"),
        ({"TrainingJobStatus": "Completed"}, JobState.SUCCEEDED, ""),
        ({"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: x"}, JobState.FAILED, "AlgorithmError: x"),
        ({"TrainingJobStatus": "Failed"}, JobState.FAILED, "no reason"),
        ({"TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped"}, JobState.STOPPED, "it was stopped"),
        ({"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded"}, JobState.FAILED, "MaxRuntimeInSec"),
        ({"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxWaitTimeExceeded"}, JobState.FAILED, "MaxWaitTime"),
        ({"TrainingJobStatus": "Deleting"}, JobState.LOST, "deleted"),
        ({"TrainingJobStatus": "ANewOne"}, JobState.RUNNING, ""),
    ],
)
def test_each_status_of_a_training_job(description: dict[str, Any], state: JobState, reason: str) -> None:
    world = World()
    submission = SubmitOnce(world.jobs("training")).start(owner()).submission
    named = {"TrainingJobName": submission.id, "TrainingJobArn": "arn"}
    world.sagemaker.describe_training_job = lambda _: {**named, **description}
    look = world.jobs("training").look(submission)
    assert look.state is state
    assert reason in look.reason
    assert bool(reason) == bool(look.reason)


def test_the_outcome_of_training() -> None:
    world = World(seconds=10)
    submission = SubmitOnce(world.jobs("training")).start(owner()).submission
    world.aws.clock.advance(100)
    describe = world.sagemaker.describe_training_job
    metrics = [{"MetricName": "accuracy", "Value": 0.98}]
    world.sagemaker.describe_training_job = lambda p: describe(p) | {"FinalMetricDataList": metrics}
    assert world.jobs("training").look(submission).outcome == {
        "job_name": submission.id,
        "job_arn": f"arn:aws:sagemaker:{REGION}:222222222222:training-job/{submission.id}",
        "model_artifact": f"s3://models/{submission.id}/output/model.tar.gz",
        "metrics": {"accuracy": 0.98},
    }


def test_the_outcome_of_processing_and_a_job_out_of_time() -> None:
    world = World(seconds=10)
    submission = SubmitOnce(world.jobs("processing")).start(owner()).submission
    world.aws.clock.advance(100)
    outcome = world.jobs("processing").look(submission).outcome
    assert outcome["outputs"] == {"clean": "s3://models/clean/"}
    describe = world.sagemaker.describe_processing_job
    late = {"ProcessingJobStatus": "Stopped", "FailureReason": "out of time"}
    world.sagemaker.describe_processing_job = lambda p: describe(p) | late
    look = world.jobs("processing").look(submission)
    assert (look.state, look.reason) == (JobState.FAILED, "out of time")


def test_a_stop_that_is_refused_while_the_job_goes_on_is_an_error() -> None:
    world = World()
    submission = SubmitOnce(world.jobs("training")).start(owner()).submission
    world.sagemaker.training[submission.id].stop = lambda: False
    with pytest.raises(Exception, match="ValidationException"):
        world.jobs("training").stop(submission)
    world.jobs("training").stop(_named_like(submission, "no-such-job"))  # gone: nothing to stop


def _named_like(submission: Any, name: str) -> Any:
    from dataclasses import replace

    return replace(submission, id=name)


def test_errors_of_a_look_pass_through_untranslated() -> None:
    world = World()
    submission = SubmitOnce(world.jobs("training")).start(owner()).submission
    with pytest.raises(Exception, match="ThrottlingException"):
        world.jobs("training", Blown(0, Blow.THROTTLED)).look(submission)


def test_the_list_of_running_jobs_is_followed_to_its_end() -> None:
    world = World()
    world.sagemaker.limit = 1000
    for number in range(230):
        SubmitOnce(world.jobs("training")).start(owner(run_id=f"run-{number}"))
    assert len(list(TrainingJobs(world.clients()).running())) == 230


def test_the_log_of_all_instances() -> None:
    world = World()
    jobs = world.jobs("processing")
    assert isinstance(jobs, ProcessingJobs)
    submission = SubmitOnce(jobs).start(owner()).submission
    assert jobs.log_lines(submission, {}) == ([], {})
    group, name = "/aws/sagemaker/ProcessingJobs", submission.id
    world.logs[group, f"{name}/algo-1-1"] = ["one"]
    lines, position = jobs.log_lines(submission, {})
    world.logs[group, f"{name}/algo-2-1"] = ["two"]
    world.logs[group, f"{name}x/algo-1-1"] = ["another job's"]
    assert lines == ["one"]
    assert jobs.log_lines(submission, position)[0] == ["two"]
