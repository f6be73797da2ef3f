"""The entry point: the verbs, gathered, and errors as messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from crosswind import __version__
from crosswind.cli import demo, deploy, destroy, local, run, synth, validate
from crosswind.cli.console import Console
from crosswind.errors import CrosswindError

__all__ = ["app", "main"]

app = typer.Typer(
    name="crosswind",
    help="One topology file: Airflow pipelines across AWS accounts and Regions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("validate")(validate.validate)
app.command("synth")(synth.synth)
app.command("deploy")(deploy.deploy)
app.command("run")(run.run)
app.command("destroy")(destroy.destroy)
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
    try:
        app()
    except CrosswindError as error:
        words = " ".join(sys.argv[1:])
        Console(as_json="--output json" in words or "--output=json" in words).error(error)
        sys.exit(error.exit_code)
