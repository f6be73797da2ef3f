"""Principals in stored policies are bound to the ids that they had then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.local.authorization.bindings import Bindings
from crosswind.local.edge.call import Call, HttpRequest, HttpResponse, Principal, ServiceError
from tests.unit.local.edge.fakes import HUB, SITE, FakeBackend

OWNER = f"arn:aws:iam::{SITE}:role/path/owner"
KEY = f"arn:aws:kms:us-east-1:{SITE}:key/1234"
DONE = HttpResponse(200, {}, b"{}")


class Stage:
    def __init__(self) -> None:
        self.backend = FakeBackend()
        self.bindings = Bindings(self.backend)
        self.role = self.backend.add_role("airflow", HUB)
        self.backend.add_user("ann", HUB)
        self.user = f"arn:aws:iam::{HUB}:user/ann"

    def store(self, service: str, operation: str, response: HttpResponse = DONE, **parameters: Any) -> None:
        body = parameters.pop("body", "")
        http = HttpRequest("PUT", "/", {}, {}, body.encode())
        who = Principal(SITE, f"arn:aws:iam::{SITE}:root", SITE, SITE)
        call = Call("1", who, SITE, "us-east-1", service, operation, parameters, http)
        self.bindings.guard(call)
        self.bindings.after_call(call, response)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def policy(*principals: Any, element: str = "Principal") -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", element: one, "Action": "*"} for one in principals]})


def test_a_trust_policy_binds_roles_and_users(stage: Stage) -> None:
    document = policy({"AWS": [stage.role, f"arn:aws:iam::{HUB}:root"]}, {"AWS": stage.user}, "*", {"Service": "x.y"})
    stage.store("iam", "CreateRole", RoleName="owner", Path="/path/", AssumeRolePolicyDocument=document)
    assert stage.bindings.of("trust", OWNER) == {stage.role: "AROAAIRFLOW", stage.user: "AIDAANN"}
    # A role made anew has another id; the document still means the old one, until it is stored again.
    stage.backend.roles[stage.role] = stage.backend.roles[stage.role]._replace(role_id="AROANEW")
    assert stage.bindings.of("trust", OWNER)[stage.role] == "AROAAIRFLOW"
    document = policy({"AWS": stage.role})
    stage.store("iam", "UpdateAssumeRolePolicy", RoleName="owner", PolicyDocument=document)
    assert stage.bindings.of("trust", OWNER) == {stage.role: "AROANEW"}
    stage.store("iam", "DeleteRole", RoleName="owner")
    assert stage.bindings.of("trust", OWNER) == {}


def test_a_bucket_policy_binds_until_it_goes(stage: Stage) -> None:
    for end in ("DeleteBucketPolicy", "DeleteBucket"):
        document = policy({"AWS": stage.role}, element="NotPrincipal")
        stage.store("s3", "PutBucketPolicy", Bucket="data", body=document)
        assert stage.bindings.of("bucket", "data") == {stage.role: "AROAAIRFLOW"}
        assert stage.bindings.of("bucket", "other") == {}
        stage.store("s3", end, Bucket="data")
        assert stage.bindings.of("bucket", "data") == {}


def test_a_key_policy_binds_at_creation_and_later(stage: Stage) -> None:
    made = HttpResponse(200, {}, json.dumps({"KeyMetadata": {"KeyId": "1234", "Arn": KEY}}).encode())
    stage.store("kms", "CreateKey", made, Policy=policy({"AWS": stage.role}))
    assert stage.bindings.of("key", KEY) == {stage.role: "AROAAIRFLOW"}
    for name in (KEY, "1234"):
        stage.store("kms", "PutKeyPolicy", KeyId=name, Policy=policy({"AWS": stage.user}))
        assert stage.bindings.of("key", KEY) == {stage.user: "AIDAANN"}
        stage.store("kms", "PutKeyPolicy", KeyId=name, Policy=policy({"AWS": HUB}))
        assert stage.bindings.of("key", KEY) == {}
    stage.store("kms", "CreateKey", made)
    assert stage.bindings.of("key", KEY) == {}


@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_principal_that_is_not_there_is_refused_in_each_services_words(stage: Stage, kind: str) -> None:
    nobody = f"arn:aws:iam::{HUB}:{kind}/nobody"
    document = policy({"AWS": [stage.role, nobody]})
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("iam", {"RoleName": "owner", "AssumeRolePolicyDocument": document}, "CreateRole"),
        ("s3", {"Bucket": "data", "body": document}, "PutBucketPolicy"),
        ("kms", {"KeyId": "1234", "Policy": document}, "PutKeyPolicy"),
    ]
    said = []
    for service, parameters, operation in cases:
        with pytest.raises(ServiceError) as caught:
            stage.store(service, operation, **parameters)
        said.append((caught.value.code, caught.value.message))
    assert said == [
        ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{nobody}"'),
        ("MalformedPolicy", "Invalid principal in policy"),
        (
            "MalformedPolicyDocumentException",
            "Policy contains a statement with one or more invalid principals.",
        ),
    ]


def test_a_wildcard_is_no_part_of_a_principal(stage: Stage) -> None:
    with pytest.raises(ServiceError):
        stage.store("s3", "PutBucketPolicy", Bucket="data", body=policy({"AWS": f"arn:aws:iam::{HUB}:role/*"}))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Statement": 1}', '{"Statement": [1, {"Principal": {"AWS": 1}}]}'])
def test_what_is_no_policy_is_left_to_others(stage: Stage, text: str) -> None:
    stage.store("s3", "PutBucketPolicy", Bucket="data", body=text)
    assert stage.bindings.of("bucket", "data") == {}
