"""The options that several verbs share."""

from __future__ import annotations

import os
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

__all__ = [
    "EndpointOption",
    "FileOption",
    "LocalOption",
    "Output",
    "OutputOption",
    "StateOption",
    "YesOption",
    "again",
    "in_state",
]


class Output(StrEnum):
    """What a verb prints."""

    text = "text"
    json = "json"


FileOption = Annotated[
    Path, typer.Option("--file", "-f", help="The topology file.", envvar="CROSSWIND_FILE", show_default=True)
]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Text for people, JSON for programs.")]
StateOption = Annotated[
    Path, typer.Option("--state", help="The state folder of the local world.", envvar="CROSSWIND_STATE")
]


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise typer.BadParameter(f"{url!r} is no URL such as http://127.0.0.1:4566")
    return url


EndpointOption = Annotated[
    str,
    typer.Option(
        "--endpoint-url",
        help="Send AWS calls here instead of to AWS.",
        envvar="AWS_ENDPOINT_URL",
        callback=_endpoint,
    ),
]
LocalOption = Annotated[bool, typer.Option("--local", help="Act on the local world of the state folder.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def again(file: Path, local: bool, endpoint_url: str, state: Path) -> str:
    """The options that send the next verb where this one went, as far as its environment does not."""
    words = ["-f", str(file)]
    if local:
        words.append("--local")
        words += in_state(state)
    elif endpoint_url and endpoint_url != os.environ.get("AWS_ENDPOINT_URL"):
        words += ["--endpoint-url", endpoint_url]
    return shlex.join(words)


def in_state(state: Path) -> list[str]:
    """The option that names a state folder, where the default and the environment do not."""
    return [] if str(state) == (os.environ.get("CROSSWIND_STATE") or ".crosswind") else ["--state", str(state)]
