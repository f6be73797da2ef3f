"""Errors as botocore reads them, and requests that cannot be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosswind.local.edge.call import HttpResponse, ServiceError
from crosswind.local.protocol import error_in, parse_input, require, resolve_operation, serialize_error
from crosswind.local.protocol.signing import SIGNED_AS
from tests.unit.local.protocol.wire import read, request


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "GetObject"),
        ("s3control", "GetAccessPoint"),
        ("sts", "AssumeRole"),
        ("ec2", "DescribeVpcs"),
        ("glue", "GetJob"),
        ("lambda", "Invoke"),
        ("sqs", "SendMessage"),
    ],
)
def test_code_and_text_are_read_back(service: str, operation: str) -> None:
    error = ServiceError("SomeCode", 'a <text> & "more"', 418)
    response = serialize_error(service, operation, error, "id-1")
    assert response.status == 418
    parsed = read(service, operation, response)["Error"]
    assert (parsed["Code"], parsed["Message"]) == ("SomeCode", 'a <text> & "more"')
    assert error_in(response)[0] == "SomeCode"
    assert error_in(response)[1] in ('a <text> & "more"', 'a <text> & \\"more\\"')


def test_further_fields_are_read_back() -> None:
    fields = {"RestApiStatusCode": 404, "RestApiResponse": {"detail": "no such DAG"}}
    error = ServiceError("RestApiClientException", "", 400, fields=fields)
    parsed = read("mwaa", "InvokeRestApi", serialize_error("mwaa", "InvokeRestApi", error, "1"))
    assert parsed["RestApiStatusCode"] == 404
    assert parsed["RestApiResponse"] == {"detail": "no such DAG"}


def test_an_unknown_service_is_still_answered() -> None:
    response = serialize_error("", "", ServiceError("MissingAuthenticationToken", "no", 403), "1")
    assert b"<Code>MissingAuthenticationToken</Code>" in bytes(response.body)  # type: ignore[arg-type]


def test_error_in_falls_back_on_the_status() -> None:
    assert error_in(HttpResponse(404, {}, b"")) == ("404", "")
    assert error_in(HttpResponse(500, {}, b"{not json")) == ("500", "")


def test_a_query_request_to_a_json_service_is_answered_in_xml() -> None:
    http = request("sqs", "ListQueues", {})
    old = replace(
        http,
        headers={"authorization": http.headers["authorization"], "content-type": "application/x-www-form-urlencoded"},
        body=b"Action=ListQueues&Version=2012-11-05",
    )
    assert resolve_operation(old) == ("sqs", "ListQueues")
    response = serialize_error("sqs", "ListQueues", ServiceError("X", "y"), "1", old)
    assert response.headers["content-type"] == "text/xml"


def test_cbor_is_refused() -> None:
    http = request("cloudwatch", "ListMetrics", {})
    cbor = replace(
        http,
        path="/service/GraniteServiceVersion20100801/operation/ListMetrics",
        headers={"authorization": http.headers["authorization"], "smithy-protocol": "rpc-v2-cbor"},
    )
    assert resolve_operation(cbor) == ("cloudwatch", "ListMetrics")
    with pytest.raises(ServiceError, match="CBOR") as refusal:
        parse_input("cloudwatch", "ListMetrics", cbor)
    assert refusal.value.status == 501


@pytest.mark.parametrize(
    ("service", "operation", "body"),
    [
        ("glue", "GetJob", b"{"),
        ("glue", "GetJob", b'{"JobName": 7}'),
        ("glue", "GetJob", b"[1]"),
        ("glue", "StartJobRun", b'{"JobName": "a", "Timeout": "x"}'),
        ("s3", "PutBucketVersioning", b"<open>"),
        ("lambda", "CreateFunction", b'{"Code": {"ZipFile": "not base64!"}}'),
        ("iam", "ListRoles", b"Action=ListRoles&Version=2010-05-08&MaxItems=many"),
    ],
)
def test_what_cannot_be_read_is_refused(service: str, operation: str, body: bytes) -> None:
    parameters = {"Bucket": "b", "VersioningConfiguration": {}} if service == "s3" else {}
    http = replace(request(service, operation, parameters), body=body)
    with pytest.raises(ServiceError) as refusal:
        parse_input(service, operation, http)
    assert refusal.value.code == "SerializationException"


def test_missing_members_are_named_in_the_words_of_aws() -> None:
    with pytest.raises(ServiceError) as refusal:
        require("sts", "AssumeRole", {"RoleArn": "x"})
    assert refusal.value.code == "ValidationError"
    assert refusal.value.message == (
        "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint:"
        " Member must not be null"
    )
    with pytest.raises(ServiceError, match="2 validation errors detected") as refusal:
        require("mwaa", "InvokeRestApi", {"Name": "a"})
    assert refusal.value.code == "ValidationException"


def test_unknown_operations_are_refused() -> None:
    http = request("glue", "GetJob", {"JobName": "x"})
    with pytest.raises(ServiceError, match="glue has no operation GetJobb") as refusal:
        resolve_operation(replace(http, headers=dict(http.headers) | {"x-amz-target": "AWSGlue.GetJobb"}))
    assert refusal.value.status == 501
    scope = http.headers["authorization"].replace("/glue/", "/nosuch/")
    with pytest.raises(ServiceError, match="nosuch"):
        resolve_operation(replace(http, headers={"authorization": scope}))


def test_the_table_of_signing_names_is_botocores() -> None:
    import botocore.session

    session = botocore.session.get_session()
    # Reading all models takes seconds; those that the example's world meets, and the shared names, are enough.
    for name in ("mwaa", "sagemaker-runtime", "cloudwatch", "stepfunctions", "efs", "s3control", "elbv2", "sesv2"):
        metadata = session.get_service_model(name).metadata
        signing = metadata.get("signingName") or metadata["endpointPrefix"]
        assert name in SIGNED_AS[signing]
    for services in SIGNED_AS.values():
        for service in services:
            assert service in session.get_available_services()
