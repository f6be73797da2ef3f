from __future__ import annotations

from typing import Any

import pytest

from crosswind.local.cloudformation.providers.registry import all_providers
from crosswind.local.cloudformation.schema.catalogue import Catalogue
from crosswind.local.cloudformation.schema.shape import check, fitted

CATALOGUE = Catalogue()


def faults(kind: str, properties: dict[str, Any]) -> list[str]:
    return check(CATALOGUE.schema(f"AWS::{kind}"), properties)


@pytest.mark.parametrize(
    ("kind", "properties", "wanted"),
    [
        ("S3::Bucket", {"Bogus": 1}, ["#: extraneous key [Bogus] is not permitted"]),
        ("S3::Bucket", {"Arn": "x"}, ["#: extraneous key [Arn] is not permitted"]),
        (
            "S3::Bucket",
            {"VersioningConfiguration": {"State": "Enabled"}},
            [
                "#/VersioningConfiguration: extraneous key [State] is not permitted",
                "#/VersioningConfiguration: required key [Status] not found",
            ],
        ),
        (
            "S3::Bucket",
            {"VersioningConfiguration": {"Fn::If": ["C", {"Status": "On"}, {"Ref": "AWS::NoValue"}]}},
            ["#/VersioningConfiguration/Status: #: On is not a valid enum value (valid: Enabled, Suspended)"],
        ),
        (
            "Lambda::Function",
            {"Code": {}, "Role": "r", "Environment": {"Variables": {"1": "x", "OK": 5}}},
            ["#/Environment/Variables: extraneous key [1] is not permitted"],
        ),
        ("S3::Bucket", {"Tags": {"Key": "a"}}, ["#/Tags: expected type: Array, found: JSONObject"]),
        ("S3::Bucket", {"BucketName": ["a"]}, ["#/BucketName: expected type: String, found: JSONArray"]),
        ("S3::Bucket", {"BucketName": None}, ["#/BucketName: null values are not allowed in templates"]),
        ("Glue::Job", {"Role": "r"}, ["#: required key [Command] not found"]),
        (
            "Lambda::Function",
            {"Code": {}, "Role": "r", "Timeout": "soon"},
            ["#/Timeout: expected type: Integer, found: String"],
        ),
        ("S3::Bucket", {"BucketName": {"Fn::Sub": "x"}, "Tags": [{"Key": "a", "Value": {"Ref": "B"}}]}, []),
        ("IAM::Role", {"AssumeRolePolicyDocument": {"Statement": [{"Anything": {"Goes": 1}}]}}, []),
    ],
)
def test_faults_in_aws_words(kind: str, properties: dict[str, Any], wanted: list[str]) -> None:
    assert faults(kind, properties) == wanted


def test_values_get_their_declared_types() -> None:
    properties, found = fitted(
        CATALOGUE.schema("AWS::Lambda::Function"),
        {
            "Code": {"ZipFile": "x"},
            "Role": "r",
            "Timeout": "30",
            "MemorySize": 256,
            "Description": 5,
            "Tags": [{"Key": "k", "Value": True}],
        },
    )
    assert found == []
    assert properties["Timeout"] == 30
    assert properties["Description"] == "5"
    assert properties["Tags"] == [{"Key": "k", "Value": "true"}]


def test_list_lengths_are_checked_on_values() -> None:
    network = {"SubnetIds": ["s-1"], "SecurityGroupIds": ["sg-1"]}
    _, found = fitted(CATALOGUE.schema("AWS::MWAA::Environment"), {"Name": "e", "NetworkConfiguration": network})
    assert found == ["#/NetworkConfiguration/SubnetIds: expected minimum item count: 2, found: 1"]


def test_create_only_properties_ask_for_a_new_resource() -> None:
    schema = CATALOGUE.schema("AWS::MWAA::Environment")
    old = {"Name": "e", "NetworkConfiguration": {"SubnetIds": ["a", "b"], "SecurityGroupIds": ["g"]}}
    other_group = {**old, "NetworkConfiguration": {"SubnetIds": ["a", "b"], "SecurityGroupIds": ["h"]}}
    other_subnet = {**old, "NetworkConfiguration": {"SubnetIds": ["a", "c"], "SecurityGroupIds": ["g"]}}
    assert not schema.needs_replacement(old, other_group)
    assert schema.needs_replacement(old, other_subnet)
    assert schema.keeps_its_name(old, other_subnet)
    assert not schema.keeps_its_name(old, {**other_subnet, "Name": "f"})


@pytest.mark.parametrize("kind", sorted(all_providers()))
def test_a_provider_offers_only_what_the_schema_has(kind: str) -> None:
    provider, schema = all_providers()[kind], CATALOGUE.schema(kind)
    assert provider.type_name == kind
    assert provider.offers.keys() <= schema.raw["properties"].keys() - schema.read_only
    assert set(schema.raw.get("required", ())) <= provider.offers.keys()
    known = schema.attributes | schema.raw["properties"].keys()
    assert provider.attributes <= known
    assert bool(provider.tags) == ("Tags" in provider.offers)
