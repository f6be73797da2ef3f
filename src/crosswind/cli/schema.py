"""`crosswind schema`: the JSON Schema of the topology file, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from crosswind.cli.console import Console
from crosswind.report.schema import json_schema

__all__ = ["MODELINE", "schema", "schema_text"]

MODELINE = "# yaml-language-server: $schema={file}"
"""The comment by which an editor finds the schema of a file."""


def schema(
    out: Annotated[Path | None, typer.Option(help="Write this file instead of standard output.")] = None,
) -> None:
    """Print the JSON Schema of the topology file, with which editors complete and check it."""
    console = Console()
    if out is None:
        console.text(schema_text())
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(schema_text(), encoding="utf-8")
    console.note(f"wrote {out}")
    console.note(f"next: begin the topology file with {MODELINE.format(file=out.name)}")


def schema_text() -> str:
    """The schema as a file holds it."""
    return json.dumps(json_schema(), indent=2) + "\n"
