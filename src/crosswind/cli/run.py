"""`crosswind run`: run the pipelines once, and follow them to their end."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crosswind.cli import wire
from crosswind.cli.invocation import Invocation
from crosswind.cli.options import EndpointOption, FileOption, LocalOption, Output, OutputOption, StateOption
from crosswind.cli.why import point_to_why
from crosswind.errors import RunError

__all__ = ["run"]


def run(
    file: FileOption = Path("crosswind.yaml"),
    local: LocalOption = False,
    endpoint_url: EndpointOption = "",
    state: StateOption = Path(".crosswind"),
    timeout: Annotated[float, typer.Option(help="Seconds until the runs must have ended.", min=1)] = 7200,
    output: OutputOption = Output.text,
) -> None:
    """Unpause the pipelines, trigger those that follow no other, and follow all to their end."""
    called = Invocation(file, local, endpoint_url, state, output)
    console = called.console
    sessions = called.deployer()
    try:
        runs = wire.pipeline_runs(called.topology, sessions, console.task).run(timeout)
    except RunError:
        if local:
            point_to_why(console, wire.world_process(wire.state(state)), file, state)
        raise
    if console.as_json:
        console.data({"schema_version": 1, "runs": [asdict(each) for each in runs]})
        return
    for each in runs:
        console.line(f"{each.pipeline}: run {each.run_id} succeeded, {len(each.tasks)} tasks")
    console.note(f"next: crosswind destroy {called.again}")
