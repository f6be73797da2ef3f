"""`crosswind schema`: the JSON Schema of the topology file, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from crosswind.cli.console import Console
from crosswind.report.schema import included_schema, json_schema

__all__ = ["MODELINE", "schema", "schema_text"]

MODELINE = "# yaml-language-server: $schema={file}"
"""The comment by which an editor finds the schema of a file."""


def schema(
    out: Annotated[Path | None, typer.Option(help="Write this file instead of standard output.")] = None,
    included: Annotated[
        bool, typer.Option("--included", help="The schema of a file that the topology includes.")
    ] = False,
) -> None:
    """Print the JSON Schema of the topology file, with which editors complete and check it."""
    console = Console()
    if out is None:
        console.text(schema_text(included))
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(schema_text(included), encoding="utf-8")
    console.note(f"wrote {out}")
    files = "the included files" if included else "the topology file"
    console.note(f"next: begin {files} with {MODELINE.format(file=out.name)}")


def schema_text(included: bool = False) -> str:
    """The schema of the topology file, or of those that it includes, as a file holds it."""
    return json.dumps(included_schema() if included else json_schema(), indent=2) + "\n"
