"""The training operator: configuration from S3, one job for each attempt group, both ways to wait, kill, failure."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from airflow.exceptions import TaskDeferred

from crosswind.airflow import CrossAccountSageMakerTrainingOperator as Training
from crosswind.airflow.compat import AirflowFailException
from crosswind.airflow.context import owner_of
from crosswind.airflow.owner import Attempt, Owner
from crosswind.errors import InputError, RunError, RunTimeoutError
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import SPOKE, WEST, connection
from tests.airflow.tasks import Log, context, deferred, event_of, finish, heard

BUCKET = "destination"
JOB = Attempt(owner_of(context()), 1).name
ARN = f"arn:aws:sagemaker:us-west-2:{SPOKE}:training-job/{JOB}"
CONFIG: dict[str, Any] = {
    "TrainingJobName": "${job_name}",
    "RoleArn": f"arn:aws:iam::{SPOKE}:role/sagemaker",
    "AlgorithmSpecification": {"TrainingImage": "xgboost:1.7-1", "TrainingInputMode": "File"},
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "ContentType": "text/csv",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/${{prefix}}train/"}},
        }
    ],
    "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models/"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
    "StoppingCondition": {"MaxRuntimeInSeconds": 600},
}
NO_SUCH_JOB = (400, {"__type": "ValidationException", "message": "Requested resource not found."})


def put_config(aws: RecordedAws, config: Any = None, **changes: Any) -> None:
    s3 = aws.client("s3", "us-west-2")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket=BUCKET, Key="transformed/r-1/train/part-0.csv", Body=b"1,2\n")
    text = config if isinstance(config, str) else json.dumps((config or CONFIG) | changes)
    s3.put_object(Bucket=BUCKET, Key="config/train.json", Body=text.encode())
    aws.calls.clear()


def operator(kind: type[Training] = Training, **changes: Any) -> Any:
    """The operator as users of the post have it: a connection and a configuration, no names."""
    settings: dict[str, Any] = {
        "task_id": "train",
        "aws_conn_id": WEST,
        "account_id": SPOKE,
        "config_bucket": BUCKET,
        "config_key": "config/train.json",
        "substitutions": {"prefix": "transformed/r-1/"},
        "check_interval": 0.01,
    }
    return kind(**(settings | changes))


def described(status: str, name: str = JOB, **more: Any) -> dict[str, Any]:
    return {"TrainingJobName": name, "TrainingJobArn": ARN, "TrainingJobStatus": status} | more


COMPLETED = described(
    "Completed",
    ModelArtifacts={"S3ModelArtifacts": f"s3://{BUCKET}/models/{JOB}/output/model.tar.gz"},
    FinalMetricDataList=[{"MetricName": "validation:merror", "Value": 0.02, "Timestamp": 1.0}],
)


def script(aws: RecordedAws, *answers: Any) -> None:
    """What SageMaker says of the job: first that it knows none, then these."""
    aws.script("DescribeTrainingJob", NO_SUCH_JOB, *answers)


def created(aws: RecordedAws) -> list[dict[str, Any]]:
    return [call.parameters for call in aws.made("sagemaker", "CreateTrainingJob")]


@pytest.mark.parametrize("deferrable", [True, False])
def test_trains_and_hands_on_the_model(aws: RecordedAws, deferrable: bool) -> None:
    put_config(aws)
    script(aws, described("InProgress"), COMPLETED)
    kind = heard(Training)
    result = finish(lambda: operator(kind, deferrable=deferrable), context())

    uri = f"s3://{BUCKET}/models/{JOB}/output/model.tar.gz"
    assert result == {
        "job_name": JOB,
        "job_arn": ARN,
        "model_artifact": uri,
        "metrics": {"validation:merror": 0.02},
        "token": Attempt(owner_of(context()), 1).token,
    }
    assert f"Model artifact: {uri}" in kind.log.lines
    (request,) = created(aws)
    assert request["TrainingJobName"] == JOB
    assert f"s3://{BUCKET}/transformed/r-1/train/" in json.dumps(request["InputDataConfig"])
    assert {tag["Key"]: tag["Value"] for tag in request["Tags"]}["crosswind:task"] == "train"
    assert len(aws.made("sts", "AssumeRole")) == 1
    assert {call.region for call in aws.calls} == {"us-west-2"}
    assert json.loads(json.dumps(result)) == result


def test_the_session_is_named_after_the_run(aws: RecordedAws) -> None:
    put_config(aws)
    script(aws, COMPLETED)
    finish(operator, context())
    (assumed,) = aws.made(action="AssumeRole")
    assert assumed.parameters["RoleSessionName"].startswith("cross_account_machine_learning_dag@manual")
    assert assumed.parameters["ExternalId"] == "tests"


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_failed_job_says_where_and_why(aws: RecordedAws, deferrable: bool) -> None:
    put_config(aws)
    script(aws, described("Failed", FailureReason="AlgorithmError: exit code 1"))
    with pytest.raises(RunError) as found:
        finish(lambda: operator(deferrable=deferrable), context())
    text = str(found.value)
    for part in ("AlgorithmError: exit code 1", SPOKE, "us-west-2", JOB, "log"):
        assert part in text, text


def test_a_job_that_failed_for_its_data_is_not_tried_again(aws: RecordedAws) -> None:
    put_config(aws)
    script(aws, described("Failed", FailureReason="ClientError: label is text"))
    with pytest.raises(AirflowFailException, match="data, so no other try is made: ClientError: label is text"):
        finish(operator, context())


def test_a_retry_adopts_a_live_job(aws: RecordedAws) -> None:
    put_config(aws)
    aws.script("DescribeTrainingJob", described("InProgress"), NO_SUCH_JOB, described("InProgress"), COMPLETED)
    assert finish(operator, context(try_number=2))["job_name"] == JOB
    assert created(aws) == []


def test_a_retry_adopts_a_job_that_has_ended_well(aws: RecordedAws) -> None:
    put_config(aws)
    aws.script("DescribeTrainingJob", COMPLETED, NO_SUCH_JOB)
    assert operator().execute(context(try_number=2))["job_name"] == JOB
    assert created(aws) == []


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_after_a_job_that_ended_otherwise_the_next_ordinal_is_submitted(aws: RecordedAws, status: str) -> None:
    put_config(aws)
    second = Attempt(owner_of(context()), 2).name
    done = COMPLETED | {"TrainingJobName": second}
    aws.script("DescribeTrainingJob", described(status), NO_SUCH_JOB, done)
    assert finish(operator, context(try_number=2))["job_name"] == second
    assert [request["TrainingJobName"] for request in created(aws)] == [second]


def test_a_stopping_job_is_waited_for_and_followed_by_another(aws: RecordedAws) -> None:
    put_config(aws)
    second = Attempt(owner_of(context()), 2).name
    done = COMPLETED | {"TrainingJobName": second}
    stopped = described("Stopped")
    aws.script("DescribeTrainingJob", described("Stopping"), NO_SUCH_JOB, stopped, stopped, NO_SUCH_JOB, done)
    assert finish(operator, context(try_number=2))["job_name"] == second


def test_a_clear_is_a_new_job_and_the_old_one_is_stopped(aws: RecordedAws) -> None:
    put_config(aws)
    new = Attempt(owner_of(context(max_tries=5)), 1).name
    summary = {"TrainingJobName": JOB, "TrainingJobArn": ARN, "CreationTime": 1.0, "TrainingJobStatus": "InProgress"}
    aws.script("ListTrainingJobs", {"TrainingJobSummaries": [summary]})
    aws.script("ListTags", {"Tags": [{"Key": "crosswind:try", "Value": "1"}]})
    aws.script("StopTrainingJob", {})
    script(aws, COMPLETED | {"TrainingJobName": new})
    assert finish(operator, context(max_tries=5, try_number=4))["job_name"] == new
    assert [call.parameters["TrainingJobName"] for call in aws.made(action="StopTrainingJob")] == [JOB]
    assert [request["TrainingJobName"] for request in created(aws)] == [new]


def test_a_job_that_outlives_the_wait_is_stopped(aws: RecordedAws) -> None:
    put_config(aws)
    script(aws, described("InProgress"), described("InProgress"), NO_SUCH_JOB)
    aws.script("StopTrainingJob", {})
    with pytest.raises(RunTimeoutError, match="gave up after 1 looks"):
        finish(lambda: operator(max_attempts=1), context())
    assert [call.parameters["TrainingJobName"] for call in aws.made(action="StopTrainingJob")] == [JOB]


@pytest.mark.parametrize("error", ["Trigger timeout", "Trigger failure"])
def test_when_the_trigger_fails_the_job_is_stopped_before_the_error(aws: RecordedAws, error: str) -> None:
    put_config(aws)
    script(aws, described("InProgress"), NO_SUCH_JOB)
    aws.script("StopTrainingJob", {})
    deferred(operator(), context())
    with pytest.raises(Exception, match=error):
        operator().resume_execution("__fail__", {"error": error}, context())
    assert [call.parameters["TrainingJobName"] for call in aws.made(action="StopTrainingJob")] == [JOB]


def test_a_trigger_that_cannot_look_still_comes_back(aws: RecordedAws) -> None:
    from crosswind.airflow.hooks import cross_account

    put_config(aws)
    found = deferred(operator(), context())
    cross_account._SESSIONS.clear()  # the triggerer is another process
    aws.script("AssumeRole", (403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"))
    event = event_of(found.trigger)
    assert event["status"] == "gave-up"
    assert "AccessDenied" in event["message"]


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_look_that_fails_costs_no_job(aws: RecordedAws, deferrable: bool) -> None:
    put_config(aws)
    refusal = (400, {"__type": "InvalidSignatureException", "message": "clock"})
    script(aws, described("InProgress"), refusal, refusal, COMPLETED)
    assert finish(lambda: operator(deferrable=deferrable), context())["job_name"] == JOB
    assert aws.made("sagemaker", "StopTrainingJob") == []


def test_expired_credentials_are_replaced(aws: RecordedAws) -> None:
    put_config(aws)
    expired = (400, {"__type": "ExpiredTokenException", "message": "The security token included is expired"})
    script(aws, expired, COMPLETED)
    assert finish(operator, context())["job_name"] == JOB
    assert len(aws.made("sts", "AssumeRole")) == 2


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
def test_on_kill_stops_the_job_unless_it_has_ended(aws: RecordedAws, status: str) -> None:
    put_config(aws)
    task = operator()
    script(aws, described(status))
    deferred(task, context())
    if status == "Completed":
        aws.script("StopTrainingJob", (400, {"__type": "ValidationException", "message": "is not in progress"}))
    else:
        aws.script("StopTrainingJob", {})
    task.on_kill()
    assert len(aws.made("sagemaker", "StopTrainingJob")) == 1


def test_a_kill_during_the_submission_stops_the_job_when_it_is_answered(aws: RecordedAws) -> None:
    put_config(aws)
    aws.script("StopTrainingJob", {})
    task = operator()
    aws.upon("CreateTrainingJob", lambda _: task.on_kill())
    script(aws, NO_SUCH_JOB)
    with pytest.raises(RunError, match="ended while it submitted"):
        task.execute(context())
    assert [call.parameters["TrainingJobName"] for call in aws.made(action="StopTrainingJob")] == [JOB]


@pytest.mark.parametrize("action", ["ListTrainingJobs", "DescribeTrainingJob"])
def test_a_kill_before_the_submission_submits_nothing(aws: RecordedAws, action: str) -> None:
    put_config(aws)
    task = operator()
    aws.script("DescribeTrainingJob", NO_SUCH_JOB)
    aws.upon(action, lambda _: None if task._killed else task.on_kill())
    with pytest.raises(RunError, match="nothing was submitted"):
        task.execute(context())
    assert created(aws) == []


def test_what_a_task_adopts_needs_no_configuration(aws: RecordedAws) -> None:
    """It was renamed or removed by a deploy; the wait is as long as the job itself may take."""
    live = described("InProgress", StoppingCondition={"MaxRuntimeInSeconds": 400_000})
    aws.script("DescribeTrainingJob", live, NO_SUCH_JOB, live, COMPLETED)
    found = deferred(operator(check_interval=100), context(try_number=2))
    assert found.trigger.max_attempts >= 4000


def test_what_fails_for_good_after_the_submission_leaves_no_job(aws: RecordedAws) -> None:
    put_config(aws)
    aws.script("StopTrainingJob", {})
    script(aws, described("InProgress"))
    task, ctx = operator(), context()
    before = ctx["ti"].xcom_push

    def refused(key: str, value: Any) -> None:
        if key == "crosswind_job_url":
            raise InputError("no page of such a job")
        before(key, value)

    ctx["ti"].xcom_push = refused
    with pytest.raises(AirflowFailException, match="no page of such a job"):
        task.execute(ctx)
    assert [call.parameters["TrainingJobName"] for call in aws.made(action="StopTrainingJob")] == [JOB]


def test_a_task_announces_its_attempt_group(aws: RecordedAws) -> None:
    """For the reaper: Airflow tells `max_tries` to the task alone."""
    put_config(aws)
    ctx = context(max_tries=5)
    deferred(operator(), ctx)
    assert Owner.of(ctx["ti"].pushed["crosswind_owner"]) == owner_of(ctx)


def test_on_kill_before_the_start_calls_nothing(aws: RecordedAws) -> None:
    operator().on_kill()
    assert aws.calls == []


def test_the_wait_outlasts_the_job(aws: RecordedAws) -> None:
    put_config(aws, StoppingCondition={"MaxRuntimeInSeconds": 7200})
    trigger = deferred(operator(check_interval=30), context()).trigger
    assert trigger.max_attempts * trigger.check_interval >= 7200


def test_the_wait_has_the_tasks_own_timeout(aws: RecordedAws) -> None:
    put_config(aws)
    assert deferred(operator(execution_timeout=timedelta(hours=1)), context()).timeout == timedelta(hours=1)


def test_a_started_job_whose_answer_was_lost_is_taken_on(aws: RecordedAws) -> None:
    put_config(aws)
    refusal = {"__type": "ResourceInUse", "message": "Training job names must be unique"}
    aws.script("CreateTrainingJob", (400, refusal))
    script(aws, described("InProgress"), COMPLETED)
    assert finish(operator, context())["job_name"] == JOB


@pytest.mark.parametrize(
    ("code", "kind"), [("ThrottlingException", "throttled"), ("ResourceLimitExceeded", "capacity")]
)
def test_a_busy_service_is_waited_for_without_a_worker_and_without_a_retry(
    aws: RecordedAws, code: str, kind: str
) -> None:
    put_config(aws)
    aws.script("CreateTrainingJob", (400, {"__type": code, "message": "no"}), {"TrainingJobArn": ARN})
    aws.script("DescribeTrainingJob", NO_SUCH_JOB, NO_SUCH_JOB, COMPLETED)
    # botocore tries throttled calls again itself.
    found = deferred(operator(botocore_config={"retries": {"total_max_attempts": 1}}), context())
    assert found.method_name == "execute_again"
    assert found.kwargs == {"waits": {kind: 1}}
    resumed = operator()
    with pytest.raises(TaskDeferred) as again:
        resumed.resume_execution(found.method_name, {**found.kwargs, "event": 1}, context())
    assert again.value.method_name == "execute_complete"
    assert again.value.kwargs == {"stopping": False, "waits": {kind: 1}}
    assert event_of(again.value.trigger)["look"]["state"] == "succeeded"


def test_a_budget_that_is_used_up_leaves_it_to_the_retries(aws: RecordedAws) -> None:
    put_config(aws)
    aws.script("CreateTrainingJob", (400, {"__type": "ResourceLimitExceeded", "message": "no instances"}))
    script(aws, NO_SUCH_JOB)
    with pytest.raises(Exception, match="no instances") as found:
        operator().execute_again(context(), waits={"capacity": 50})
    assert not isinstance(found.value, AirflowFailException)


def test_a_denial_is_final_and_explained(aws: RecordedAws) -> None:
    put_config(aws)
    refusal = {"__type": "AccessDeniedException", "message": "not authorized to perform: sagemaker:CreateTrainingJob"}
    aws.script("CreateTrainingJob", (400, refusal, {"x-crosswind-why": "FIX%20%20add%20it"}))
    script(aws, NO_SUCH_JOB)
    with pytest.raises(AirflowFailException, match=r"access, so no other try is made(.|\n)*FIX  add it"):
        operator().execute(context())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"substitutions": {}}, r"no value for \$\{prefix\}"),
        ({"substitutions": {"prefix": "a/b/", "spare": "x"}}, r"no placeholder for \$\{spare\}"),
        ({"substitutions": {"prefix": None}}, r"no text as the value of \$\{prefix\}"),
    ],
)
def test_substitutions_must_fit(aws: RecordedAws, changes: dict[str, Any], says: str) -> None:
    put_config(aws)
    with pytest.raises(AirflowFailException, match=says) as found:
        operator(**changes).execute(context())
    assert f"s3://{BUCKET}/config/train.json" in str(found.value)
    assert created(aws) == []


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("{", "not JSON"),
        ("[]", "TrainingJobName"),
        (json.dumps(CONFIG | {"TrainingJobName": "x"}), "TrainingJobName"),
        (json.dumps(CONFIG | {"TrainingJobName": "x-${job_name}"}), "TrainingJobName"),
    ],
)
def test_a_bad_configuration_starts_nothing(aws: RecordedAws, config: str, says: str) -> None:
    put_config(aws, config)
    with pytest.raises(AirflowFailException, match=says):
        operator().execute(context())
    assert created(aws) == []


def test_a_missing_configuration_names_its_place(aws: RecordedAws) -> None:
    put_config(aws)
    with pytest.raises(AirflowFailException, match=f"s3://{BUCKET}/config/none.json"):
        operator(config_key="config/none.json").execute(context())


def test_numbers_and_role_names_may_be_substituted(aws: RecordedAws) -> None:
    aws.client("iam", "us-east-1").create_role(RoleName="trainer", AssumeRolePolicyDocument="{}")
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": "${count}", "VolumeSizeInGB": 5}
    put_config(aws, ResourceConfig=resources, RoleArn="trainer")
    deferred(operator(substitutions={"prefix": "transformed/r-1/", "count": "2"}), context())
    (request,) = created(aws)
    assert request["ResourceConfig"]["InstanceCount"] == 2
    assert request["RoleArn"] == f"arn:aws:iam::{SPOKE}:role/trainer"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"config": {}}, "read from S3"),
        ({"aws_conn_id": None}, "one of job, site and aws_conn_id"),
        ({"config_key": None}, "config_bucket and config_key"),
        (
            {"job": "penguins_training", "config_bucket": None, "aws_conn_id": None},
            "has job='penguins_training' and no",
        ),
        ({"arrival": {}}, "an arrival and no names"),
    ],
)
def test_what_does_not_fit_is_refused_when_the_dag_is_parsed(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        operator(**changes)


def test_the_wrong_account_starts_nothing(aws: RecordedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    put_config(aws)
    elsewhere = connection(role_arn="arn:aws:iam::333333333333:role/x", region_name="us-west-2")
    monkeypatch.setenv(f"AIRFLOW_CONN_{WEST.upper()}", elsewhere)
    with pytest.raises(AirflowFailException, match="expected account 222222222222"):
        operator().execute(context())
    assert aws.calls == []


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_log_of_a_job_streams_into_the_tasks_log(aws: RecordedAws, deferrable: bool) -> None:
    put_config(aws)
    logs = aws.client("logs", "us-west-2")
    logs.create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    where = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": f"{JOB}/algo-1-1"}
    logs.create_log_stream(**where)
    logs.put_log_events(**where, logEvents=[{"timestamp": int(time.time() * 1000), "message": "[0] merror:0.02"}])
    script(aws, described("InProgress"), COMPLETED)
    if deferrable:
        log = Log()
        event_of(deferred(operator(), context()).trigger, log)
    else:
        kind = heard(Training)
        operator(kind, deferrable=False).execute(context())
        log = kind.log
    assert log.lines.count("[0] merror:0.02") == 1


def test_without_a_wait_the_task_ends_with_the_submission(aws: RecordedAws) -> None:
    put_config(aws)
    result = operator(wait_for_completion=False).execute(context())
    assert result["job_name"] == JOB
    (request,) = created(aws)
    assert {"Key": "crosswind:detached", "Value": "yes"} in request["Tags"]  # the reaper leaves it alone
