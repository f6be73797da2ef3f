"""`crosswind graph`: draw the topology."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import FileOption

__all__ = ["Format", "graph"]


class Format(StrEnum):
    """What the picture is written as."""

    svg = "svg"
    mermaid = "mermaid"


def graph(
    file: FileOption = Path("crosswind.yaml"),
    form: Annotated[
        Format, typer.Option("--format", help="A picture of its own (SVG), or a flowchart that Mermaid draws.")
    ] = Format.svg,
    out: Annotated[Path | None, typer.Option(help="Write this file instead of standard output.")] = None,
) -> None:
    """Draw the topology: accounts, Regions, sites, buckets, jobs, replication, assumed roles."""
    from crosswind.report.graph import contents, mermaid, svg

    console = Console()
    topology, _ = wire.topology(file)
    shown = contents(topology)
    text = svg(shown) if form is Format.svg else mermaid(shown)
    if out is None:
        console.text(text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    console.note(f"wrote {out}")
