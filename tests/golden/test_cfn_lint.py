"""cfn-lint has nothing to say about any template, in its own Region."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden.cfn import said
from tests.golden.regenerate import HERE, TOPOLOGIES

TEMPLATES = (path for folder in TOPOLOGIES for path in (HERE / folder).glob("[0-9]*/*-*-*/*.json"))
FILES = sorted(TEMPLATES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_template_is_clean(path: Path) -> None:
    assert said(path.read_text(), path.parent.name) == []


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ({"Type": "AWS::S3::Bucket", "Properties": {"Colour": "red"}}, "E3002"),
        ({"Type": "AWS::S3::Buckets"}, "E3006"),
        ({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Nothing"}}}, "E1020"),
        ({"Type": "AWS::Glue::Job", "Properties": {"Command": {}}}, "E3003"),
    ],
)
def test_the_gate_can_close(planted: Any, rule: str) -> None:
    """What is wrong does not pass, whatever the same rules have let pass before; and what is right does after it."""
    path = FILES[0]
    template = json.loads(path.read_text())
    template["Resources"]["Planted"] = planted
    found = said(json.dumps(template), path.parent.name)
    assert found
    assert {line.split()[0] for line in found} == {rule}
    assert said(path.read_text(), path.parent.name) == []


def test_the_gate_knows_where_a_service_is_not() -> None:
    template = {"Resources": {"Planted": {"Type": "AWS::MWAA::Environment", "Properties": {"Name": "one"}}}}
    assert said(json.dumps(template), "us-east-1") == []
    assert [line.split()[0] for line in said(json.dumps(template), "mx-central-1")] == ["E3006"]
