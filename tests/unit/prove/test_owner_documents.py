"""Resources that are there already count as if their owners had added what is asked of them: no more, no less."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crosswind.cli.main import app
from crosswind.errors import InputError
from crosswind.prove import Finding, FindingKind, prove
from crosswind.synth import OwnerDocument, owner_documents
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.prove.declared import Declared

FILE = TOPOLOGIES["existing"]


@pytest.fixture(scope="module")
def declared() -> Declared:
    return Declared.of(FILE)


def findings(declared: Declared, owners: list[OwnerDocument]) -> list[Finding]:
    return list(prove(declared.topology, declared.places, declared.stacks, owners).findings)


def changed(declared: Declared, file: str, sid: str, change: dict[str, Any] | None) -> list[Finding]:
    """What is found when a statement of a document is changed, or left out."""
    owners = []
    for each in owner_documents(declared.topology):
        policies = copy.deepcopy(dict(each.policies))
        if each.file == f"owners/{file}.json":
            kept = [s for s in policies["policy"]["Statement"] if s["Sid"] != sid or change is not None]
            policies["policy"] = {
                **policies["policy"],
                "Statement": [{**s, **(change or {})} if s["Sid"] == sid else s for s in kept],
            }
        owners.append(replace(each, policies=policies))
    return findings(declared, owners)


def test_without_them_flows_fail(declared: Declared) -> None:
    missing = {each.holder for each in findings(declared, []) if each.kind is FindingKind.MISSING}
    assert "arn:aws:iam::131313131313:role/teams/data/GlueCleaning" in missing


@pytest.mark.parametrize(
    ("file", "sid"),
    [
        ("bucket-acme-science-lab", "ReplicasFromWork"),
        ("key-mrk-5f5f5f5f6a6a7b7b8c8c9d9d9d9d9d9d", "LabReplicasFromWork"),
        ("role-GlueCleaning", "WriteVault"),
    ],
)
def test_a_statement_that_its_owner_leaves_out_is_missed(declared: Declared, file: str, sid: str) -> None:
    assert FindingKind.MISSING in {each.kind for each in changed(declared, file, sid, None)}


def test_a_statement_that_means_more_is_told_with_its_file(declared: Declared) -> None:
    found = changed(declared, "role-GlueCleaning", "WriteVault", {"Resource": ["arn:aws:s3:::acme-data-vault/*"]})
    assert {FindingKind.WIDE, FindingKind.OPEN} & {each.kind for each in found}
    assert any(each.origin and each.origin.file == "owners/role-GlueCleaning.json" for each in found)


def test_a_policy_that_iam_refuses_is_told_with_its_file(declared: Declared) -> None:
    with pytest.raises(InputError) as caught:
        changed(declared, "role-GlueCleaning", "WriteVault", {"Effect": "Maybe"})
    assert caught.value.place is not None
    assert caught.value.place.file == "owners/role-GlueCleaning.json"


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def test_synth_writes_them_and_prove_reads_them_and_says_so(tmp_path: Path) -> None:
    done = run("synth", "-f", str(FILE), "--out", str(tmp_path))
    assert done.exit_code == 0
    written = sorted(path.name for path in (tmp_path / "owners").iterdir())
    assert written == sorted(each.file.partition("/")[2] for each in owner_documents(Declared.of(FILE).topology))
    done = run("prove", "-f", str(FILE), "--templates", str(tmp_path), "--output", "json")
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)["given"]) == len(written)

    path = tmp_path / "owners" / "role-Training.json"
    document = json.loads(path.read_text())
    document["policy"]["Statement"] = document["policy"]["Statement"][1:]
    path.write_text(json.dumps(document))
    assert run("prove", "-f", str(FILE), "--templates", str(tmp_path)).exit_code == 1

    path.unlink()
    with pytest.raises(InputError, match=r"not there, first .*role-Training\.json"):
        run("prove", "-f", str(FILE), "--templates", str(tmp_path))
