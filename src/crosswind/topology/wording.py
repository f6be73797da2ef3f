"""How faults speak of values and names: short, printable, with what was probably meant."""

from __future__ import annotations

import difflib
import heapq
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

__all__ = ["code_point", "escaped", "foreign", "nearest", "quoted", "shown"]

_MOST_NAMES = 20
_FEW_NAMES = 50


def quoted(names: Iterable[str]) -> str:
    """Names in a row for a message, sorted, at most 20; a word for none."""
    ordered = sorted(names)
    more = len(ordered) - _MOST_NAMES
    row = ", ".join(ordered[:_MOST_NAMES])
    return f"{row}, and {more:,} more" if more > 0 else row or "none"


def nearest(name: str, valid: Iterable[str]) -> str:
    """What was probably meant, as `did you mean "x"? `; empty when nothing is near."""
    ordered = sorted(valid)
    alike = {each.lower().replace("-", "_"): each for each in ordered}
    found = alike.get(name.lower().replace("-", "_")) or next(
        iter(difflib.get_close_matches(name, _candidates(name, ordered), n=1, cutoff=0.6)), ""
    )
    return f'did you mean "{found}"? ' if found else ""


def _candidates(name: str, names: list[str]) -> list[str]:
    """Names that share the most pairs of letters with one; all where they are few. To compare thoroughly takes long."""
    if len(names) <= _FEW_NAMES:
        return names
    pairs = _pairs(name)
    return heapq.nlargest(_FEW_NAMES, names, key=lambda each: len(pairs & _pairs(each)))


def _pairs(name: str) -> set[str]:
    return {one + other for one, other in pairwise(name)}


def shown(value: Any) -> str:
    """A value in a message: short, and all of it to be seen."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        text = escaped(value)
        return f'"{text if len(text) <= 60 else text[:57] + "..."}"'
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else str(value)


def escaped(text: str) -> str:
    """A text in which characters that are not seen, or that move others about, are written as escapes."""
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def foreign(text: str) -> str:
    """A word on the first character beyond ASCII, since it may look like one within; nothing where all are ASCII."""
    found = next((each for each in text if not each.isascii()), "")
    return f' ("{escaped(found)}" in it is {code_point(found)})' if found else ""


def code_point(character: str) -> str:
    """A character by its number and name: `U+0430 CYRILLIC SMALL LETTER A`."""
    name = unicodedata.name(character, "") or _CONTROLS.get(character, "")
    return f"U+{ord(character):04X} {name}".rstrip()


# Unicode gives control characters no names; these are met in files.
_CONTROLS = {"\0": "NULL", "\t": "TAB", "\n": "LINE BREAK", "\r": "CARRIAGE RETURN", "\x1b": "ESCAPE"}


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
