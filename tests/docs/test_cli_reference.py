"""Every verb and flag of the command line is documented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from crosswind.cli.main import app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every visible command below one, with its path."""
    if command.hidden:
        return
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in sorted(children.items()):
        yield from commands(child, (*path, name))


def sections() -> dict[str, str]:
    """The page's second-level sections by title."""
    parts = PAGE.read_text().split("\n## ")[1:]
    return {part.split("\n", 1)[0].strip("` "): part for part in parts}


def test_every_verb_and_flag_is_documented() -> None:
    page = sections()
    missing = []
    for path, command in commands(typer.main.get_command(app), ("crosswind",)):
        title = " ".join(path)
        if title not in page:
            missing.append(title)
            continue
        for parameter in command.params:
            names = [*parameter.opts, *parameter.secondary_opts] or [parameter.name.upper()]
            missing += [f"{title} {name}" for name in names if f"`{name}`" not in page[title] and name != "--help"]
    assert not missing


def test_no_verb_is_documented_that_is_gone() -> None:
    verbs = {" ".join(path) for path, _ in commands(typer.main.get_command(app), ("crosswind",))}
    assert set(sections()) == verbs
