"""`crosswind graph`: both formats, to standard output and into a file."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosswind.cli import wire
from crosswind.cli.main import app
from crosswind.errors import TopologyError

EXAMPLE = str(wire.example())


def test_svg_goes_to_standard_output() -> None:
    done = CliRunner().invoke(app, ["graph", "-f", EXAMPLE])
    assert done.exit_code == 0
    assert ET.fromstring(done.stdout).tag.endswith("svg")


def test_mermaid_goes_to_standard_output() -> None:
    done = CliRunner().invoke(app, ["graph", "-f", EXAMPLE, "--format", "mermaid"])
    assert done.exit_code == 0
    assert "flowchart LR\n" in done.stdout


@pytest.mark.parametrize("form", ["svg", "mermaid"])
def test_a_file_holds_what_standard_output_would(tmp_path: Path, form: str) -> None:
    out = tmp_path / "pictures" / "topology"
    options = ["graph", "-f", EXAMPLE, "--format", form]
    done = CliRunner().invoke(app, [*options, "--out", str(out)])
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"wrote {out}" in done.stderr
    assert out.read_text() == CliRunner().invoke(app, options).stdout


def test_an_unknown_format_is_bad_usage() -> None:
    done = CliRunner().invoke(app, ["graph", "-f", EXAMPLE, "--format", "png"])
    assert done.exit_code == 2
    assert "svg" in done.stderr
    assert "mermaid" in done.stderr


def test_a_faulty_topology_is_not_drawn(tmp_path: Path) -> None:
    file = tmp_path / "crosswind.yaml"
    file.write_text("version: 1\n")
    out = tmp_path / "out.svg"
    done = CliRunner().invoke(app, ["graph", "-f", str(file), "--out", str(out)])
    assert isinstance(done.exception, TopologyError)
    assert not out.exists()
