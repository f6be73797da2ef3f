"""`crosswind local decisions`: the last decisions of IAM in the local world, once or as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import Output, OutputOption, StateOption
from crosswind.local.process import WorldProcess

__all__ = ["decisions"]

_DECISION_WIDTH = len("ImplicitDeny")
_PAUSE_SECONDS = 0.5


def decisions(
    follow: Annotated[bool, typer.Option("--follow", help="Go on with each new decision, until Ctrl-C.")] = False,
    denied: Annotated[bool, typer.Option("--denied", help="The denials alone.")] = False,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many of those made so far.")] = 20,
    state: StateOption = Path(".crosswind"),
    output: OutputOption = Output.text,
) -> None:
    """Show what IAM decided in the local world: the last decisions, or all as they come."""
    console = Console(as_json=output is Output.json)
    process = wire.world_process(wire.state(state))
    rows, following, counts = _so_far(process, denied)
    kept = rows[-count:]
    if follow:
        _show_stream(console, kept)
        _go_on(console, process, following, denied)
        return
    _show_stream(console, kept)
    if console.as_json:
        return
    if not kept:
        console.line("Nothing was denied so far." if denied else "Nothing was decided so far.")
        return
    console.note(
        f"{counts.get('requests', 0)} requests: {counts.get('allowed', 0)} allowed, {counts.get('denied', 0)} denied"
    )
    console.note("next: crosswind why REQUEST")


def _so_far(process: WorldProcess, denied: bool) -> tuple[list[Mapping[str, Any]], int, Mapping[str, int]]:
    """All rows that the world still keeps, the number after them, and its counts."""
    rows: list[Mapping[str, Any]] = []
    since = 0
    while True:
        page = process.decisions(since, denied=denied)
        rows += page["decisions"]
        if page["next"] == since:
            return rows, page["next"], page["counts"]
        since = page["next"]


def _go_on(console: Console, process: WorldProcess, since: int, denied: bool) -> None:
    try:
        for row in _new(process, since, denied):
            _show_stream(console, [row])
    except KeyboardInterrupt:  # the way in which it is meant to end
        return


def _new(
    process: WorldProcess, since: int, denied: bool, pause: Callable[[float], None] = time.sleep
) -> Iterator[Mapping[str, Any]]:
    while True:
        page = process.decisions(since, denied=denied)
        yield from page["decisions"]
        if page["next"] == since:
            pause(_PAUSE_SECONDS)
        since = page["next"]


def _show_stream(console: Console, rows: list[Mapping[str, Any]]) -> None:
    """One line a decision: JSON for programs."""
    for row in rows:
        if console.as_json:
            console.record({"schema_version": 1, **row})
        else:
            console.line(_line(row), style="red" if row["effect"] != "Allow" else "")


def _line(row: Mapping[str, Any]) -> str:
    """One decision: what people look for and copy comes first, what is long last."""
    at = datetime.fromtimestamp(row["time"], UTC).strftime("%H:%M:%S.%f")[:-3]
    via = f" via {row['via']}" if row.get("via") else ""
    owner = row.get("resource_account") or row["account"]
    return (
        f"{at}  {row['request_id']}  {row['effect'].ljust(_DECISION_WIDTH)}  {row['action']}"
        f"  {row['resource']} of {owner}  by {row['principal'] or 'anonymous'}{via}"
    )
