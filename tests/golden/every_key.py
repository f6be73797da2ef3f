"""A sound topology that has every key, and what is told when one of them is wrong, key by key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from crosswind.topology.document import parse
from crosswind.topology.faults import valid_keys
from crosswind.topology.places import Loc, dotted
from tests.golden.error_cases import told

__all__ = ["EVERY_KEY", "every_key"]

EVERY_KEY = Path(__file__).parent / "errors" / "every_key.yml"


def every_key() -> str:
    """What is told of each key of `every_key.yml` in turn: misspelt, empty, of another form, left out."""
    text = EVERY_KEY.read_text()
    data, places, _ = parse(text, EVERY_KEY.name)
    parts = ["What is told when a key of every_key.yml is wrong. Generated; whoever changes a text reviews it here.\n"]
    done = set()
    for loc, line in sorted(places.lines.items(), key=lambda item: item[1]):
        valid = valid_keys(loc[:-1], data) if loc else ()
        if loc and loc[-1] in valid and (valid, loc[-1]) not in done:
            done.add((valid, loc[-1]))
            parts.append(f"\n## {dotted(loc)}\n")
            for wrong, changed in _changes(text.splitlines(), loc, line):
                found = told({"crosswind.yaml": changed})
                parts += [f"{wrong}:\n", found] if found else []
    return "".join(parts)


def _changes(lines: list[str], loc: Loc, line: int) -> Iterator[tuple[str, str]]:
    """The file with a key changed, and how. The key is alone on its line; what belongs to it is indented below."""
    key, at = str(loc[-1]), line - 1
    start, head, value = _split(lines[at], key)
    end = at + 1
    depth = len(start)
    while end < len(lines) and len(lines[end]) - len(lines[end].lstrip()) > depth:
        end += 1
    block = lines[at + 1 : end]
    misspelt = key[:-2] + key[-1] + key[-2] if key[-1] != key[-2] else key + key[-1]
    for wrong, new in (
        ("misspelt", [f"{start}{misspelt}:{value}", *block]),
        ("empty", [f"{start}{head}"]),
        ("of another form", [f"{start}{head} {'word' if block or value.startswith((' [', ' {')) else '{a: b}'}"]),
        ("left out", [start.rstrip()] if start.strip() else []),
    ):
        yield wrong, "\n".join([*lines[:at], *new, *lines[end:]]) + "\n"


def _split(line: str, key: str) -> tuple[str, str, str]:
    """A line's indent (with the `- ` of an item), its key with the colon, and the rest."""
    found = re.fullmatch(rf"(\s*(?:- )?)({re.escape(key)}:)(.*)", line)
    assert found, f"every_key.yml has one key a line, but: {line}"
    return found[1], found[2], found[3]
