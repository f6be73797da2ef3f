"""`crosswind destroy`: remove everything, and prove that nothing is left."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from crosswind import deploy as engine
from crosswind.cli.deploy import show_event
from crosswind.cli.invocation import Invocation
from crosswind.cli.options import (
    EndpointOption,
    FileOption,
    LocalOption,
    Output,
    OutputOption,
    StateOption,
    YesOption,
)
from crosswind.errors import DeployError, UsageError

__all__ = ["destroy"]


def destroy(
    file: FileOption = Path("crosswind.yaml"),
    local: LocalOption = False,
    endpoint_url: EndpointOption = "",
    state: StateOption = Path(".crosswind"),
    yes: YesOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Remove everything that the topology declares, data included, and list what is left."""
    called = Invocation(file, local, endpoint_url, state, output)
    console, topology = called.console, called.topology
    called.require_answer("destroy asks before it removes anything", given=yes)
    sessions = called.deployer()
    with console.phase("read what exists"):
        plan = engine.plan_destroy(topology, sessions)
    console.document(engine.show(plan))
    if plan.steps and not yes:
        typed = typer.prompt(f"Everything above is lost. Type the topology's name ({topology.name})")
        if typed != topology.name:
            raise UsageError(f'"{typed}" is not {topology.name}; nothing was removed', hint="run it again")
    engine.Applier(sessions, show_event(console)).apply(plan).raise_first()
    with console.phase("look for what is left"):
        left = engine.leftovers(topology, sessions)
    if console.as_json:
        console.data({"schema_version": 1, "left": [asdict(each) for each in left]})
    elif left:
        rows = [(each.account, each.region, each.kind, each.name, each.reason) for each in left]
        console.table("left", ("account", "region", "kind", "name", "reason"), rows)
    else:
        console.line("Nothing is left.")
        for name, bucket in sorted(topology.buckets.items()):
            if not bucket.is_made:
                console.note(f"bucket {bucket.existing} ({name}) was there before: it stays, with all that lies in it")
        console.note(f"the deployer's roles stay; to remove them: crosswind bootstrap --remove {called.again}")
    if unexplained := [each for each in left if not each.reason]:
        raise DeployError(f"{len(unexplained)} resources are left", hint="run `crosswind destroy` again")
