from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.local.cloudformation.template.document import Template, parse
from crosswind.local.cloudformation.template.parameters import ParameterValue, resolve_parameters
from crosswind.local.edge.call import ServiceError


def template(**parameters: Any) -> Template:
    return parse(json.dumps({"Parameters": parameters, "Resources": {"B": {"Type": "AWS::S3::Bucket"}}}))


def given(**values: str) -> list[dict[str, Any]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def test_types_defaults_and_lists() -> None:
    declared = template(
        Text={"Type": "String", "Default": ""},
        Number={"Type": "Number", "Default": 5, "MinValue": 1},
        Items={"Type": "CommaDelimitedList"},
        Empty={"Type": "CommaDelimitedList", "Default": ""},
        Subnets={"Type": "List<AWS::EC2::Subnet::Id>", "Default": "s-1,s-2"},
        Secret={"Type": "String", "NoEcho": "true"},
    )
    found = resolve_parameters(declared, given(Items="a, b", Secret="hush"))
    assert {name: value.value for name, value in found.items()} == {
        "Text": "",
        "Number": "5",
        "Items": ["a", "b"],
        "Empty": [],
        "Subnets": ["s-1", "s-2"],
        "Secret": "hush",
    }
    assert found["Secret"].shown == "****"
    assert found["Items"].shown == "a, b"


def test_previous_values() -> None:
    declared = template(P={"Type": "String", "Default": "default"})
    before = {"P": ParameterValue("kept", "kept")}
    use = [{"ParameterKey": "P", "UsePreviousValue": True}]
    assert resolve_parameters(declared, use, before)["P"].value == "kept"
    assert resolve_parameters(declared, [], before)["P"].value == "default"
    with pytest.raises(ServiceError, match="not in the previous template"):
        resolve_parameters(declared, use)


@pytest.mark.parametrize(
    ("declaration", "values", "words"),
    [
        ({"Type": "String"}, {}, "Parameters: [P] must have values"),
        ({"Type": "String", "Default": "x"}, {"Q": "1"}, "Parameters: [Q] do not exist in the template"),
        ({"Type": "String", "AllowedValues": ["a"]}, {"P": "b"}, "Parameter 'P' must be one of AllowedValues: [a]"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, {"P": "A"}, "must match pattern [a-z]+"),
        (
            {"Type": "String", "AllowedPattern": "x", "ConstraintDescription": "be x"},
            {"P": "y"},
            "Parameter P failed to satisfy constraint: be x",
        ),
        ({"Type": "String", "MinLength": 3}, {"P": "ab"}, "at least 3 characters"),
        ({"Type": "Number"}, {"P": "many"}, "must be a number"),
        ({"Type": "Number", "MaxValue": 4}, {"P": "5"}, "not greater than 4"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a"]}, {"P": "a,b"}, "must be one of AllowedValues"),
        ({"Type": "Strange"}, {"P": "b"}, "Unrecognized parameter type: Strange"),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, {"P": "b"}, "does not offer parameters of type AWS::SSM"),
        ({"Type": "String", "Typo": 1}, {"P": "b"}, "Invalid template parameter property 'Typo'"),
        ({"Type": "String"}, {"P": "x" * 4097}, "longer than the maximum of 4096 bytes"),
    ],
)
def test_refusals(declaration: dict[str, Any], values: dict[str, str], words: str) -> None:
    with pytest.raises(ServiceError) as refused:
        resolve_parameters(template(P=declaration), given(**values))
    assert words in refused.value.message
