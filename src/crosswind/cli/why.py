"""`crosswind why`: explain why the local world allowed or denied a request."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import Output, OutputOption, StateOption, in_state
from crosswind.errors import TopologyError, UsageError, WorldDownError, WorldError
from crosswind.iam import Explanation
from crosswind.local.process import WorldProcess
from crosswind.report.denial import lines
from crosswind.report.origins import Origin, Origins

__all__ = ["point_to_why", "why"]

_FILE = Path("crosswind.yaml")


def why(
    request_id: Annotated[str, typer.Argument(help="The request id that AWS's error carries.")] = "",
    last: Annotated[bool, typer.Option("--last", help="The last request that was denied; the default.")] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help="The topology file, for the lines that asked for each document; crosswind.yaml if it is there.",
            envvar="CROSSWIND_FILE",
        ),
    ] = None,
    state: StateOption = Path(".crosswind"),
    output: OutputOption = Output.text,
) -> None:
    """Explain why the local world allowed or denied a request."""
    console = Console(as_json=output is Output.json)
    if last and request_id:
        raise UsageError("a request id and --last are two questions", hint="give one of them")
    origins = _origins(file, console)
    found = wire.world_process(wire.state(state)).decision(request_id or "last")
    if found is None:
        raise _unknown(request_id, state)
    told = [Explanation.of(each["explanation"]) for each in found["decisions"]]
    sources = [origins.of(each) if origins else () for each in told]
    if console.as_json:
        console.data(
            {**found, "decisions": [_with_origins(*pair) for pair in zip(found["decisions"], sources, strict=True)]}
        )
        return
    console.line(_headline(found))
    for decision, explanation, source in zip(found["decisions"], told, sources, strict=True):
        if not found["allowed"] and explanation.effect == "Allow":
            console.line(f"Allow: {decision['action']} on resource: {decision['resource']}", "dim")
            continue
        console.line()
        for line in lines(explanation, source):
            console.line(line)
    if not found["allowed"]:
        console.note(f"next: {_next([one for source in sources for one in source], file, state)}")


def _with_origins(decision: Mapping[str, Any], source: Sequence[Origin]) -> Mapping[str, Any]:
    return {**decision, "origins": [each.as_dict() for each in source]}


def _origins(file: Path | None, console: Console) -> Origins | None:
    """What the topology file knows; None without one, unless it was asked for."""
    if file is None and not _FILE.is_file():
        return None
    try:
        return wire.origins(file or _FILE)
    except TopologyError as error:
        if file is not None:
            raise
        console.note(f"{_FILE} has faults, so it is not said which line asked for what: {error.message}")
        return None


def _unknown(request_id: str, state: Path) -> UsageError | WorldError:
    listing = shlex.join(["crosswind", "local", "decisions", *in_state(state)])
    if request_id:
        return UsageError(
            f"the local world knows no decision for request {request_id}",
            hint=f"it keeps the last ones only; list them: {listing}",
        )
    return WorldError("the local world has denied nothing so far", hint=f"what it allowed: {listing}")


def _headline(found: Mapping[str, Any]) -> str:
    request = found["request"]
    where = ", ".join(part for part in (request["account"], request["region"]) if part)
    outcome = "allowed" if found["allowed"] else "denied"
    return f"Request {request['id']}: {request['service']} {request['operation']} in {where} was {outcome}."


def _next(origins: list[Origin], file: Path | None, state: Path) -> str:
    places = [place for origin in origins for place in origin.places if place.line]
    if not places:
        return "make the FIX in the account that it names, then run the request again"
    again = shlex.join(["crosswind", "deploy", "--local", "-f", str(file or _FILE), *in_state(state)])
    # A deploy compares templates, as CloudFormation does: what was changed behind it stays as it is.
    return f"look at {places[0]}; what you change there, {again} applies. What was changed by hand, undo by hand"


def point_to_why(console: Console, process: WorldProcess, file: Path, state: Path) -> None:
    """After something failed: whether IAM denied anything in this world, and what tells the reason."""
    try:
        denied = process.decisions()["counts"]["denied"]
    except WorldDownError:
        return  # the failure was the world's own, and is told
    if denied:
        command = shlex.join(["crosswind", "why", "-f", str(file), *in_state(state)])
        console.note(f"IAM denied {denied} requests in this world; the last one: {command}", style="yellow")
