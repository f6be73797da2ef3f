"""Templates edited by hand: a spare action, a missing one and a wildcard are found by the verb."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crosswind.cli.main import app
from crosswind.errors import InputError
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.prove.declared import Declared

FILE = str(TOPOLOGIES["unified_pipelines"])
GLUE = "222222222222/us-east-1/unified-pipelines-site-processing.json"


def prove(*words: str) -> Result:
    return CliRunner().invoke(app, ["prove", "-f", FILE, *words])


def found(*words: str) -> list[dict[str, Any]]:
    done = prove("--output", "json", *words)
    assert done.exit_code in (0, 1), done.output
    told = json.loads(done.stdout)
    assert told["schema_version"] == 1
    assert told["proven"] is (done.exit_code == 0) is (not told["findings"])
    findings: list[dict[str, Any]] = told["findings"]
    return findings


@pytest.fixture
def templates(example: Declared, tmp_path: Path) -> Path:
    return example.write(tmp_path)


@pytest.fixture(scope="module")
def before() -> list[dict[str, Any]]:
    return found()


class Edited:
    """A template file, and the statement of a Glue job's role in it, by its Sid."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / GLUE
        self._content = json.loads(self._path.read_text())

    def statement(self, sid: str) -> dict[str, Any]:
        role = self._content["Resources"]["MwaaGlueRawToTransformJobRole"]["Properties"]
        statements = role["Policies"][0]["PolicyDocument"]["Statement"]
        return next(each for each in statements if each["Sid"] == sid)

    def save(self) -> None:
        self._path.write_text(json.dumps(self._content, indent=1))


def test_a_planted_action_is_found(templates: Path, before: list[dict[str, Any]]) -> None:
    edited = Edited(templates)
    edited.statement("WriteSource")["Action"].append("s3:PutBucketPolicy")
    edited.save()
    after = [each for each in found("--templates", str(templates)) if each not in before]
    assert [(each["kind"], each["statement"], each["element"]) for each in after] == [
        ("spare", "WriteSource", "Action s3:PutBucketPolicy")
    ]
    role = "MwaaGlueRawToTransformJobRole"
    assert f"Resources.{role}.Properties.Policies[0].PolicyDocument.Statement" in after[0]["template"]["path"]
    assert after[0]["role"].startswith("arn:aws:iam::222222222222:role/unified-pipelines-glue")
    assert after[0]["topology"]["path"] == "jobs.mwaa_glue_raw_to_transform"
    assert after[0]["topology"]["line"] > 0
    assert after[0]["template"]["file"] == GLUE


def test_a_missing_action_is_found(templates: Path, before: list[dict[str, Any]]) -> None:
    edited = Edited(templates)
    edited.statement("WriteSource")["Action"].remove("s3:PutObject")
    edited.save()
    after = [each for each in found("--templates", str(templates)) if each not in before]
    missing = [each for each in after if each["kind"] == "missing"]
    # A Deny that kept this role from forging handovers keeps nobody from anything any more.
    assert {(each["kind"], each["statement"]) for each in after if each not in missing} <= {
        ("spare", "HandoversByAirflow")
    }
    assert any("s3:PutObject" in each["flow"] and "transformed/<key>" in each["flow"] for each in missing)
    assert missing[0]["topology"]["path"] == "jobs.mwaa_glue_raw_to_transform.writes[0]"
    assert missing[0]["statement"]  # the nearest
    assert missing[0]["evidence"]


def test_a_planted_wildcard_of_an_action_is_found(templates: Path, before: list[dict[str, Any]]) -> None:
    edited = Edited(templates)
    edited.statement("WriteSource")["Action"] = ["s3:*"]
    edited.save()
    after = [each for each in found("--templates", str(templates)) if each not in before]
    assert ("wide", "Action s3:*") in {(each["kind"], each["element"]) for each in after}


def test_a_planted_wildcard_of_a_resource_is_found(templates: Path, before: list[dict[str, Any]]) -> None:
    edited = Edited(templates)
    (resource,) = edited.statement("DeleteSource")["Resource"]
    resource["Fn::Sub"] = resource["Fn::Sub"].replace("/transformed/*", "/*")
    edited.save()
    after = [each for each in found("--templates", str(templates)) if each not in before]
    assert {"wide", "open"} <= {each["kind"] for each in after}
    opened = [each for each in after if each["kind"] == "open"]
    assert all("DeleteObject" in each["flow"] for each in opened)
    assert {each["topology"]["path"] for each in opened} == {"buckets.source"}


def test_the_same_templates_prove_the_same(templates: Path, before: list[dict[str, Any]]) -> None:
    assert found("--templates", str(templates)) == before


def test_the_table_is_for_people(templates: Path) -> None:
    edited = Edited(templates)
    edited.statement("WriteSource")["Action"].append("s3:PutBucketPolicy")
    edited.save()
    done = prove("--templates", str(templates))
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert any("s3:PutBucketPolicy" in line and "jobs.mwaa_glue_raw_to_transform" in line for line in lines)
    assert any("HubReads" in line and "roles: single" in line for line in lines)
    assert lines[-1].startswith("not proven: ")


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda path: path.unlink(), "templates of the topology are not there"),
        (lambda path: (path.parent / "other.json").write_text("{}"), "is the template of no stack"),
        (lambda path: path.write_text("{,}"), "not JSON"),
        (lambda path: path.write_text("[]"), "no template"),
        (lambda path: path.write_text('{"Resources": []}'), "no template"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "not JSON"),
    ],
)
def test_bad_templates_are_told(templates: Path, edit: Any, says: str) -> None:
    edit(templates / GLUE)
    done = prove("--templates", str(templates))
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_code == 2
    assert says in str(done.exception)


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        ({"Type": "AWS::IAM::Role", "Properties": {}}, "has no RoleName"),
        ({"Type": "AWS::IAM::Role"}, "has no RoleName"),
        ({"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r"}}, "another form than CloudFormation takes"),
        ({"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": {}}}, "that is not known here"),
        (
            {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "No"}, "PolicyDocument": {}}},
            "No is neither",
        ),
        ({"Type": "AWS::Events::Rule", "Properties": {}}, "what CloudFormation does with AWS::Events::Rule"),
        (
            {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": "b", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "s3:*"}}},
            },
            "Principal: is missing",
        ),
        (
            {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Fn::Transform": {}}, "PolicyDocument": {}}},
            "Fn::Transform cannot be resolved here",
        ),
    ],
)
def test_what_cannot_be_resolved_is_an_error_with_its_place(templates: Path, resource: Any, says: str) -> None:
    path = templates / GLUE
    template = json.loads(path.read_text())
    template["Resources"]["Planted"] = resource
    path.write_text(json.dumps(template))
    done = prove("--templates", str(templates))
    assert isinstance(done.exception, InputError), done.exception
    assert says in str(done.exception)
    assert done.exception.place.file == GLUE
    assert "Planted" in done.exception.place.path


def test_a_topology_with_faults_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "crosswind.yaml").write_text("version: 1\nname: x\n")
    done = CliRunner().invoke(app, ["prove", "-f", str(tmp_path / "crosswind.yaml")])
    assert isinstance(done.exception, InputError)
