"""`crosswind iam decide`: cases of a file, and one question by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crosswind.cli.main import app
from crosswind.errors import CrosswindError
from crosswind.iam.cases import read_cases, request_and_policies

HUB, DATA = "111111111111", "222222222222"
TARGET = f"arn:aws:iam::{DATA}:role/etl"
SESSION = f"arn:aws:sts::{HUB}:assumed-role/airflow/dag-1"
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "iam-cases.md"
ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
TRUST = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"sts:ExternalId": "pipeline-7"}},
}


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, ["iam", "decide", *words])


def written(folder: Path, name: str, *statements: dict[str, Any]) -> str:
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    return str(file)


@pytest.fixture
def question(tmp_path: Path) -> list[str]:
    """One that both sides would allow, given the external id."""
    own, theirs = written(tmp_path, "own", ASSUME), written(tmp_path, "trust", TRUST)
    asked = ["--action", "sts:AssumeRole", "--resource", TARGET, "--principal", SESSION]
    return [*asked, "--policy", own, "--resource-policy", theirs]


def test_a_denial_is_explained(question: list[str]) -> None:
    done = ask(*question)
    assert done.exit_code == 1
    first, sentence, *told = done.stdout.splitlines()
    assert first == "ImplicitDeny"
    assert sentence.startswith(f"User: {SESSION} is not authorized to perform: sts:AssumeRole on resource: {TARGET}")
    assert any('policy wants "pipeline-7", request carries none' in line for line in told)


def test_an_allow(question: list[str]) -> None:
    done = ask(*question, "--context", "sts:ExternalId=pipeline-7", "--output", "json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["schema_version"], told["decision"], told["explanation"]["effect"]) == (1, "Allow", "Allow")


@pytest.mark.parametrize(
    ("option", "statement"),
    [
        ("--boundary", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
        ("--session-policy", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
        ("--scp", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
        ("--rcp", {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Resource": "*"}),
    ],
)
def test_every_other_document_has_its_say(
    tmp_path: Path, question: list[str], option: str, statement: dict[str, Any]
) -> None:
    allowed = [*question, "--context", "sts:ExternalId=pipeline-7"]
    assert ask(*allowed).exit_code == 0
    assert ask(*allowed, option, written(tmp_path, "more", statement)).exit_code == 1


def test_the_resources_owner_and_several_values_of_a_key(tmp_path: Path) -> None:
    keys = {"ForAnyValue:StringEquals": {"aws:TagKeys": "b"}}
    policy = written(tmp_path, "p", {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": keys})
    asked = ["--action", "s3:GetObject", "--resource", "arn:aws:s3:::x/y", "--principal", SESSION, "--policy", policy]
    tags = ["--context", "aws:TagKeys=a", "--context", "aws:TagKeys=b"]
    assert ask(*asked, *tags).exit_code == 0
    assert ask(*asked).exit_code == 1
    assert ask(*asked, *tags, "--resource-account", DATA).exit_code == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--action", "s3:GetObject"], "--principal is missing"),
        (["--principal", SESSION], "--action is missing"),
        (["--action", "a:b", "--principal", "nobody"], "nobody"),
        (["--action", "GetObject", "--principal", SESSION], "no service:Action"),
        (["--action", "a:b", "--principal", SESSION, "--resource", "s3://b/k"], "no ARN"),
        (["--action", "a:b", "--principal", SESSION, "--resource-account", "data"], "no account id"),
        (["--action", "a:b", "--principal", "arn:aws:iam::1:role/x"], "12 digits"),
        (["--action", "a:b", "--principal", "arn:aws:iam::111111111111:role/*"], "wildcard"),
        (["--action", "a:b", "--principal", SESSION, "--context", "x"], "no key=value"),
        (["--action", "a:b", "--principal", SESSION, "--policy", "no/such/file"], "cannot be read"),
        (["--cases", "no/such/file"], "cannot be read"),
        (["--cases", "c.json", "--action", "a:b"], "whole questions"),
    ],
)
def test_a_question_that_cannot_be_asked(words: list[str], message: str) -> None:
    done = ask(*words)
    assert isinstance(done.exception, CrosswindError)
    assert done.exception.exit_code == 2
    assert message in done.exception.message
    assert done.stdout == ""


def test_a_document_that_aws_would_refuse(tmp_path: Path, question: list[str]) -> None:
    done = ask(*question, "--scp", written(tmp_path, "scp", {"Effect": "Allow", "Action": "nonsense", "Resource": "*"}))
    assert isinstance(done.exception, CrosswindError)
    assert done.exception.exit_code == 2
    assert "scp.json" in done.exception.message
    assert "statement 0" in done.exception.message


def case(name: str, **more: Any) -> dict[str, Any]:
    request = {"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "principal": SESSION}
    return {"id": name, "request": request, **more}


def test_cases_are_answered_in_their_order(tmp_path: Path) -> None:
    allowed = [{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]
    denied = [{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}]
    file = tmp_path / "cases.json"
    file.write_text(
        json.dumps([case("c"), case("a", identityPolicies=allowed), case("b", identityPolicies=[*allowed, *denied])])
    )
    done = ask("--cases", str(file))
    assert done.exit_code == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"id": "c", "decision": "ImplicitDeny"},
        {"id": "a", "decision": "Allow"},
        {"id": "b", "decision": "ExplicitDeny"},
    ]


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ({"id": "bad", "request": {"action": "s3:GetObject", "resource": "*"}}, ("bad", "request.principal")),
        ({"request": {}}, ("[1]", "id")),
    ],
)
def test_a_file_that_does_not_keep_the_form_prints_nothing(
    tmp_path: Path, fault: dict[str, Any], names: tuple[str, ...]
) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([case("good"), fault]))
    done = ask("--cases", str(file))
    assert isinstance(done.exception, CrosswindError)
    assert done.exception.exit_code == 2
    assert done.stdout == ""
    assert all(name in str(done.exception) for name in (str(file), *names))


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        (case("bad", identityPolicies=[{"Statement": 7}]), ("bad", "identityPolicies")),
        (case("bad", scps={"a": 1}), ("bad", "scps")),
        ({"id": "bad", "request": {"action": "a:b", "resource": "*", "principal": "nobody"}}, ("bad", "nobody")),
    ],
)
def test_a_case_that_cannot_be_read_is_told_and_the_others_answered(
    tmp_path: Path, fault: dict[str, Any], names: tuple[str, ...]
) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([case("first"), fault, case("last")]))
    done = ask("--cases", str(file))
    first, told, last = (json.loads(line) for line in done.stdout.splitlines())
    assert (first, last) == ({"id": "first", "decision": "ImplicitDeny"}, {"id": "last", "decision": "ImplicitDeny"})
    assert told["id"] == "bad"
    assert names[1] in told["error"]
    assert isinstance(done.exception, CrosswindError)
    assert done.exception.exit_code == 2
    assert all(name in str(done.exception) for name in (str(file), *names))


def test_the_case_of_the_documentation_is_one(tmp_path: Path) -> None:
    shown = PAGE.read_text().split("```json\n", 1)[1].split("```", 1)[0]
    (documented,) = read_cases(f"[{shown}]")
    assert len(request_and_policies(documented)[1].identity) == 1
    file = tmp_path / "cases.json"
    file.write_text(f"[{shown}]")
    assert ask("--cases", str(file)).stdout.strip() in PAGE.read_text()
    assert documented.expected == "ImplicitDeny"
