"""What the kinds of lines mean that are in a picture, in as many rows as its width asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crosswind.report.graph.style import KINDS
from crosswind.report.graph.text import sans_width
from crosswind.report.graph.things import ArrowKind

__all__ = ["ROW", "SAMPLE", "SIZE", "Entry", "legend"]

ROW = 20
SAMPLE = 36
SIZE = 12
_APART = 24


@dataclass(frozen=True)
class Entry:
    """A sample of a line, and what it means.

    Attributes:
        kind: of the line.
        text: what it means.
        x: where the sample begins; the text follows it.
        row: its row, from 0.
    """

    kind: ArrowKind
    text: str
    x: int
    row: int


def legend(shown: Iterable[ArrowKind], width: int) -> tuple[Entry, ...]:
    """The entries for the kinds that are shown, in rows of at most `width` pixels."""
    wanted = set(shown)
    entries: list[Entry] = []
    x = row = 0
    for kind, text in KINDS.items():
        if kind not in wanted:
            continue
        wide = SAMPLE + 8 + int(sans_width(text, SIZE))
        if x and x + wide > width:
            x, row = 0, row + 1
        entries.append(Entry(kind, text, x, row))
        x += wide + _APART
    return tuple(entries)
