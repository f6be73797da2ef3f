"""How wide text is, and where it breaks. There are no fonts here, so widths are upper bounds for usual ones."""

from __future__ import annotations

import re

__all__ = ["broken", "mono_width", "sans_width"]

# The advance of DejaVu Sans Mono, the widest of the monospaced fonts that the drawing asks for.
_MONO = 0.603
_SANS = {"narrow": 0.36, "usual": 0.64, "upper": 0.78, "wide": 0.99}


def mono_width(text: str, size: float) -> float:
    """The width of text in a monospaced font of `size` pixels."""
    return len(text) * _MONO * size


def sans_width(text: str, size: float) -> float:
    """At least the width of text in the reader's sans-serif font of `size` pixels."""
    return sum(_SANS[_shape(letter)] for letter in text) * size


def broken(name: str, letters: int) -> tuple[str, ...]:
    """A name in lines of at most `letters` characters, broken behind `_`, `-`, `.` or `/` where that is possible.

    The lines joined are the name.
    """
    lines, rest = [], name
    while len(rest) > letters:
        ends = [found.end() for found in re.finditer(r"[_./-]", rest[:letters])]
        # A break that leaves a line half empty is worse than one within a word.
        cut = next((end for end in reversed(ends) if end > letters // 2), letters)
        lines.append(rest[:cut])
        rest = rest[cut:]
    return (*lines, rest)


def _shape(letter: str) -> str:
    if letter in "iljtfrI.,:;'|!()[]- ":
        return "narrow"
    if letter in "mwMW@%":
        return "wide"
    return "upper" if letter.isupper() or ord(letter) > 0x2FF else "usual"
