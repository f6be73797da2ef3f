"""Facts about one thing as lines: a headline, labels with values, then rows. Narrow enough for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Paragraph"]

_INDENT = "    "


@dataclass(frozen=True)
class Paragraph:
    """One thing, and what is told of it.

    Args:
        headline: what it is.
        facts: label and value, in the order of telling.
        rows: two columns below the facts, the wider one last.
    """

    headline: str
    facts: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str, str], ...] = ()

    def lines(self) -> Iterator[str]:
        """The headline, then everything else indented below it."""
        yield self.headline
        for pairs in (self.facts, self.rows):
            width = max((len(first) for first, _ in pairs), default=0)
            for first, second in pairs:
                yield f"{_INDENT}{first.ljust(width)}  {second}"
