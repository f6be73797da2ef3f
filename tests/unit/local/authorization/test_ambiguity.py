"""Requests that two readers may read differently are refused before IAM judges them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosswind.local.authorization.needs import Needs
from crosswind.local.edge.call import Call, ServiceError
from crosswind.local.protocol import parse_input
from tests.unit.local.authorization.world import FakeFacts, call


def changed(made: Call, **http: object) -> Call:
    return replace(made, http=replace(made.http, **http))  # type: ignore[arg-type]  # fields by name


GET_ROLE = {"RoleName": "allowed"}


def refused(made: Call) -> str:
    with pytest.raises(ServiceError) as error:
        Needs(FakeFacts()).of(made)
    assert (error.value.code, error.value.status) == ("SerializationException", 400)
    return error.value.message


def test_a_form_with_a_name_twice() -> None:
    made = call("iam", "GetRole", GET_ROLE)
    twice = b"RoleName=victim&" + made.http.body
    assert "RoleName twice" in refused(changed(made, body=twice))


@pytest.mark.parametrize("kind", ["Application/X-WWW-Form-Urlencoded", "multipart/form-data; boundary=x", ""])
def test_a_form_that_does_not_say_so(kind: str) -> None:
    made = call("iam", "GetRole", GET_ROLE)
    headers = {**made.http.headers, "content-type": kind}
    assert "not a form" in refused(changed(made, headers=headers))


def test_an_action_in_the_query_of_a_json_request() -> None:
    made = call("secretsmanager", "DescribeSecret", {"SecretId": "s"})
    assert "Action" in refused(changed(made, raw_query="Action=DeleteSecret"))


def test_an_action_in_a_form_of_a_rest_request() -> None:
    made = call("lambda", "GetFunction", {"FunctionName": "f"})
    headers = {**made.http.headers, "content-type": "application/x-www-form-urlencoded"}
    assert "Action" in refused(changed(made, headers=headers, body=b"Action=DeleteFunction"))


def test_a_list_with_two_prefixes() -> None:
    made = call("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "public/"})
    assert "prefix twice" in refused(changed(made, raw_query="list-type=2&prefix=secret/&%70refix=public/"))


def test_lists_in_a_query_may_repeat() -> None:
    resource = "arn:aws:lambda:us-east-1:111111111111:function:f"
    made = call("lambda", "UntagResource", {"Resource": resource, "TagKeys": ["a", "b"]})
    assert made.http.raw_query.count("tagKeys") == 2
    (need,) = Needs(FakeFacts()).of(made)
    assert need.context["aws:TagKeys"] == ["a", "b"]


def test_a_body_that_the_edge_could_not_read() -> None:
    made = call("events", "PutRule", {"Name": "r"})
    broken = changed(made, body=b'{"Name": "r", "State": 5}')
    with pytest.raises(ServiceError):
        parse_input("events", "PutRule", broken.http)
    assert refused(replace(broken, parameters={}))


def test_an_object_may_hold_anything() -> None:
    made = call("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": b"Action=DeleteFunction"})
    headers = {**made.http.headers, "content-type": "application/x-www-form-urlencoded"}
    assert Needs(FakeFacts()).of(changed(made, headers=headers))[0].action == "s3:PutObject"
