"""The parts of the differential fuzzing that need no engine."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

import pytest

from crosswind.iam import Effect
from tests.oracle import subject
from tests.oracle.grammar import case
from tests.oracle.minimize import minimized
from tests.oracle.settled import read_settled

COUNT = 400


def cases(count: int = COUNT) -> list[dict[str, Any]]:
    return [case(Random(f"test:{number}"), number) for number in range(count)]


def test_the_same_seed_gives_the_same_cases() -> None:
    assert cases() == cases()
    assert case(Random("1:1"), 1) != case(Random("2:1"), 1)


def test_a_case_survives_json() -> None:
    for made in cases():
        assert json.loads(json.dumps(made)) == made


def test_requests_hit_often_enough() -> None:
    words = Counter(subject.word(made) for made in cases())
    assert set(words) == {each.value for each in Effect}
    assert 0.3 <= words["Allow"] / COUNT <= 0.5


def test_every_element_and_every_operator_is_spoken() -> None:
    text = json.dumps(cases(2000))
    words = ["NotAction", "NotResource", "NotPrincipal", "Federated", "Service", "ForAllValues:", "ForAnyValue:"]
    words += ["IfExists", "Null", "Bool", "Numeric", "Date", "IpAddress", "Arn", "StringLike", "${*}", "2008-10-17"]
    assert [word for word in words if word not in text] == []


def test_minimized_keeps_what_matters_and_drops_the_rest() -> None:
    wanted = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
    made = cases(1)[0] | {
        "identityPolicies": [
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Deny", "Action": ["glue:*", "s3:GetObject"], "Resource": ["*"], "Condition": {}},
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                ],
            },
        ],
        "scps": [{"level": "Root", "policies": [{"Statement": []}]}],
    }
    small = minimized(made, lambda each: "Deny" in json.dumps(each) and "s3:GetObject" in json.dumps(each))
    assert small["identityPolicies"] == [{"Version": "2012-10-17", "Statement": [wanted]}]
    assert small["resourcePolicy"] is None
    assert small["scps"] == []


def test_a_minimized_case_still_holds() -> None:
    for made in cases(60):
        word = subject.word(made)
        small = minimized(made, lambda each, word=word: subject.word(each) == word)
        assert subject.word(small) == word
        assert len(json.dumps(small)) <= len(json.dumps(made))


@pytest.mark.parametrize("kind", read_settled(), ids=lambda kind: kind.matcher)
def test_a_settled_difference_names_its_page_and_its_predicate(kind: Any) -> None:
    assert kind.page.startswith("docs.aws.amazon.com/")
    assert kind.right in {"crosswind", "engine", "neither"}
    assert kind.why
    plain = cases(1)[0] | {"identityPolicies": [], "resourcePolicy": None, "boundary": None, "sessionPolicy": None}
    plain |= {"scps": [], "rcps": [], "endpointPolicies": [], "blockPublicAccess": False}
    assert kind.matches(plain, "Allow", "ImplicitDeny") is False
