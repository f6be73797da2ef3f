"""Our side of each protocol against botocore's side of it, operation by operation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswind.local.edge.call import HttpResponse
from crosswind.local.protocol import parse_input, resolve_operation, serialize_output, service_model
from crosswind.local.protocol.models import operation_model
from tests.unit.local.protocol.wire import MOMENT, read, request, sample

SERVICES = ("s3", "lambda", "mwaa", "glue", "sagemaker", "cloudformation", "sts", "iam", "secretsmanager", "logs")
# Same request but for the host name, or the old twin of another operation.
OTHER_NAME = {
    "ListDirectoryBuckets": "ListBuckets",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
}
# The deprecated notification shapes name two members alike; WriteGetObjectResponse is a host of its own.
LEFT_OUT = {"PutBucketNotification", "GetBucketNotification", "WriteGetObjectResponse"}
EVERY = [
    (service, name) for service in SERVICES for name in service_model(service).operation_names if name not in LEFT_OUT
]


def streams(shape: Any) -> bool:
    return shape is not None and any(m.serialization.get("eventstream") for m in shape.members.values())


def filled(shape: Any) -> dict[str, Any]:
    """Every member set; what travels in a header is ASCII."""
    if shape is None:
        return {}
    value: dict[str, Any] = sample(shape)
    for name, member in shape.members.items():
        if member.serialization.get("location") in ("header", "headers") and name in value:
            value[name] = plain(value[name])
        if member.serialization.get("location") == "statusCode":
            value[name] = 202
    return value


def plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("ascii", "ignore").decode()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(k).lower(): plain(v) for k, v in value.items()}
    return value


@pytest.mark.parametrize(("service", "operation"), EVERY)
def test_request_is_resolved_and_read_back(service: str, operation: str) -> None:
    shape = operation_model(service, operation).input_shape
    if streams(shape):
        pytest.skip("event streams are refused")
    parameters = filled(shape)

    http = request(service, operation, parameters)

    assert resolve_operation(http) == (service, OTHER_NAME.get(operation, operation))
    assert parse_input(service, operation, http) == parameters


@pytest.mark.parametrize(("service", "operation"), EVERY)
def test_response_is_read_back_by_botocore(service: str, operation: str) -> None:
    shape = operation_model(service, operation).output_shape
    if streams(shape):
        pytest.skip("event streams are refused")
    output = filled(shape)
    payload = shape.serialization.get("payload") if shape is not None else None
    raw = payload and shape.members[payload].type_name == "blob"
    if raw:
        output[payload] = b"raw bytes"

    parsed = read(service, operation, serialize_output(service, operation, output, "id-1"))

    if raw and isinstance(parsed[payload], str):
        parsed[payload] = parsed[payload].encode()
    assert parsed == output


@pytest.mark.parametrize("service", ["ec2", "sqs", "events", "kms", "cloudwatch", "dynamodb", "stepfunctions"])
def test_other_services_are_resolved(service: str) -> None:
    for operation in service_model(service).operation_names:
        shape = operation_model(service, operation).input_shape
        http = request(service, operation, filled(shape) if service != "ec2" else {})
        assert resolve_operation(http) == (service, operation)


def test_ec2_lists_and_filters_are_read() -> None:
    parameters = {
        "VpcIds": ["vpc-1", "vpc-2"],
        "Filters": [{"Name": "tag:a", "Values": ["b", "c"]}],
        "MaxResults": 5,
    }
    http = request("ec2", "DescribeVpcs", parameters)
    assert parse_input("ec2", "DescribeVpcs", http) == parameters


keys = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda key: key not in (".", "..") and "/./" not in f"/{key}/" and "/../" not in f"/{key}/"
)


@settings(deadline=None, max_examples=200)
@given(key=keys, version=st.none() | st.text("abcXYZ019-_.", min_size=1))
def test_any_key_of_an_object_is_read_back(key: str, version: str | None) -> None:
    parameters = {"Bucket": "bucket", "Key": key} | ({"VersionId": version} if version else {})
    http = request("s3", "GetObject", parameters)
    assert resolve_operation(http) == ("s3", "GetObject")
    assert parse_input("s3", "GetObject", http) == parameters


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(body=st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_any_document_passes_through_invoke_rest_api(body: dict[str, Any]) -> None:
    parameters = {"Name": "hub", "Path": "/dags/a", "Method": "POST", "Body": body, "QueryParameters": body}
    http = request("mwaa", "InvokeRestApi", parameters)
    assert resolve_operation(http) == ("mwaa", "InvokeRestApi")
    assert parse_input("mwaa", "InvokeRestApi", http) == parameters

    output = {"RestApiStatusCode": 200, "RestApiResponse": body}
    assert read("mwaa", "InvokeRestApi", serialize_output("mwaa", "InvokeRestApi", output, "1")) == output


@settings(deadline=None)
@given(payload=st.binary(max_size=200))
def test_any_payload_passes_through_invoke(payload: bytes) -> None:
    http = request("lambda", "Invoke", {"FunctionName": "f", "Payload": payload, "LogType": "Tail"})
    expected = {"FunctionName": "f", "LogType": "Tail"} | ({"Payload": payload} if payload else {})
    assert parse_input("lambda", "Invoke", http) == expected

    output = {"StatusCode": 200, "FunctionError": "Unhandled", "LogResult": "eA==", "Payload": payload}
    response = serialize_output("lambda", "Invoke", output, "1")
    assert (response.status, response.body) == (200, payload)
    assert response.headers["X-Amz-Function-Error"] == "Unhandled"


def test_invoke_takes_a_function_arn() -> None:
    arn = "arn:aws:lambda:us-west-2:222222222222:function:dagcleanup"
    http = request("lambda", "Invoke", {"FunctionName": arn})
    assert resolve_operation(http) == ("lambda", "Invoke")
    assert parse_input("lambda", "Invoke", http)["FunctionName"] == arn


def test_an_unknown_output_member_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="glue:StartJobRun has no output JobRun"):
        serialize_output("glue", "StartJobRun", {"JobRun": "x"}, "1")
    with pytest.raises(ValueError, match="has no member Nmae"):
        serialize_output("glue", "GetJob", {"Job": {"Nmae": "x"}}, "1")


def test_an_iterator_streams() -> None:
    response = serialize_output("s3", "GetObject", {"Body": iter([b"a", b"b"]), "ETag": '"1"'}, "1")
    assert isinstance(response, HttpResponse)
    assert not isinstance(response.body, bytes)
    assert b"".join(response.body) == b"ab"


def test_times_have_the_form_of_their_protocol() -> None:
    text = serialize_output("glue", "GetJob", {"Job": {"CreatedOn": MOMENT}}, "1").body
    assert text == b'{"Job":{"CreatedOn":%d}}' % MOMENT.timestamp()
    naive = MOMENT.replace(tzinfo=None)
    assert serialize_output("glue", "GetJob", {"Job": {"CreatedOn": naive}}, "1").body == text
