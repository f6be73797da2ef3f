"""Lambda's Invoke through the API: real functions in awslambdaric, under the function's own role."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.engines.conftest import EXAMPLE, Account, package, until

CLEANUP = (EXAMPLE / "jobs/lambda_/dagcleanup.py").read_bytes()


class Function:
    """One function with its role."""

    def __init__(self, account: Account, source: str | bytes, region: str = "us-east-1", **settings: Any) -> None:
        self.account, self.region = account, region
        self.client = account.client("lambda", region)
        self.client.create_function(
            FunctionName="dagcleanup",
            Role=account.role("lambda", "lambda"),
            Runtime="python3.12",
            Handler="index.handler",
            Code={"ZipFile": package(source)},
            **{"Timeout": 30, **settings},
        )

    def invoke(self, event: Any = None, **settings: Any) -> Any:
        answer = self.client.invoke(
            FunctionName="dagcleanup", Payload=json.dumps(event).encode(), **{"LogType": "Tail", **settings}
        )
        answer["Payload"] = json.loads(answer["Payload"].read() or b"null")
        answer["Log"] = base64.b64decode(answer.get("LogResult", "")).decode()
        return answer


def test_success_in_a_warm_environment_with_context_and_variables(account: Account) -> None:
    source = """
import os
count = 0
def handler(event, context):
    global count
    count += 1
    print("seen", event["n"])
    return {"n": event["n"], "count": count, "arn": context.invoked_function_arn, "id": context.aws_request_id,
            "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "region": os.environ["AWS_REGION"],
            "own": os.environ["OWN"], "left": context.get_remaining_time_in_millis()}
"""
    function = Function(account, source, "us-west-2", Environment={"Variables": {"OWN": "x"}})
    first, second = function.invoke({"n": 1}), function.invoke({"n": 2})
    assert first["StatusCode"] == 200
    assert first["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in first
    assert [first["Payload"]["count"], second["Payload"]["count"]] == [1, 2]
    assert second["Payload"]["arn"] == f"arn:aws:lambda:us-west-2:{account.id}:function:dagcleanup"
    assert (second["Payload"]["name"], second["Payload"]["region"], second["Payload"]["own"]) == (
        "dagcleanup", "us-west-2", "x",
    )  # fmt: skip
    assert 25_000 < second["Payload"]["left"] <= 30_000
    lines = second["Log"].splitlines()
    assert lines[0] == f"START RequestId: {second['Payload']['id']} Version: $LATEST"
    assert lines[1] == "seen 2"
    assert lines[2] == f"END RequestId: {second['Payload']['id']}"
    assert lines[3].startswith(f"REPORT RequestId: {second['Payload']['id']}\tDuration: ")
    assert "Init Duration" in first["Log"]
    assert "Init Duration" not in second["Log"]
    streams = account.client("logs", "us-west-2").describe_log_streams(logGroupName="/aws/lambda/dagcleanup")
    assert len(streams["logStreams"]) == 1
    assert "/[$LATEST]" in streams["logStreams"][0]["logStreamName"]


def test_changed_code_gets_a_new_environment(account: Account) -> None:
    function = Function(account, "def handler(event, context):\n    return 'old'\n")
    assert function.invoke()["Payload"] == "old"
    new = package("def handler(event, context):\n    return 'new'\n")
    function.client.update_function_code(FunctionName="dagcleanup", ZipFile=new)
    assert function.invoke()["Payload"] == "new"


def test_exception_is_an_unhandled_error_and_the_environment_stays(account: Account) -> None:
    source = """
count = 0
def handler(event, context):
    global count
    count += 1
    if event == "bad":
        raise KeyError("no such run")
    return count
"""
    function = Function(account, source)
    bad = function.invoke("bad")
    assert bad["FunctionError"] == "Unhandled"
    assert bad["StatusCode"] == 200
    assert bad["Payload"]["errorType"] == "KeyError"
    assert bad["Payload"]["errorMessage"] == "'no such run'"
    assert "in handler" in bad["Payload"]["stackTrace"][0]
    assert "[ERROR] KeyError" in bad["Log"]
    assert function.invoke("good")["Payload"] == 2


def test_timeout_kills_the_environment(account: Account) -> None:
    source = """
import time
count = 0
def handler(event, context):
    global count
    count += 1
    time.sleep(event)
    return count
"""
    function = Function(account, source, Timeout=1)
    late = function.invoke(60)
    assert late["FunctionError"] == "Unhandled"
    assert late["Payload"]["errorType"] == "Sandbox.Timedout"
    assert late["Payload"]["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in late["Log"]
    assert function.invoke(0)["Payload"] == 1


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import os\ndef handler(event, context):\n    os._exit(3)\n", "Runtime.ExitError"),
        ("import no_such_module\n", "Runtime.ImportModuleError"),
        ("def other(event, context):\n    return 1\n", "Runtime.HandlerNotFound"),
        ("def handler(event, context):\n    return object()\n", "Runtime.MarshalError"),
    ],
)
def test_broken_functions_are_told_apart(account: Account, source: str, kind: str) -> None:
    answer = Function(account, source).invoke({})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == kind


def test_event_runs_in_the_background_and_is_tried_three_times(account: Account) -> None:
    bucket = account.bucket("marks")
    source = """
import os, time, boto3
def handler(event, context):
    s3 = boto3.client("s3")
    seen = s3.list_objects_v2(Bucket=event["bucket"])["KeyCount"]
    s3.put_object(Bucket=event["bucket"], Key=f"{seen}-{context.aws_request_id}", Body=b"")
    if seen < 2:
        raise RuntimeError("again")
"""
    function = Function(account, source)
    began = time.monotonic()
    answer = function.invoke({"bucket": bucket}, InvocationType="Event")
    assert answer["StatusCode"] == 202
    assert time.monotonic() - began < 1.5
    keys = until(lambda: account.keys(bucket), lambda found: len(found) == 3, 30)
    assert len({key.partition("-")[2] for key in keys}) == 1


FAILS = """
import boto3
def handler(event, context):
    boto3.client("s3").put_object(Bucket=event["bucket"], Key=context.aws_request_id + event.get("name", ""), Body=b"")
    raise RuntimeError("no")
"""


def starts(function: Function, request_id: str) -> list[Any]:
    """The START lines of one request, over all log streams."""
    logs = function.account.client("logs", function.region)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="/aws/lambda/dagcleanup", filterPattern=f'"RequestId: {request_id}"'
    )
    events = [event["message"] for page in pages for event in page["events"]]
    assert all(request_id in event for event in events)
    return [event for event in events if event.startswith("START ")]


@pytest.mark.parametrize("attempts", [0, 1])
def test_an_event_is_tried_as_often_as_the_function_says(account: Account, attempts: int) -> None:
    bucket = account.bucket("marks")
    function = Function(account, FAILS)
    function.client.put_function_event_invoke_config(
        FunctionName="dagcleanup", Qualifier="$LATEST", MaximumRetryAttempts=attempts, MaximumEventAgeInSeconds=60
    )
    answer = function.invoke({"bucket": bucket}, InvocationType="Event", LogType="None")
    request_id = answer["ResponseMetadata"]["RequestId"]
    until(lambda: account.keys(bucket), lambda keys: keys == [request_id], 30)
    function.invoke({"bucket": bucket, "name": "-sync"})  # by then the pauses of 0.1 s are over
    assert (
        len(until(lambda: starts(function, request_id), lambda found: len(found) == 1 + attempts, 10)) == 1 + attempts
    )
    time.sleep(0.5)  # a further attempt would have come: there is nothing to poll for
    assert len(starts(function, request_id)) == 1 + attempts


def test_the_answers_request_id_is_the_functions(account: Account) -> None:
    function = Function(account, "def handler(event, context):\n    print('seen')\n    return context.aws_request_id\n")
    answer = function.invoke()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert answer["Payload"] == request_id
    logs = account.client("logs")
    found = logs.filter_log_events(logGroupName="/aws/lambda/dagcleanup", filterPattern=f'"{request_id}"')["events"]
    assert [event["message"].split()[0] for event in found] == ["START", "END", "REPORT"]


def test_the_configuration_of_events_comes_changes_and_goes(account: Account) -> None:
    function = Function(account, FAILS)
    client, named = function.client, {"FunctionName": "dagcleanup"}
    arn = f"arn:aws:lambda:us-east-1:{account.id}:function:dagcleanup:$LATEST"

    def kept() -> tuple[Any, ...]:
        found = client.get_function_event_invoke_config(**named)
        return tuple(found.get(name) for name in ("FunctionArn", "MaximumRetryAttempts", "MaximumEventAgeInSeconds"))

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        kept()
    client.put_function_event_invoke_config(**named, MaximumRetryAttempts=1)
    assert kept() == (arn, 1, None)
    client.update_function_event_invoke_config(**named, MaximumEventAgeInSeconds=120)
    assert kept() == (arn, 1, 120)
    client.put_function_event_invoke_config(**named, MaximumEventAgeInSeconds=60)
    assert kept() == (arn, None, 60)
    assert len(client.list_function_event_invoke_configs(**named)["FunctionEventInvokeConfigs"]) == 1
    for wrong in ({"MaximumRetryAttempts": 3}, {"MaximumEventAgeInSeconds": 21_601}):
        with pytest.raises(ClientError, match="must be between"):
            client.put_function_event_invoke_config(**named, **wrong)
    queue = {"OnFailure": {"Destination": f"arn:aws:sqs:us-east-1:{account.id}:q"}}
    with pytest.raises(ClientError) as refused:
        client.put_function_event_invoke_config(**named, DestinationConfig=queue)
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    client.delete_function_event_invoke_config(**named)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.delete_function_event_invoke_config(**named)
    client.put_function_event_invoke_config(**named, MaximumRetryAttempts=0)
    client.delete_function(**named)
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Function not found"):
        kept()
    again = client.create_function(
        FunctionName="dagcleanup", Role=f"arn:aws:iam::{account.id}:role/lambda", Runtime="python3.12",
        Handler="index.handler", Code={"ZipFile": package(FAILS)},
    )  # fmt: skip
    assert again["FunctionName"] == "dagcleanup"
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="doesn't have an EventInvokeConfig"):
        kept()


def test_dry_run_runs_nothing(account: Account) -> None:
    function = Function(account, "def handler(event, context):\n    return 1\n")
    assert function.invoke(InvocationType="DryRun", LogType="None")["StatusCode"] == 204
    assert not [r for r in account.requests() if r["service"] == "logs"]


def test_cleanup_removes_one_run_in_two_regions_and_may_run_twice(account: Account) -> None:
    east, west = account.bucket("source"), account.bucket("destination", "us-west-2")
    names = ["transformed/run-1/train/a.csv", "transformed/run-1/manifest.json"]
    for name in [*names, "transformed/run-2/train/a.csv", "transformed/run-10/a.csv", "raw/x.csv"]:
        account.put(east, name, b"1")
        account.put(west, name, b"1", "us-west-2")
    function = Function(account, CLEANUP, "us-west-2")
    folders = [
        {"bucket": east, "prefix": "transformed/run-1/", "region": "us-east-1"},
        {"bucket": west, "prefix": "transformed/run-1/", "region": "us-west-2"},
    ]
    first = function.invoke({"run": "run-1", "folders": folders})["Payload"]
    assert first["count"] == 4
    assert {(r["bucket"], r["key"]) for r in first["removed"]} == {(b, n) for b in (east, west) for n in names}
    kept = ["raw/x.csv", "transformed/run-10/a.csv", "transformed/run-2/train/a.csv"]
    assert account.keys(east) == account.keys(west, region="us-west-2") == kept
    second = function.invoke({"run": "run-1", "folders": folders})["Payload"]
    assert second == {"run": "run-1", "removed": [], "count": 0}
    deleters = {r["principal"] for r in account.requests() if r["operation"] == "DeleteObjects"}
    assert deleters == {f"arn:aws:sts::{account.id}:assumed-role/lambda/dagcleanup"}


@pytest.mark.parametrize("prefix", ["", "transformed/", "transformed/run-1", "raw/run-1/", "transformed/../raw/"])
def test_cleanup_refuses_any_other_folder(account: Account, prefix: str) -> None:
    bucket = account.bucket("source")
    account.put(bucket, "raw/x.csv", b"1")
    good = {"bucket": bucket, "prefix": "transformed/run-1/", "region": "us-east-1"}
    account.put(bucket, "transformed/run-1/a.csv", b"1")
    answer = Function(account, CLEANUP).invoke({"run": "run-1", "folders": [good, {**good, "prefix": prefix}]})
    assert answer["Payload"]["errorType"] == "ValueError"
    assert "nothing was removed" in answer["Payload"]["errorMessage"]
    assert account.keys(bucket) == ["raw/x.csv", "transformed/run-1/a.csv"]


def test_the_source_fits_inline_in_a_template() -> None:
    # AWS::Lambda::Function Code.ZipFile: 4 MB now, 4096 characters in Regions that lag behind.
    assert len(CLEANUP) < 4096


def test_unknown_function_and_qualifier_are_refused(account: Account) -> None:
    function = Function(account, "def handler(event, context):\n    return 1\n")
    for settings in ({"FunctionName": "nobody"}, {"FunctionName": "dagcleanup", "Qualifier": "7"}):
        with pytest.raises(ClientError) as refused:
            function.client.invoke(**settings)
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as refused:
        function.client.invoke(FunctionName="dagcleanup", Payload=b"{not json")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"
