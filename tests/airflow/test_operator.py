"""The training operator: configuration from S3, a job of its own name, both ways to wait, kill, failure."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.exceptions import TaskDeferred

from crosswind.airflow import CrossAccountSageMakerTrainingOperator, job_name
from crosswind.errors import InputError, NotFoundError, RunError, RunTimeoutError, WrongAccountError
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import SPOKE, WEST, connection

BUCKET = "destination"
RUN = SimpleNamespace(
    dag_id="cross_account_machine_learning_dag",
    task_id="train",
    run_id="manual__2026-11-22T10:00:00+00:00",
    try_number=1,
    map_index=-1,
)
CONTEXT = {"ti": RUN}
JOB = job_name(RUN.dag_id, RUN.task_id, RUN.run_id, 1)
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


class Log:
    """A logger that keeps its lines: where Airflow's own ones go differs between its versions."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, message: str, *values: Any) -> None:
        self.lines.append(message % values)

    warning = error = debug = info


def heard() -> type[CrossAccountSageMakerTrainingOperator]:
    """The operator with a log of its own that a test can read."""
    return type("Heard", (CrossAccountSageMakerTrainingOperator,), {"log": Log()})


def put_config(aws: RecordedAws, config: Any = None, **changes: Any) -> None:
    s3 = aws.client("s3", "us-west-2")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket=BUCKET, Key="transformed/r-1/train/part-0.csv", Body=b"1,2\n")
    text = config if isinstance(config, str) else json.dumps((config or CONFIG) | changes)
    s3.put_object(Bucket=BUCKET, Key="config/train.json", Body=text.encode())
    aws.calls.clear()


def operator(
    kind: type[CrossAccountSageMakerTrainingOperator] = CrossAccountSageMakerTrainingOperator, **changes: Any
) -> Any:
    settings: dict[str, Any] = {
        "task_id": "train",
        "aws_conn_id": WEST,
        "account_id": SPOKE,
        "config_bucket": BUCKET,
        "config_key": "config/train.json",
        "substitutions": {"prefix": "transformed/r-1/"},
        "check_interval": 1,
    }
    return kind(**(settings | changes))


def described(status: str, **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:sagemaker:us-west-2:{SPOKE}:training-job/{JOB}"
    return {"TrainingJobName": JOB, "TrainingJobArn": arn, "TrainingJobStatus": status} | more


COMPLETED = described(
    "Completed",
    ModelArtifacts={"S3ModelArtifacts": f"s3://{BUCKET}/models/{JOB}/output/model.tar.gz"},
    FinalMetricDataList=[{"MetricName": "validation:merror", "Value": 0.02, "Timestamp": 1.0}],
)


def deferred(task: CrossAccountSageMakerTrainingOperator) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as found:
        task.execute(CONTEXT)
    return found.value


def first_event(trigger: Any) -> dict[str, Any]:
    async def run() -> Any:
        events = [event.payload async for event in trigger.run()]
        assert len(events) == 1
        return events[0]

    result: dict[str, Any] = asyncio.run(asyncio.wait_for(run(), 30))
    return result


def created(aws: RecordedAws) -> dict[str, Any]:
    (call,) = aws.made("sagemaker", "CreateTrainingJob")
    return call.parameters


def test_waits_on_the_worker(aws: RecordedAws) -> None:
    put_config(aws)
    aws.script("DescribeTrainingJob", described("InProgress"), COMPLETED)
    task = operator(kind=heard(), deferrable=False)
    result = task.execute(CONTEXT)

    uri = f"s3://{BUCKET}/models/{JOB}/output/model.tar.gz"
    arn = f"arn:aws:sagemaker:us-west-2:{SPOKE}:training-job/{JOB}"
    assert result == {
        "job_name": JOB,
        "job_arn": arn,
        "model_artifact": uri,
        "metrics": {"validation:merror": 0.02},
    }
    assert f"Model artifact: {uri}" in task.log.lines
    request = created(aws)
    assert request["TrainingJobName"] == JOB
    assert f"s3://{BUCKET}/transformed/r-1/train/" in json.dumps(request["InputDataConfig"])
    assert len(aws.made("sts", "AssumeRole")) == 1
    assert {call.region for call in aws.calls} == {"us-west-2"}
    # The result is data that XCom can hold.
    assert json.loads(json.dumps(result)) == result


def test_waits_in_the_triggerer(aws: RecordedAws) -> None:
    put_config(aws)
    aws.script("DescribeTrainingJob", described("InProgress"), COMPLETED)
    found = deferred(operator())
    assert found.method_name == "execute_complete"

    event = first_event(found.trigger)
    assert event == {"status": "success", "job_name": JOB, "message": ""}
    result = operator().execute_complete(CONTEXT, event)
    assert result["metrics"] == {"validation:merror": 0.02}
    assert {call.region for call in aws.calls} == {"us-west-2"}
    names = {call.parameters["RoleSessionName"] for call in aws.made(action="AssumeRole")}
    assert len(names) == 1
    assert next(iter(names)).startswith("cross_account_machine_learning_dag@manual")


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_failed_job_says_where_and_why(aws: RecordedAws, deferrable: bool) -> None:
    put_config(aws)
    aws.script("DescribeTrainingJob", described("Failed", FailureReason="AlgorithmError: label is text"))
    task = operator(deferrable=deferrable)
    event = first_event(deferred(task).trigger) if deferrable else None
    with pytest.raises(RunError) as found:
        task.execute_complete(CONTEXT, event) if event else task.execute(CONTEXT)
    text = str(found.value)
    for part in ("AlgorithmError: label is text", SPOKE, "us-west-2", "/aws/sagemaker/TrainingJobs", JOB):
        assert part in text, text


def test_a_job_that_outlives_the_wait_is_stopped(aws: RecordedAws) -> None:
    put_config(aws)
    aws.script("DescribeTrainingJob", described("InProgress"))
    aws.script("StopTrainingJob", {})
    found = deferred(operator(max_attempts=1))
    event = first_event(found.trigger)
    assert event["status"] == "error"
    with pytest.raises(RunTimeoutError, match="was InProgress when the wait ended"):
        operator().execute_complete(CONTEXT, event)
    assert [call.parameters["TrainingJobName"] for call in aws.made(action="StopTrainingJob")] == [JOB]


def test_a_trigger_that_cannot_look_still_comes_back(aws: RecordedAws) -> None:
    put_config(aws)
    found = deferred(operator())
    aws.script("AssumeRole", (403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"))
    found.trigger.waiter_delay = 0
    event = first_event(found.trigger)
    assert event["status"] == "error"
    assert "AccessDenied" in event["message"]


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_look_that_fails_costs_no_job(aws: RecordedAws, deferrable: bool) -> None:
    put_config(aws)
    refusal = (400, {"__type": "InvalidSignatureException", "message": "clock"})
    aws.script("DescribeTrainingJob", described("InProgress"), refusal, refusal, COMPLETED)
    task = operator(deferrable=deferrable)
    if deferrable:
        result = task.execute_complete(CONTEXT, first_event(deferred(task).trigger))
    else:
        result = task.execute(CONTEXT)
    assert result["job_name"] == JOB
    assert aws.made("sagemaker", "StopTrainingJob") == []


@pytest.mark.parametrize(("status", "stops"), [("InProgress", 1), ("Completed", 0)])
def test_on_kill_stops_the_job(aws: RecordedAws, status: str, stops: int) -> None:
    put_config(aws)
    task = operator()
    deferred(task)
    aws.script("DescribeTrainingJob", described(status))
    aws.script("StopTrainingJob", {})
    task.on_kill()
    assert len(aws.made("sagemaker", "StopTrainingJob")) == stops


def test_on_kill_before_the_start_calls_nothing(aws: RecordedAws) -> None:
    operator().on_kill()
    assert aws.calls == []


def test_the_triggers_on_kill_stops_the_job(aws: RecordedAws) -> None:
    put_config(aws)
    trigger = deferred(operator()).trigger
    aws.script("StopTrainingJob", {})
    asyncio.run(trigger.on_kill())
    (call,) = aws.made("sagemaker", "StopTrainingJob")
    assert (call.region, call.parameters["TrainingJobName"]) == ("us-west-2", JOB)


def test_the_wait_outlasts_the_job(aws: RecordedAws) -> None:
    put_config(aws, StoppingCondition={"MaxRuntimeInSeconds": 7200})
    trigger = deferred(operator(check_interval=30)).trigger
    assert trigger.attempts * trigger.waiter_delay >= 7200
    assert trigger.attempts != 60  # the provider's default: half an hour


def test_a_started_job_whose_answer_was_lost_is_taken_on(aws: RecordedAws) -> None:
    put_config(aws)
    refusal = {"__type": "ResourceInUse", "message": "Training job names must be unique"}
    aws.script("CreateTrainingJob", (400, refusal))
    aws.script("DescribeTrainingJob", COMPLETED)
    assert operator(deferrable=False).execute(CONTEXT)["job_name"] == JOB


def test_any_other_refusal_is_an_error(aws: RecordedAws) -> None:
    put_config(aws)
    aws.script("CreateTrainingJob", (400, {"__type": "ResourceLimitExceeded", "message": "no instances"}))
    with pytest.raises(Exception, match="no instances"):
        operator().execute(CONTEXT)


def test_a_second_try_is_a_second_job(aws: RecordedAws) -> None:
    put_config(aws)
    for attempt in (1, 2):
        with pytest.raises(TaskDeferred):
            operator().execute({"ti": SimpleNamespace(**(vars(RUN) | {"try_number": attempt}))})
    names = [call.parameters["TrainingJobName"] for call in aws.made("sagemaker", "CreateTrainingJob")]
    assert len(set(names)) == 2


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
    with pytest.raises(InputError, match=says) as found:
        operator(**changes).execute(CONTEXT)
    assert f"s3://{BUCKET}/config/train.json" in str(found.value)
    assert aws.made("sagemaker") == []


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("{", "not JSON"),
        ("[]", "TrainingJobName"),
        (json.dumps(CONFIG | {"TrainingJobName": "x"}), "TrainingJobName"),
    ],
)
def test_a_bad_configuration_starts_nothing(aws: RecordedAws, config: str, says: str) -> None:
    put_config(aws, config)
    with pytest.raises(InputError, match=says):
        operator().execute(CONTEXT)
    assert aws.made("sagemaker") == []


def test_a_missing_configuration_names_its_place(aws: RecordedAws) -> None:
    put_config(aws)
    with pytest.raises(NotFoundError, match=f"s3://{BUCKET}/config/none.json"):
        operator(config_key="config/none.json").execute(CONTEXT)


def test_config_is_not_accepted() -> None:
    with pytest.raises(InputError, match="read from S3"):
        operator(config={})


def test_the_wrong_account_starts_nothing(aws: RecordedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    put_config(aws)
    elsewhere = connection(role_arn="arn:aws:iam::333333333333:role/x", region_name="us-west-2")
    monkeypatch.setenv(f"AIRFLOW_CONN_{WEST.upper()}", elsewhere)
    with pytest.raises(WrongAccountError):
        operator().execute(CONTEXT)
    assert aws.calls == []


def test_the_log_of_a_job_is_shown(aws: RecordedAws) -> None:
    put_config(aws)
    logs = aws.client("logs", "us-west-2")
    logs.create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    where = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": f"{JOB}/algo-1-1"}
    logs.create_log_stream(**where)
    logs.put_log_events(**where, logEvents=[{"timestamp": int(time.time() * 1000), "message": "[0] merror:0.02"}])
    aws.script("DescribeTrainingJob", COMPLETED)
    task = operator(kind=heard(), deferrable=False)
    task.execute(CONTEXT)
    assert "[0] merror:0.02" in task.log.lines
