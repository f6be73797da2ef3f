"""`crosswind bootstrap`: the deployer's role in every account, once, by an administrator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosswind import deploy as engine
from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.deploy import show_event, show_targets
from crosswind.cli.options import (
    EndpointOption,
    FileOption,
    LocalOption,
    Output,
    OutputOption,
    StateOption,
    YesOption,
    again,
)
from crosswind.errors import UsageError

__all__ = ["bootstrap"]


def bootstrap(
    file: FileOption = Path("crosswind.yaml"),
    remove: Annotated[bool, typer.Option("--remove", help="Remove the roles again, after `destroy`.")] = False,
    local: LocalOption = False,
    endpoint_url: EndpointOption = "",
    state: StateOption = Path(".crosswind"),
    yes: YesOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Make the role under which `deploy`, `run` and `destroy` act, in every declared account."""
    console = Console(as_json=output is Output.json)
    topology, _ = wire.topology(file)
    if console.as_json and not (yes or local):
        raise UsageError("bootstrap asks before it changes anything", hint="add --yes to --output json")
    administrator = wire.administrator_sessions(topology, local, endpoint_url, state)
    show_targets(console, topology, administrator)
    with console.phase("read what exists"):
        make = engine.plan_bootstrap_removal if remove else engine.plan_bootstrap
        plan = make(topology, administrator)
    console.document(engine.show(plan))
    if plan.changes and not (yes or local or typer.confirm("Apply this plan?")):
        raise typer.Exit(1)
    outcome = engine.Applier(administrator, show_event(console)).apply(plan)
    outcome.raise_first()
    if console.as_json:
        console.data(engine.outcome_json(outcome))
    if not remove:
        console.note(f"next: crosswind deploy {again(file, local, endpoint_url, state)}")
