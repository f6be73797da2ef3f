"""`crosswind schema`: the schema, to standard output and into a file, and how a file names it."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from crosswind.cli.main import app
from crosswind.report.schema import included_schema, json_schema


def test_it_goes_to_standard_output() -> None:
    done = CliRunner().invoke(app, ["schema"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == json_schema()


def test_a_file_holds_it_and_the_line_that_names_it_is_told(tmp_path: Path) -> None:
    out = tmp_path / "editor" / "crosswind.schema.json"
    done = CliRunner().invoke(app, ["schema", "--out", str(out)])
    assert (done.exit_code, done.stdout) == (0, "")
    assert json.loads(out.read_text()) == json_schema()
    assert "# yaml-language-server: $schema=crosswind.schema.json" in done.stderr


def test_the_files_that_a_topology_includes_have_their_own(tmp_path: Path) -> None:
    out = tmp_path / "team.schema.json"
    done = CliRunner().invoke(app, ["schema", "--included", "--out", str(out)])
    assert done.exit_code == 0
    assert json.loads(out.read_text()) == included_schema()
    assert "begin the included files with # yaml-language-server: $schema=team.schema.json" in done.stderr
