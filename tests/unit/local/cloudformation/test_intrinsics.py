from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.local.cloudformation.template.intrinsics import NO_VALUE, Resolver
from crosswind.local.edge.call import ServiceError


class FakeLookup:
    def reference(self, name: str) -> Any:
        return {"Name": "n", "List": ["a", "b"], "AWS::Region": "us-west-2"}[name]

    def attribute(self, logical_id: str, attribute: str) -> Any:
        return f"{logical_id}/{attribute}"

    def imported(self, export: str) -> str:
        return f"imported {export}"

    def zones(self, region: str) -> list[str]:
        return [f"{region or 'own'}a", f"{region or 'own'}b"]


MAPPINGS = {"Sizes": {"us-west-2": {"small": "s", "many": ["x", "y"]}}}
CONDITIONS = {
    "Yes": {"Fn::Equals": [{"Ref": "Name"}, "n"]},
    "No": {"Fn::Not": [{"Condition": "Yes"}]},
    "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
    "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
    "Number": {"Fn::Equals": [1, "1"]},
    "Truth": {"Fn::Equals": [True, "true"]},
    "Snake": {"Fn::Not": [{"Condition": "Tail"}]},
    "Tail": {"Fn::Not": [{"Condition": "Snake"}]},
}


def value(raw: Any) -> Any:
    return Resolver(FakeLookup(), MAPPINGS, CONDITIONS).value(raw)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ({"Ref": "Name"}, "n"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "Bucket/Arn"),
        ({"Fn::GetAtt": "Bucket.Outputs.X"}, "Bucket/Outputs.X"),
        ({"Fn::Sub": "arn:${AWS::Region}:${Bucket.Arn}/${!Literal}"}, "arn:us-west-2:Bucket/Arn/${Literal}"),
        ({"Fn::Sub": ["${A}-${Name}", {"A": {"Fn::Join": ["+", ["x", "y"]]}}]}, "x+y-n"),
        ({"Fn::Join": [",", {"Ref": "List"}]}, "a,b"),
        ({"Fn::Select": ["1", {"Fn::Split": ["|", "p|q"]}]}, "q"),
        ({"Fn::If": ["Yes", "y", {"Ref": "Nobody"}]}, "y"),
        ({"Fn::If": ["No", "y", "n"]}, "n"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "many"]}, ["x", "y"]),
        ({"Fn::ImportValue": {"Fn::Sub": "${Name}-export"}}, "imported n-export"),
        ({"Fn::GetAZs": ""}, ["owna", "ownb"]),
        ({"Fn::Base64": "text"}, base64.b64encode(b"text").decode()),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, "8"]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}, 2]}, {"b": [1, 2]}),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_functions(raw: Any, wanted: Any) -> None:
    assert value(raw) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("Yes", True), ("No", False), ("Both", False), ("Either", True), ("Number", True), ("Truth", True)],
)
def test_conditions(name: str, wanted: bool) -> None:
    assert Resolver(FakeLookup(), MAPPINGS, CONDITIONS).condition(name) is wanted


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"Fn::FindInMap": ["Sizes", "eu", "small"]}, "Unable to get mapping for Sizes::eu::small"),
        ({"Fn::Select": [5, ["a"]]}, "Fn::Select cannot select nonexistent value at index 5"),
        ({"Fn::Join": [",", "text"]}, "Fn::Join is not a list"),
        ({"Fn::If": ["Missing", 1, 2]}, "unresolved condition dependency Missing in Fn::If"),
        ({"Fn::If": ["Snake", 1, 2]}, "circular condition dependency between: [Snake, Tail]"),
        ({"Fn::Nothing": "x"}, "Unrecognized intrinsic function Fn::Nothing"),
        ({"Fn::Transform": "x"}, "does not offer the intrinsic function Fn::Transform"),
        ({"Fn::Cidr": ["10.0.0.0/24", 9, 6]}, "cannot make 9 subnets"),
        ({"Fn::GetAtt": ["Bucket"]}, "two non-empty parameters"),
        ({"Ref": ["x"]}, "All Ref values must be strings"),
        ("{{resolve:secretsmanager:x}}", "dynamic references"),
    ],
)
def test_wrong_use_is_refused(raw: Any, words: str) -> None:
    with pytest.raises(ServiceError) as refused:
        value(raw)
    assert words in refused.value.message


PLAIN = st.recursive(
    st.booleans() | st.integers() | st.text(alphabet="abc:/-. ", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["Key", "Value", "Statement", "x"]), inner, max_size=4)
    ),
)


@given(PLAIN)
def test_plain_values_are_left_alone(raw: Any) -> None:
    assert value(raw) == raw


@given(PLAIN, PLAIN)
def test_if_is_its_chosen_branch(yes: Any, no: Any) -> None:
    assert value({"Fn::If": ["Yes", yes, no]}) == yes
    assert value({"Fn::If": ["No", yes, no]}) == no


@given(st.lists(st.text(alphabet="abc", min_size=1), min_size=1))
def test_split_undoes_join(items: list[str]) -> None:
    assert value({"Fn::Split": ["|", {"Fn::Join": ["|", items]}]}) == items
