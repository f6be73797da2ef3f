"""Statements in policies: every one of them in, none wider, none over IAM's limits."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crosswind.synth.packing import POLICIES, POLICY_CHARACTERS, by_noun, filled, packed
from crosswind.synth.template import sub

ARNS = st.text("abcdefgh/", min_size=1, max_size=180).map(lambda tail: sub(f"arn:${{AWS::Partition}}:s3:::{tail}"))


@st.composite
def statements(draw: st.DrawFn) -> list[dict[str, Any]]:
    counts = draw(st.lists(st.integers(1, 120), min_size=1, max_size=12))
    return [
        {
            "Sid": f"Statement{chr(65 + number)}",
            "Effect": "Allow",
            "Action": [f"s3:Action{number}"],
            "Resource": draw(st.lists(ARNS, min_size=count, max_size=count)),
        }
        for number, count in enumerate(counts)
    ]


def allowed(policies: Iterable[Iterable[Mapping[str, Any]]]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for policy in policies:
        for each in policy:
            found[each["Action"][0]] += [resource["Fn::Sub"] for resource in each["Resource"]]
    return {action: sorted(resources) for action, resources in found.items()}


def length(policy: Any) -> int:
    document = {"Version": "2012-10-17", "Statement": policy}
    return len(json.dumps(document, separators=(",", ":")).replace('{"Fn::Sub":', "").replace('"}', '"'))


@given(statements())
def test_nothing_is_lost_or_widened_and_every_policy_fits(every: list[dict[str, Any]]) -> None:
    for pack in (packed, filled):
        parts = pack(every)
        assert allowed(parts) == allowed([every])
        assert all(length(part) <= POLICY_CHARACTERS for part in parts)
        for part in parts:
            assert len({each["Sid"] for each in part}) == len(part)


def one(sid: str, resources: int) -> dict[str, Any]:
    arns = [sub(f"arn:${{AWS::Partition}}:s3:::bucket-{number:04}") for number in range(resources)]
    return {"Sid": sid, "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": arns}


def test_a_policy_is_a_noun_as_long_as_a_role_takes_them() -> None:
    groups = {f"noun{number}": [one("Read", 1)] for number in range(POLICIES)}
    assert list(by_noun(groups)) == list(groups)


def test_nouns_share_policies_when_there_would_be_too_many() -> None:
    groups = {f"noun{number}": [one(f"Read{chr(65 + number)}", 1)] for number in range(POLICIES + 1)}
    assert list(by_noun(groups)) == ["part-1"]
