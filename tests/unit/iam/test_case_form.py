"""The reader of the case form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.errors import InputError
from crosswind.iam import Effect, Level, PolicyKind
from crosswind.iam.cases import read_cases, request_and_policies

U = "arn:aws:iam::111111111111:user/ana"
REQUEST = {"action": "s3:GetObject", "resource": "*", "principal": U}


def one(**fields: Any) -> Any:
    (case,) = read_cases(json.dumps([{"id": "x", "request": REQUEST, **fields}]), "f.json")
    return case


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "f.json: is not JSON"),
        ("3", "f.json: is no array of cases"),
        ("[3]", "f.json [0]: a case is 3; valid: an object"),
        ('[{"id": ""}]', 'f.json [0]: id is ""; valid: a text'),
        ('[{"id": "x"}]', "f.json [0] x: request is null; valid: an object"),
        ('[{"id": "x", "request": {"action": 1}}]', "f.json [0] x: request.action is 1; valid: a text"),
        (
            json.dumps([{"id": "x", "request": REQUEST, "identityPolices": []}]),
            "f.json [0] x: unknown field 'identityPolices'; did you mean 'identityPolicies'?",
        ),
        (
            json.dumps([{"id": "x", "request": REQUEST, "expected": "Yes"}]),
            'f.json [0] x: expected is "Yes"; valid: Allow, ExplicitDeny, ImplicitDeny, Deny',
        ),
        (
            json.dumps([{"id": "x", "request": {**REQUEST, "context": []}}]),
            "f.json [0] x: request.context is []; valid: an object",
        ),
    ],
)
def test_a_malformed_file_names_case_and_field(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_cases(text, "f.json")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"identityPolicies": [{}]}, "f.json [0] x: policy 'identityPolicies[0]', Statement: is missing"),
        ({"resourcePolicy": "no"}, "f.json [0] x: policy 'resourcePolicy': is not JSON"),
        ({"scps": {"level": "r"}}, "f.json [0] x: scps is "),
        ({"rcps": [3]}, "f.json [0] x: rcps[0] is 3; valid: an object with level and policies"),
        ({"request": {**REQUEST, "principal": "nobody"}}, "f.json [0] x: request.principal: 'nobody' is no principal"),
    ],
)
def test_an_unreadable_document_names_case_and_field(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        request_and_policies(one(**fields))
    assert str(caught.value).startswith(message)


def test_what_is_not_attached() -> None:
    request, policies = request_and_policies(one(boundary=[], sessionPolicy=None, resourcePolicy=None, scps=[]))
    assert (policies.boundary, policies.session, policies.resource, policies.scps) == (None, None, None, ())
    assert request.context == {}


def test_the_kind_of_a_resource_policy_follows_from_the_action() -> None:
    document = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}
    kinds = {"kms:Decrypt": PolicyKind.KEY, "sts:AssumeRole": PolicyKind.TRUST, "s3:GetObject": PolicyKind.RESOURCE}
    for action, kind in kinds.items():
        _, policies = request_and_policies(one(request={**REQUEST, "action": action}, resourcePolicy=document))
        assert policies.resource is not None
        assert policies.resource.kind is kind


def test_documents_belong_to_their_accounts() -> None:
    document = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}
    case = one(
        request={**REQUEST, "resourceAccount": "222222222222"},
        identityPolicies=[document],
        resourcePolicy=document,
        scps=[{"level": "Root", "policies": [document]}],
    )
    _, policies = request_and_policies(case)
    assert policies.identity[0].account == "111111111111"
    assert policies.resource is not None
    assert policies.resource.account == "222222222222"
    (level,) = policies.scps
    assert isinstance(level, Level)
    assert level.name == "Root"


def test_deny_stands_for_either_kind() -> None:
    case = one(expected="Deny")
    assert case.agrees(Effect.EXPLICIT_DENY)
    assert case.agrees(Effect.IMPLICIT_DENY)
    assert not case.agrees(Effect.ALLOW)
    assert not one(expected="ImplicitDeny").agrees(Effect.EXPLICIT_DENY)
