"""The Lambda operator: asynchronous with a result object, else one call that is waited for and never sent twice."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from crosswind.airflow import CrossAccountLambdaOperator as Lambda
from crosswind.airflow import TopologyNames, load_topology
from crosswind.airflow.compat import AirflowFailException
from crosswind.airflow.context import owner_of
from crosswind.airflow.owner import Attempt
from crosswind.errors import RunError
from tests.airflow import scene
from tests.airflow.aws import RecordedAws
from tests.airflow.tasks import context, deferred, event_of, finish

ATTEMPT = Attempt(owner_of(context("clean")), 1)
INVOKED = "POST /2015-03-31/functions/dagcleanup/invocations"
RESULT = f"results/{ATTEMPT.token}.json"


@pytest.fixture
def names(aws: RecordedAws, dags_folder: object) -> TopologyNames:
    scene.make_sites(aws)
    aws.calls.clear()
    return load_topology(f"{dags_folder}/any.py")


def synchronous(names: TopologyNames) -> TopologyNames:
    job = replace(names.jobs["dagcleanup"], results_bucket="", results_prefix="")
    return replace(names, jobs={**names.jobs, "dagcleanup": job})


def operator(names: TopologyNames, **changes: Any) -> Any:
    settings = {"task_id": "clean", "job": "dagcleanup", "payload": {"run": "r-1"}, "check_interval": 0.01}
    return Lambda(names=names, **(settings | changes))


def put_result(aws: RecordedAws, answer: Any) -> None:
    body = json.dumps(answer).encode()
    aws.client("s3", "us-west-2").put_object(Bucket=scene.DESTINATION, Key=RESULT, Body=body)


def test_asynchronous_waits_in_the_triggerer_for_the_result(aws: RecordedAws, names: TopologyNames) -> None:
    aws.script(INVOKED, (202, "", {"x-amzn-RequestId": "req-1"}))
    found = deferred(operator(names), context("clean"))
    put_result(aws, {"count": 3})
    event = event_of(found.trigger)
    result = operator(names).execute_complete(context("clean"), event)
    assert result == {"token": ATTEMPT.token, "answer": {"count": 3}}
    (call,) = aws.made("lambda", INVOKED)
    assert call.parameters == {
        "run": "r-1",
        "crosswind": {
            "token": ATTEMPT.token,
            "owner": ATTEMPT.owner.text,
            "result": {"bucket": scene.DESTINATION, "key": RESULT},
        },
    }
    assert call.region == "us-west-2"


def test_a_retry_adopts_the_invocation(aws: RecordedAws, names: TopologyNames) -> None:
    aws.script(INVOKED, (202, "", {"x-amzn-RequestId": "req-1"}))
    deferred(operator(names), context("clean"))
    put_result(aws, {"count": 3})
    assert finish(lambda: operator(names), context("clean", try_number=2))["answer"] == {"count": 3}
    assert len(aws.made("lambda", INVOKED)) == 1


def test_synchronous_is_one_call(aws: RecordedAws, names: TopologyNames) -> None:
    aws.script(INVOKED, {"count": 3})
    result = operator(synchronous(names)).execute(context("clean"))
    assert result["answer"] == {"count": 3}
    (call,) = aws.made("lambda", INVOKED)
    assert "result" not in call.parameters["crosswind"]


def test_a_synchronous_error_is_the_tasks(aws: RecordedAws, names: TopologyNames) -> None:
    raised = {"errorType": "ValueError", "errorMessage": "refused: not the folder"}
    aws.script(INVOKED, (200, raised, {"x-amz-function-error": "Unhandled"}))
    with pytest.raises((RunError, AirflowFailException), match="refused: not the folder"):
        operator(synchronous(names)).execute(context("clean"))
    assert len(aws.made("lambda", INVOKED)) == 1
