"""`crosswind bootstrap`: the deployer's role in every account, once, by an administrator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from crosswind import deploy as engine
from crosswind.cli.deploy import show_event
from crosswind.cli.invocation import Invocation, show_targets
from crosswind.cli.options import (
    EndpointOption,
    FileOption,
    LocalOption,
    Output,
    OutputOption,
    StateOption,
    YesOption,
)
from crosswind.errors import UsageError
from crosswind.topology import Topology

__all__ = ["bootstrap"]


def bootstrap(
    file: FileOption = Path("crosswind.yaml"),
    profile: Annotated[
        list[str] | None,
        typer.Option(help="An administrator's credentials profile: ACCOUNT=PROFILE, once for each declared account."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the roles again, after `destroy`.")] = False,
    local: LocalOption = False,
    endpoint_url: EndpointOption = "",
    state: StateOption = Path(".crosswind"),
    yes: YesOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Make the deployer's role, and the permissions boundaries of all roles, in every declared account."""
    called = Invocation(file, local, endpoint_url, state, output)
    console, topology = called.console, called.topology
    called.require_answer("bootstrap asks before it changes anything", given=yes or local)
    administrator = called.administrator(_profiles(topology, profile))
    show_targets(console, topology, administrator)
    with console.phase("read what exists"):
        if remove and engine.plan_destroy(topology, administrator).steps:
            raise UsageError(
                f"{topology.name} is still deployed, and only the deployer's roles can remove it",
                hint=f"first: crosswind destroy {called.again}",
            )
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
        console.note(f"next: crosswind deploy {called.again}")


def _profiles(topology: Topology, given: Sequence[str] | None) -> dict[str, str]:
    """Profiles by account id, of `ACCOUNT=PROFILE` with the account's declared name."""
    found: dict[str, str] = {}
    for pair in given or ():
        name, equals, profile = pair.partition("=")
        if not (equals and profile) or name not in topology.accounts:
            raise UsageError(
                f"--profile {pair!r} is no ACCOUNT=PROFILE; declared accounts: {', '.join(sorted(topology.accounts))}",
                hint="such as --profile hub=hub-admin",
            )
        found[topology.accounts[name].id] = profile
    return found
