"""`crosswind why`: the last denial, a request by id, and what cannot be answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crosswind.cli import wire
from crosswind.cli.main import app
from crosswind.errors import CrosswindError, TopologyError, WorldDownError
from crosswind.iam.explanation import Document, Explanation, LayerLine, Mark, Mismatch, NearMiss
from tests.unit.cli.world import DecidedWorld

HUB, DATA = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{DATA}:role/unified-pipelines-cross-account"
TRUST = Document("role", "unified-pipelines-cross-account", "role trust policy", DATA, "", 0)
NEAR = NearMiss(
    TRUST,
    ("Principal", "Action"),
    "Condition",
    ("unified-pipelines-hub",),
    None,
    Mismatch.KEY_ABSENT,
    "StringEquals",
    "sts:ExternalId",
)
DENIED = Explanation(
    effect="ImplicitDeny",
    action="sts:AssumeRole",
    resource=ROLE,
    resource_account=DATA,
    principal=f"arn:aws:sts::{HUB}:assumed-role/unified-pipelines-execution/airflow",
    principal_account=HUB,
    sentence="User: X is not authorized to perform: sts:AssumeRole",
    aws_policy_type="role trust",
    why="cross-account: both sides must allow",
    layers=(
        LayerLine("role trust policy", "owner", DATA, Mark.MISS, "IMPLICIT_DENY", "request carries none", TRUST, NEAR),
    ),
    near_miss=NEAR,
    owner=DATA,
    documents=(TRUST,),
    fixes=(f"owner {DATA}: the caller must send ExternalId",),
    note="AWS's own message names only the role trust policy",
)
ALLOWED = replace(DENIED, effect="Allow", sentence="", aws_policy_type=None, near_miss=None, documents=(), fixes=())


def answer(request_id: str, *explained: Explanation) -> dict[str, Any]:
    """What the world's route answers."""
    return {
        "schema_version": 1,
        "request": {
            "id": request_id,
            "time": 1.0,
            "principal": DENIED.principal,
            "account": HUB,
            "region": "us-east-1",
            "service": "sts",
            "operation": "AssumeRole",
        },
        "allowed": all(each.effect == "Allow" for each in explained),
        "decisions": [
            {"action": each.action, "resource": each.resource, "effect": each.effect, "explanation": each.as_dict()}
            for each in explained
        ],
    }


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DecidedWorld]:
    made = DecidedWorld()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CROSSWIND_FILE", raising=False)
    with made.running(tmp_path / "state"):
        yield made


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, ["why", "--state", "state", *words])


def test_the_last_denial(world: DecidedWorld) -> None:
    world.explained["last"] = answer("r-1", DENIED)
    for words in ([], ["--last"]):
        done = ask(*words)
        assert done.exit_code == 0, done.exception
        assert done.stdout.splitlines() == [
            f"Request r-1: sts AssumeRole in {HUB}, us-east-1 was denied.",
            "",
            "User: X is not authorized to perform: sts:AssumeRole",
            "WHY   cross-account: both sides must allow",
            f"  [MISS] owner {DATA}  role trust policy  request carries none",
            f"FIX   owner {DATA}: the caller must send ExternalId",
            "NOTE  AWS's own message names only the role trust policy",
        ]
        assert done.stderr.startswith("next: make the FIX in the account")


def test_with_a_topology_it_says_where_the_document_comes_from(world: DecidedWorld) -> None:
    world.explained["r-1"] = answer("r-1", DENIED)
    example = wire.example()
    done = ask("r-1", "-f", str(example))
    (origin,) = [line for line in done.stdout.splitlines() if line.startswith("FROM")]
    assert origin.startswith(f"FROM  {example}:")
    assert origin.endswith(
        " external_id  ->  unified-pipelines-site-ml.json:"
        " Resources.CrossAccountRole.Properties.AssumeRolePolicyDocument.Statement[0]"
    )
    assert f"crosswind deploy --local -f {example} --state state" in done.stderr


def test_the_topology_file_of_the_folder_is_used_when_it_is_sound(world: DecidedWorld, tmp_path: Path) -> None:
    world.explained["last"] = answer("r-1", DENIED)
    (tmp_path / "crosswind.yaml").write_text("version: 1\n")
    done = ask()
    assert done.exit_code == 0
    assert "crosswind.yaml has faults" in done.stderr
    assert "FROM" not in done.stdout

    assert isinstance(ask("-f", "crosswind.yaml").exception, TopologyError)


def test_json_carries_the_origins(world: DecidedWorld) -> None:
    world.explained["r-1"] = answer("r-1", DENIED)
    told = json.loads(ask("r-1", "-f", str(wire.example()), "--output", "json").stdout)
    (decision,) = told["decisions"]
    assert told["schema_version"] == 1
    assert Explanation.of(decision["explanation"]) == DENIED
    assert decision["origins"][0]["topology"][0]["path"] == "external_id"
    assert decision["origins"][0]["template"] == "unified-pipelines-site-ml.json"


def test_an_allowed_request_tells_of_each_need(world: DecidedWorld) -> None:
    world.explained["r-2"] = answer("r-2", ALLOWED, replace(ALLOWED, action="iam:PassRole"))
    shown = ask("r-2").stdout
    assert "was allowed." in shown
    assert f"may perform sts:AssumeRole on resource: {ROLE}" in shown
    assert f"may perform iam:PassRole on resource: {ROLE}" in shown


def test_of_a_denied_request_the_allowed_needs_take_one_line(world: DecidedWorld) -> None:
    world.explained["r-3"] = answer("r-3", replace(ALLOWED, action="s3:PutObject"), DENIED)
    shown = ask("r-3").stdout.splitlines()
    assert shown[1] == f"Allow: s3:PutObject on resource: {ROLE}"
    assert shown[3] == DENIED.sentence


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["r-9"], 2, "knows no decision for request r-9"),
        ([], 1, "has denied nothing so far"),
        (["r-9", "--last"], 2, "two questions"),
        (["../health"], 2, "knows no decision for request ../health"),
    ],
)
def test_what_cannot_be_answered(world: DecidedWorld, words: list[str], exit_code: int, message: str) -> None:
    error = ask(*words).exception
    assert isinstance(error, CrosswindError)
    assert error.exit_code == exit_code
    assert message in error.message
    assert error.hint


def test_no_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    error = ask().exception
    assert isinstance(error, CrosswindError)
    assert (error.code, error.exit_code) == ("CW502", 1)


def test_a_stopped_world_leaves_its_denials_behind(tmp_path: Path) -> None:
    denials = [answer("first", DENIED), answer("second", DENIED)]
    (tmp_path / "decisions.jsonl").write_text("".join(json.dumps(each) + "\n" for each in denials))
    for words, told in ((["first"], "first"), ([], "second")):
        done = CliRunner().invoke(app, ["why", *words, "--state", str(tmp_path), "--output", "json"])
        assert done.exit_code == 0
        assert json.loads(done.stdout)["request"]["id"] == told
    gone = CliRunner().invoke(app, ["why", "third", "--state", str(tmp_path)])
    assert isinstance(gone.exception, WorldDownError)
