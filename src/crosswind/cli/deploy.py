"""`crosswind deploy`: the templates and files into the declared accounts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from crosswind import deploy as engine
from crosswind.cli.console import Console
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
from crosswind.synth import owner_documents

__all__ = ["deploy", "show_event"]


def deploy(
    file: FileOption = Path("crosswind.yaml"),
    local: LocalOption = False,
    endpoint_url: EndpointOption = "",
    state: StateOption = Path(".crosswind"),
    yes: YesOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Create or update everything that the topology declares, in all its accounts and Regions."""
    called = Invocation(file, local, endpoint_url, state, output)
    console, topology = called.console, called.topology
    called.require_answer("deploy asks before it changes anything", given=yes or local)
    if local:
        administrator = called.administrator()
        with console.phase("make the deployer's roles"):
            roles = engine.plan_bootstrap(topology, administrator)
            engine.Applier(administrator, show_event(console)).apply(roles).raise_first()
    sessions = called.deployer()
    with console.phase("read what exists"):
        plan = engine.plan_deploy(topology, called.root, sessions)
    console.document(engine.show(plan))
    if owners := owner_documents(topology):
        console.note(
            f"{len(owners)} resources are there already: their owners must have added what `crosswind synth --out DIR`"
            " writes below DIR/owners"
        )
    if plan.changes and not (yes or local or typer.confirm("Apply this plan?")):
        raise typer.Exit(1)
    outcome = engine.Applier(sessions, show_event(console)).apply(plan)
    if outcome.interrupted:
        console.note("Interrupted. What AWS began goes on there; run the same command again to go on from it.")
    outcome.raise_first()
    if console.as_json:
        console.data(engine.outcome_json(outcome))
        return
    rows = [
        (stack, key, value)
        for stack, outputs in sorted(outcome.outputs.items())
        for key, value in sorted(outputs.items())
    ]
    console.table("outputs", ("stack", "output", "value"), rows)
    console.note(f"next: crosswind run {called.again}")


def show_event(console: Console) -> Callable[[engine.Event], None]:
    """What prints each event of an applied plan."""

    def show(event: engine.Event) -> None:
        place = f"{event.step.account} {event.step.region}"
        match event.kind:
            case "done" if isinstance(event.step, engine.Upload | engine.Unchanged):
                pass  # objects are many and quick; the plan lists them and what stays, and a failure is shown
            case "done":
                console.note(f"  ok  {place}  {event.step.id} ({event.seconds:.1f} s) {event.text}".rstrip())
            case "failed" | "skipped" | "interrupted":
                console.note(f"  {event.kind}  {place}  {event.step.id}: {event.text}", style="red")
            case "started" | "progress":
                console.busy(f"{place}  {event.step.id} {event.text}")

    return show
