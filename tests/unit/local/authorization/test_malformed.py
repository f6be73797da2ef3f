"""What is no policy is refused where it would be stored; what may be deleted of many objects is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.iam import PolicyKind, PolicySet, Principal, Request, decide, parse
from crosswind.local.authorization.boundaries import UserBoundaries
from crosswind.local.authorization.decisions import Decided
from crosswind.local.authorization.deletions import judged_deletions
from crosswind.local.authorization.malformed import refuse_malformed
from crosswind.local.authorization.need import Need
from crosswind.local.edge.backend import ManagedPolicy
from crosswind.local.edge.call import Call, HttpRequest, HttpResponse, ServiceError
from crosswind.local.edge.call import Principal as Signer
from crosswind.local.protocol import parse_input

ACCOUNT = "111111111111"
WHO = Signer(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDAANN", "AKIA1")
RIGHT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUSTING = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def call(service: str, operation: str, parameters: dict[str, Any], body: bytes = b"") -> Call:
    return Call("id", WHO, ACCOUNT, "us-east-1", service, operation, parameters, HttpRequest("POST", "/", {}, {}, body))


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("iam", "CreateRole", {"AssumeRolePolicyDocument": policy(RIGHT)}, "MalformedPolicyDocument"),
        ("iam", "PutRolePolicy", {"PolicyDocument": policy(TRUSTING)}, "MalformedPolicyDocument"),
        ("iam", "CreatePolicy", {"PolicyDocument": "{"}, "MalformedPolicyDocument"),
        ("kms", "PutKeyPolicy", {"Policy": policy(RIGHT)}, "MalformedPolicyDocumentException"),
        ("kms", "CreateKey", {"Policy": "[]"}, "MalformedPolicyDocumentException"),
        ("secretsmanager", "PutResourcePolicy", {"ResourcePolicy": "x"}, "MalformedPolicyDocumentException"),
        ("sqs", "SetQueueAttributes", {"Attributes": {"Policy": "x"}}, "InvalidAttributeValue"),
        ("sns", "SetTopicAttributes", {"AttributeName": "Policy", "AttributeValue": "x"}, "InvalidParameter"),
        ("ecr", "SetRepositoryPolicy", {"policyText": "x"}, "InvalidParameterException"),
        ("logs", "PutResourcePolicy", {"policyDocument": "x"}, "InvalidParameterException"),
        ("glue", "PutResourcePolicy", {"PolicyInJson": "x"}, "InvalidInputException"),
        ("organizations", "CreatePolicy", {"Type": "SERVICE_CONTROL_POLICY", "Content": "x"},
         "MalformedPolicyDocumentException"),
    ],
)  # fmt: skip
def test_malformed(service: str, operation: str, parameters: dict[str, Any], code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        refuse_malformed(call(service, operation, parameters))
    assert (caught.value.code, caught.value.status) == (code, 400)


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("iam", "CreateRole", {"AssumeRolePolicyDocument": policy(TRUSTING)}),
        ("iam", "PutRolePolicy", {"PolicyDocument": policy(RIGHT)}),
        ("kms", "CreateKey", {}),
        ("organizations", "CreatePolicy", {"Type": "TAG_POLICY", "Content": "x"}),
        ("organizations", "CreatePolicy", {"Type": "SERVICE_CONTROL_POLICY", "Content": policy(RIGHT)}),
        ("sns", "SetTopicAttributes", {"AttributeName": "DisplayName", "AttributeValue": "x"}),
        ("sqs", "SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("iam", "GetRole", {"RoleName": "x"}),
    ],
)
def test_well_formed(service: str, operation: str, parameters: dict[str, Any]) -> None:
    refuse_malformed(call(service, operation, parameters))


def test_a_bucket_policy_is_the_body() -> None:
    with pytest.raises(ServiceError) as caught:
        refuse_malformed(call("s3", "PutBucketPolicy", {"Bucket": "b"}, policy(RIGHT).encode()))
    assert caught.value.code == "MalformedPolicy"
    refuse_malformed(call("s3", "PutBucketPolicy", {"Bucket": "b"}, policy(RIGHT | {"Principal": "*"}).encode()))


def deleting(*targets: tuple[str, str]) -> Call:
    objects = "".join(
        f"<Object><Key>{key}</Key>{f'<VersionId>{version}</VersionId>' if version else ''}</Object>"
        for key, version in targets
    )
    body = f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{objects}</Delete>'.encode()
    http = HttpRequest("POST", "/b", {"delete": ""}, {"content-md5": "x", "host": "localhost"}, body, "delete")
    return Call("id", WHO, ACCOUNT, "us-east-1", "s3", "DeleteObjects", {"Bucket": "b"}, http)


def decided(key: str, version: str, *, allowed: bool) -> Decided:
    action = "s3:DeleteObjectVersion" if version else "s3:DeleteObject"
    need = Need(action, f"arn:aws:s3:::b/{key}", ACCOUNT, {"s3:VersionId": version} if version else {})
    document = policy({"Effect": "Allow", "Action": action if allowed else "s3:GetObject", "Resource": "*"})
    policies = PolicySet(identity=(parse(document, PolicyKind.IDENTITY),))
    request = Request(action, need.resource, Principal.of(WHO.arn), ACCOUNT, need.context)
    return Decided(need, decide(request, policies), policies)


def test_of_many_objects_those_that_may_be_deleted_are() -> None:
    asked = deleting(("mine", ""), ("other&amp;s", ""), ("mine", "v1"))
    ruling = judged_deletions(
        asked,
        [
            decided("mine", "", allowed=True),
            decided("other&s", "", allowed=False),
            decided("mine", "v1", allowed=False),
        ],
    )
    assert ruling.partly
    assert ruling.answer is None
    assert ruling.call is not None
    assert "content-md5" not in ruling.call.http.headers
    left = parse_input("s3", "DeleteObjects", ruling.call.http)["Delete"]
    assert (left["Objects"], left["Quiet"]) == ([{"Key": "mine"}], False)
    assert ruling.complete is not None
    done = HttpResponse(
        200, {"Content-Length": "3"}, b"<DeleteResult><Deleted><Key>mine</Key></Deleted></DeleteResult>"
    )
    body = ruling.complete(done).body
    assert isinstance(body, bytes)
    text = body.decode()
    assert text.count("<Error>") == 2
    assert "<Key>other&amp;s</Key><Code>AccessDenied</Code>" in text
    assert "<VersionId>v1</VersionId>" in text
    assert "content-length" not in {name.lower() for name in ruling.complete(done).headers}
    empty = ruling.complete(HttpResponse(200, {}, b'<DeleteResult xmlns="x"/>')).body
    assert isinstance(empty, bytes)
    assert empty.startswith(b'<DeleteResult xmlns="x"><Error>')
    failed = HttpResponse(500, {}, b"<Error/>")
    assert ruling.complete(failed) is failed


def test_when_none_may_be_deleted_nothing_is_left_to_do() -> None:
    ruling = judged_deletions(deleting(("other", "")), [decided("other", "", allowed=False)])
    assert ruling.answer is not None
    assert ruling.answer.status == 200
    assert b"<Key>other</Key><Code>AccessDenied</Code>" in ruling.answer.body  # type: ignore[operator]  # it is bytes


class Users:
    def __init__(self) -> None:
        self.boundaries = {"ann": ""}

    def managed_policy(self, account: str, arn: str) -> ManagedPolicy | None:
        return ManagedPolicy if arn.endswith("fence") else None  # type: ignore[return-value]  # any object will do

    def set_user_boundary(self, account: str, partition: str, name: str, arn: str) -> bool:
        if name in self.boundaries:
            self.boundaries[name] = arn
        return name in self.boundaries


def test_a_users_boundary_is_put_and_deleted() -> None:
    users = Users()
    operations = UserBoundaries(users).operations
    put, delete = operations["PutUserPermissionsBoundary"], operations["DeleteUserPermissionsBoundary"]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/fence"
    put(call("iam", "x", {"UserName": "ann", "PermissionsBoundary": arn}))
    assert users.boundaries == {"ann": arn}
    for parameters in (
        {"UserName": "bob", "PermissionsBoundary": arn},
        {"UserName": "ann", "PermissionsBoundary": "no"},
    ):
        with pytest.raises(ServiceError) as caught:
            put(call("iam", "x", parameters))
        assert (caught.value.code, caught.value.status) == ("NoSuchEntity", 404)
    delete(call("iam", "x", {"UserName": "ann"}))
    assert users.boundaries == {"ann": ""}
