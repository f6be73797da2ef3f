"""`crosswind init`: begin a project, by asking or by flags, or from an example."""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, TypeVar

import typer

from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import Output, OutputOption
from crosswind.cli.scaffold import Answers, Site, example_files, hub_of, name_of, project_files, site_of
from crosswind.cli.schema import schema_text
from crosswind.errors import Place, TopologyError, UsageError
from crosswind.topology import load

__all__ = ["Example", "init", "write_new"]

_Answer = TypeVar("_Answer")
_ANSWERED = ("name", "hub", "accounts", "sites")


class Example(StrEnum):
    """The examples that can be copied."""

    unified_pipelines = "unified-pipelines"


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the project; made if it is not there.")] = Path(),
    name: Annotated[str, typer.Option(help="The topology's name; every AWS name begins with it.")] = "",
    hub: Annotated[str, typer.Option(help="Where Airflow runs, as ACCOUNT:REGION.")] = "",
    site: Annotated[
        list[str] | None, typer.Option(help="Where work runs, as NAME=ACCOUNT:REGION; once for each site.")
    ] = None,
    example: Annotated[Example | None, typer.Option(help="Copy this example instead.")] = None,
    output: OutputOption = Output.text,
) -> None:
    """Begin a project: a topology file, and for each site a small job and a pipeline that runs it."""
    console = Console(as_json=output is Output.json)
    if example:
        if name or hub or site:
            raise UsageError("--example is copied as it is", hint="leave out --name, --hub and --site, or --example")
        files = example_files(wire.example(example.name).parent)
    else:
        answers = _answers(folder, name, hub, site or [])
        files = project_files(answers, wire.example().parent, schema_text())
        _check(files)
    written = write_new(folder, files)
    enter = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    following = " && ".join((*enter, "crosswind validate", "crosswind demo -f crosswind.yaml"))
    if console.as_json:
        paths = [str(path) for path in written]
        console.data({"schema_version": 1, "folder": str(folder), "written": paths, "next": following})
        return
    for path in written:
        console.line(f"wrote {path}")
    console.note(f"next: {following}")


def write_new(folder: Path, files: Mapping[PurePosixPath, str]) -> list[Path]:
    """Write files that are not there yet.

    Args:
        folder: where; made if it is not there.
        files: the text of each, by its path in the folder.

    Returns:
        The paths written.

    Raises:
        UsageError: something is in the way; nothing was written.
    """
    paths = [folder / path for path in files]
    for path in paths:
        blocked = next((each for each in path.parents if os.path.lexists(each) and not each.is_dir()), None)
        if blocked or os.path.lexists(path):
            raise UsageError(
                f"{blocked or path} is there already; nothing was written",
                hint="name another folder, or move what is there",
            )
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return paths


def _answers(folder: Path, name: str, hub: str, sites: list[str]) -> Answers:
    """The answers from flags, and for what they leave open from whoever sits at the terminal."""
    missing = [flag for flag, value in (("--name", name), ("--hub", hub), ("--site", sites)) if not value]
    if missing and not sys.stdin.isatty():
        raise UsageError(
            f"{', '.join(missing)} must be given: nobody can be asked, since standard input is no terminal",
            hint="crosswind init --name NAME --hub ACCOUNT:REGION --site NAME=ACCOUNT:REGION",
        )
    given = tuple(site_of(each) for each in sites)
    return Answers(
        name_of(name) if name else _ask("Name of the topology", name_of, _suggested(folder)),
        hub_of(hub) if hub else _ask("Airflow's account and Region", hub_of, "111111111111:us-east-1"),
        given or tuple(_ask_sites()),
    )


def _ask(question: str, answer: Callable[[str], _Answer], default: str) -> _Answer:
    """Ask until the answer is one."""

    def checked(text: str) -> _Answer:
        try:
            return answer(text.strip())
        except UsageError as error:
            raise typer.BadParameter(f"{error.message}; {error.hint}") from error

    # The answer is parsed, the default as well; typer knows of texts alone.
    found: _Answer = typer.prompt(question, default=default, value_proc=checked, err=True)
    return found


def _ask_sites() -> list[Site]:
    """The sites, until an empty answer."""
    sites = [_ask("First site", site_of, "processing=222222222222:us-east-1")]
    while (more := _ask("Another site, or empty", lambda text: site_of(text) if text else None, "")) is not None:
        sites.append(more)
    return sites


def _suggested(folder: Path) -> str:
    """The folder's name as a topology's."""
    words = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-0123456789")
    return words[:32].strip("-") if len(words) > 1 else "pipelines"


def _check(files: Mapping[PurePosixPath, str]) -> None:
    """Hold the project against every rule before anything is written.

    Raises:
        TopologyError: the answers contradict each other.
    """
    with tempfile.TemporaryDirectory() as scratch:
        write_new(Path(scratch), files)
        try:
            load(Path(scratch, "crosswind.yaml"))
        except TopologyError as error:
            # The lines are those of a file that nobody has seen, and what else is in it follows from the answers.
            faults = [
                TopologyError(fault.message, place=Place(path=fault.place.path), hint=fault.hint)
                for fault in error.faults or (error,)
            ]
            answered = [fault for fault in faults if fault.place.path.startswith(_ANSWERED)]
            raise TopologyError.of(answered or faults) from error
