"""`crosswind lineage`: walk back from a model to the raw objects that it was made from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import EndpointOption, FileOption, LocalOption, Output, OutputOption, StateOption
from crosswind.report.ancestry import lineage_of, told

__all__ = ["lineage"]


def lineage(
    model: Annotated[str, typer.Argument(help="The model: s3://BUCKET/.../output/model.tar.gz.")],
    file: FileOption = Path("crosswind.yaml"),
    local: LocalOption = False,
    endpoint_url: EndpointOption = "",
    state: StateOption = Path(".crosswind"),
    output: OutputOption = Output.text,
) -> None:
    """Walk back from a model: training job, handover, replication, Glue run, raw object versions."""
    console = Console(as_json=output is Output.json)
    topology, _ = wire.topology(file)
    found = lineage_of(topology, wire.target_sessions(topology, local, endpoint_url, state), model)
    if console.as_json:
        console.data({"schema_version": 1, "steps": [asdict(step) for step in found.steps], "record": found.document})
        return
    for paragraph in told(found):
        console.paragraph(paragraph)
