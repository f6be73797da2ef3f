"""The builder finds mistakes where they are made."""

from __future__ import annotations

from typing import Any

import pytest

from crosswind.errors import InputError
from crosswind.synth import compact, pretty
from crosswind.synth.template import Template, get_att, if_set, ref, sub


@pytest.fixture
def template() -> Template:
    made = Template("a test")
    made.parameter("Given", "a parameter", default="")
    made.condition_set("Given")
    made.add("Bucket", "AWS::S3::Bucket", {"BucketName": "b"})
    return made


@pytest.mark.parametrize("name", ["Bucket", "Given"])
def test_a_name_is_taken_once(template: Template, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is declared twice"):
        template.add(name, "AWS::S3::Bucket", {})


@pytest.mark.parametrize("name", ["", "My-Bucket", "a_b", "x" * 256])
def test_a_logical_id_is_letters_and_digits(template: Template, name: str) -> None:
    with pytest.raises(ValueError, match="no logical id"):
        template.add(name, "AWS::S3::Bucket", {})


@pytest.mark.parametrize(
    "properties",
    [
        {"A": ref("Gone")},
        {"A": [{"B": get_att("Gone", "Arn")}]},
        {"A": sub("arn:${AWS::Partition}:s3:::${Gone}")},
        {"A": sub("${Gone.Arn}")},
        {"A": if_set("HasGone", 1)},
        {"A": if_set("HasGiven", ref("Gone"))},
        {"A": ref("AWS::Nothing")},
    ],
)
def test_a_dangling_reference_is_refused(template: Template, properties: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"refers to .*(Gone|Nothing)"):
        template.add("Policy", "AWS::S3::BucketPolicy", properties)


@pytest.mark.parametrize("extra", [{"condition": "HasGone"}, {"depends_on": ["Gone"]}])
def test_a_dangling_attribute_is_refused(template: Template, extra: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Gone"):
        template.add("Policy", "AWS::S3::BucketPolicy", {}, **extra)


def test_a_dangling_output_and_a_second_one_are_refused(template: Template) -> None:
    with pytest.raises(ValueError, match="Gone"):
        template.output("Name", ref("Gone"), "no")
    template.output("Name", ref("Bucket"), "yes")
    with pytest.raises(ValueError, match="declared twice"):
        template.output("Name", ref("Bucket"), "again")


def test_what_is_there_may_be_named(template: Template) -> None:
    template.add(
        "Policy",
        "AWS::S3::BucketPolicy",
        {
            "Bucket": ref("Bucket"),
            "Arn": sub("${Bucket.Arn}/${Given}/${!Literal}/${AWS::Region}"),
            "Maybe": if_set("HasGiven", get_att("Bucket", "Arn")),
        },
        condition="HasGiven",
        depends_on=["Bucket"],
        deletion="Delete",
    )
    policy = template.build()["Resources"]["Policy"]
    assert policy["Condition"] == "HasGiven"
    assert policy["DependsOn"] == ["Bucket"]
    assert policy["DeletionPolicy"] == policy["UpdateReplacePolicy"] == "Delete"


def test_parameters_come_with_their_defaults(template: Template) -> None:
    template.parameter("Asked", "no default")
    assert template.parameters == {"Asked": None, "Given": ""}


def filled(size: int, count: int = 1) -> dict[str, Any]:
    resources = {f"R{i}": {"Type": "AWS::S3::Bucket"} for i in range(count)}
    built = {"Description": "", "Resources": resources}
    built["Description"] = "x" * (size - len(compact(built, inline=False)))
    return built


def test_the_inline_limit_is_51200_bytes() -> None:
    assert len(compact(filled(51_200))) == 51_200
    with pytest.raises(InputError, match="stack big: its template has 51,201 bytes; CloudFormation takes 51,200"):
        compact(filled(51_201), name="big")


def test_the_limit_by_url_is_a_million_bytes() -> None:
    assert len(compact(filled(1_000_000), inline=False)) == 1_000_000
    with pytest.raises(InputError, match="1,000,001 bytes"):
        compact(filled(1_000_001), inline=False)


def test_bytes_are_counted_not_characters() -> None:
    template = {"Description": "é" * 26_000, "Resources": {}}
    with pytest.raises(InputError, match="bytes"):
        compact(template)


def test_the_limit_of_resources_is_500() -> None:
    compact(filled(40_000, count=500))
    with pytest.raises(InputError, match="501 resources"):
        compact(filled(40_000, count=501))


def test_text_is_sorted() -> None:
    template = {"Resources": {"B": {}, "A": {}}}
    assert compact(template) == '{"Resources":{"A":{},"B":{}}}'
    assert pretty(template).endswith("}\n")
