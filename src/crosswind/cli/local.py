"""`crosswind local up | down | status | env`: the local world."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from crosswind.aws import translated
from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import Output, OutputOption, StateOption
from crosswind.errors import UsageError
from crosswind.local.environment import exports
from crosswind.topology import Topology

__all__ = ["app"]

DEFAULT_STATE = Path(".crosswind")

app = typer.Typer(help="The local world: accounts and Regions on this machine.", no_args_is_help=True)


@app.command()
def up(
    port: Annotated[int, typer.Option(help="The loopback port; 0 for a free one.", min=0, max=65535)] = 4566,
    state: StateOption = DEFAULT_STATE,
    output: OutputOption = Output.text,
) -> None:
    """Start the local world in the background."""
    console = Console(as_json=output is Output.json)
    process = wire.world_process(wire.state(state))
    with console.phase("start the local world"):
        running = process.start(port)
    if console.as_json:
        console.data({"schema_version": 1, "endpoint": running.endpoint, "pid": running.pid})
        return
    console.line(f"The local world answers at {running.endpoint} (process {running.pid}).")
    console.note('next: crosswind deploy --local, or eval "$(crosswind local env --account ID)"')


@app.command()
def down(state: StateOption = DEFAULT_STATE) -> None:
    """Stop the local world and all that it started; its state is gone with it."""
    console = Console()
    if wire.world_process(wire.state(state)).stop():
        console.line("The local world is stopped.")
    else:
        console.line("No local world runs here.")


@app.command()
def status(state: StateOption = DEFAULT_STATE, output: OutputOption = Output.text) -> None:
    """Show whether a local world runs, and what was asked of it."""
    console = Console(as_json=output is Output.json)
    process = wire.world_process(wire.state(state))
    running = process.running()
    requests = process.requests()
    accounts = sorted({request["account"] for request in requests if request["account"]})
    if console.as_json:
        console.data(
            {
                "schema_version": 1,
                "endpoint": running.endpoint,
                "pid": running.pid,
                "accounts": accounts,
                "requests": len(requests),
            }
        )
        return
    console.line(f"The local world answers at {running.endpoint} (process {running.pid}).")
    console.line(f"{len(requests)} requests in {len(accounts)} accounts: {', '.join(accounts) or 'none yet'}")


@app.command()
def env(
    account: Annotated[str, typer.Option(help="A 12-digit account id, or a name from the topology file.")],
    role: Annotated[str, typer.Option(help="A role of that account to act as; its root otherwise.")] = "",
    region: Annotated[str, typer.Option(help="The default Region.")] = "us-east-1",
    file: Annotated[Path, typer.Option("--file", "-f", help="The topology file.")] = Path("crosswind.yaml"),
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Print shell exports that point boto3, the AWS CLI and others at the local world."""
    running = wire.world_process(wire.state(state)).running()
    number = account if account.isdigit() else _account_id(account, file)
    sessions = wire.sessions({}, running.endpoint)
    keys = None
    if role:
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{number}:role/{role}"
        with translated(f"assume {arn}"):
            answer = sessions.client("sts", number, region).assume_role(
                RoleArn=arn, RoleSessionName="crosswind-local-env"
            )
        keys = answer["Credentials"]
    console = Console()
    for name, value in exports(running.endpoint, number, region, keys).items():
        console.line(f"export {name}={value}")


@app.command(hidden=True)
def serve(port: int = 4566, state: StateOption = DEFAULT_STATE, cache: Path | None = None) -> None:
    """Run a local world in the foreground, until SIGTERM or Ctrl-C."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    world = wire.world(wire.state(state, cache), port)
    try:
        world.start()
        stop.wait()
    finally:
        world.stop()


def _account_id(name: str, file: Path) -> str:
    topology: Topology
    topology, _ = wire.topology(file)
    if name not in topology.accounts:
        raise UsageError(
            f'account "{name}" is not declared in {file}; declared: {", ".join(sorted(topology.accounts))}',
            hint="give a declared name or a 12-digit id",
        )
    return topology.accounts[name].id
