"""The page on topologies in several files: its files are a sound topology with which every command works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosswind.cli.main import app
from crosswind.errors import TopologyError
from crosswind.topology import load
from crosswind.topology.document import MAX_BYTES
from crosswind.topology.model import GROUPS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to" / "split-a-topology.md").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The page's files, and those that they name; returns the topology file."""
    files = dict(re.findall(r"^```yaml (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
    assert sorted(files) == ["crosswind.yaml", "teams/orders.yaml", "teams/science.yaml"]
    named = {path for text in files.values() for path in re.findall(r"(?:dags|jobs|data)/[\w/]+\.\w+", text)}
    for name, text in {**dict.fromkeys(named, "{}"), "requirements.txt": "", **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "crosswind.yaml"


def ran(*words: str) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_command_takes_it(project: Path, tmp_path: Path) -> None:
    file = ("--file", str(project))
    assert "topology shop is valid: 3 accounts, 2 sites, 2 buckets, 2 jobs, 2 pipelines" in ran("validate", *file)
    assert "<svg" in ran("graph", *file)
    ran("synth", *file, "--out", str(tmp_path / "templates"))
    proof = json.loads(ran("prove", *file, "--templates", str(tmp_path / "templates"), "--output", "json"))
    assert proof["proven"]


def test_the_error_that_is_shown_is_real(project: Path) -> None:
    team = project.parent / "teams" / "science.yaml"
    team.write_text(team.read_text().replace("reads: [features/clean]", "reads: [features/cleaned]"))
    with pytest.raises(TopologyError) as raised:
        load(project)
    assert str(raised.value).replace(f"{project.parent}/", "") in PAGE


def test_what_an_included_file_may_declare_is_told() -> None:
    told = PAGE.split("A team's file declares objects and nothing else:")[1].split("\n", 1)[0]
    assert re.findall(r"`(\w+)`", told) == list(GROUPS)
    assert f"{MAX_BYTES:,} bytes" in PAGE
