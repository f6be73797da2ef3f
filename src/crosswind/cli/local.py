"""`crosswind local up | down | status | env | decisions`: the local world."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Annotated, cast

import typer

from crosswind.aws import Sessions, translated
from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.decisions import decisions
from crosswind.cli.options import Output, OutputOption, StateOption, in_state
from crosswind.errors import UsageError
from crosswind.local.environment import exports

__all__ = ["app"]

DEFAULT_STATE = Path(".crosswind")
_SESSION = "crosswind-local-env"
_ACCOUNT = re.compile(r"[0-9]{12}")

app = typer.Typer(help="The local world: accounts and Regions on this machine.", no_args_is_help=True)
app.command("decisions")(decisions)


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
    deploy, env = (
        shlex.join(["crosswind", *verb, *in_state(state)]) for verb in (["deploy", "--local"], ["local", "env"])
    )
    console.note(f'next: {deploy}, or eval "$({env} --account ID)"')


@app.command()
def down(state: StateOption = DEFAULT_STATE, output: OutputOption = Output.text) -> None:
    """Stop the local world and all that it started; its state is gone with it."""
    console = Console(as_json=output is Output.json)
    stopped = wire.world_process(wire.state(state)).stop()
    if console.as_json:
        console.data({"schema_version": 1, "stopped": stopped})
    elif stopped:
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
    output: OutputOption = Output.text,
) -> None:
    """Print shell exports that point boto3, the AWS CLI and others at the local world."""
    console = Console(as_json=output is Output.json)
    number = _account_id(account, file)
    running = wire.world_process(wire.state(state)).running()
    keys = _assumed(wire.sessions({}, running.endpoint), number, region, role) if role else None
    variables = exports(running.endpoint, number, region, keys)
    if console.as_json:
        console.data({"schema_version": 1, "environment": variables})
    for name, value in variables.items():
        console.line(f"export {name}={shlex.quote(value)}")


@app.command(hidden=True)
def serve(port: int = 4566, state: StateOption = DEFAULT_STATE, cache: Path | None = None) -> None:
    """Run a local world in the foreground, until SIGTERM or Ctrl-C."""
    world = wire.world(wire.state(state, cache), port)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        world.end.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    try:
        world.start()
        world.end.wait()
    finally:
        world.stop()


def _account_id(name: str, file: Path) -> str:
    if _ACCOUNT.fullmatch(name):
        return name
    if name.isdigit():
        raise UsageError(f"{name} is no account id: it has {len(name)} digits", hint="an account id has 12 digits")
    topology, _ = wire.topology(file)
    if name not in topology.accounts:
        raise UsageError(
            f'account "{name}" is not declared in {file}; declared: {", ".join(sorted(topology.accounts))}',
            hint="give a declared name or a 12-digit id",
        )
    return topology.accounts[name].id


def _assumed(sessions: Sessions, account: str, region: str, role: str) -> Mapping[str, str]:
    """The keys of a role, assumed by the account's root; a role that is not there is bad input, not a refusal."""
    arn = role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role}"
    owner = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if not _ACCOUNT.fullmatch(owner):
        raise UsageError(f"{role} is no role's name or ARN", hint="arn:aws:iam::ACCOUNT:role/NAME")
    with translated(f"list the roles of {owner}"):
        pages = sessions.client("iam", owner, region).get_paginator("list_roles").paginate()
        there = [each["Arn"] for page in pages for each in page["Roles"]]
    if arn not in there:
        names = ", ".join(sorted(each.split(":role/")[1] for each in there)) or "none; `crosswind deploy --local` first"
        raise UsageError(f"there is no role {arn}", hint=f"roles of {owner}: {names}")
    with translated(f"assume {arn}"):
        answer = sessions.client("sts", account, region).assume_role(RoleArn=arn, RoleSessionName=_SESSION)
    return cast("Mapping[str, str]", answer["Credentials"])
