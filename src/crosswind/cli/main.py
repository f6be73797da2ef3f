"""The entry point: the verbs, gathered, and errors as messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import MutableMapping
from typing import Annotated, NoReturn

import typer

from crosswind import __version__
from crosswind.cli import (
    bootstrap,
    demo,
    deploy,
    destroy,
    graph,
    iam,
    init,
    lineage,
    local,
    prove,
    reap,
    run,
    schema,
    synth,
    validate,
    why,
)
from crosswind.cli.console import Console
from crosswind.errors import CrosswindError

__all__ = ["app", "loopback_without_proxy", "main"]

app = typer.Typer(
    name="crosswind",
    help="One topology file: Airflow pipelines across AWS accounts and Regions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("validate")(validate.validate)
app.command("graph")(graph.graph)
app.command("schema")(schema.schema)
app.command("synth")(synth.synth)
app.command("prove")(prove.prove)
app.command("bootstrap")(bootstrap.bootstrap)
app.command("deploy")(deploy.deploy)
app.command("run")(run.run)
app.command("destroy")(destroy.destroy)
app.command("why")(why.why)
app.command("reap")(reap.reap)
app.command("lineage")(lineage.lineage)
app.add_typer(iam.app, name="iam")
app.add_typer(local.app, name="local")


def _version(wanted: bool) -> None:
    if wanted:
        Console().line(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Airflow pipelines across AWS accounts and Regions, from one topology file."""


def main() -> None:
    """Run the command line; errors of ours become messages and exit codes."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP, and that stays
            # `timeout` and a closed terminal are like Ctrl-C: what was started is cleaned up.
            signal.signal(number, signal.default_int_handler)
    loopback_without_proxy(os.environ)
    try:
        app()
    except OSError as error:
        _fail(CrosswindError(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), hint=_FILES))
    except CrosswindError as error:
        _fail(error)


def loopback_without_proxy(environment: MutableMapping[str, str]) -> None:
    """Let no proxy stand before the local world: for this process and for all that it starts."""
    if not any(name.lower() in _PROXIES and value for name, value in environment.items()):
        return
    hosts = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    if hosts.strip() != "*" and "127.0.0.1" not in [host.strip() for host in hosts.split(",")]:
        hosts = f"{hosts},127.0.0.1,localhost".lstrip(",")
    environment["no_proxy"] = environment["NO_PROXY"] = hosts


_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_FILES = "look at the path, its permissions and the space on its disk"


def _fail(error: CrosswindError) -> NoReturn:
    words = " ".join(sys.argv[1:])
    Console(as_json=any(form in words for form in _JSON)).error(error)
    sys.exit(error.exit_code)


# The verb that failed has read its options; here they are words again.
_JSON = ("--output json", "--output=json", "-o json", "-ojson")
