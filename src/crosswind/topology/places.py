"""Where the keys of a topology are: file and line by key path."""

from __future__ import annotations

from dataclasses import dataclass, field

from crosswind.errors import Place

__all__ = ["Loc", "Places", "dotted"]

Loc = tuple[str | int, ...]
"""A key path: `("jobs", "train", "reads", 0)`."""


@dataclass
class Places:
    """Where each key of a topology is.

    Attributes:
        file: the topology file, as the user named it.
        lines: by key path, from 1. What an alias stands for is where the alias is.
        included: the file of each object that an included file declares, by group and name.
        written: numbers by key path as they are in the file, where they would be shown otherwise (`3.10`).
    """

    file: str
    lines: dict[Loc, int] = field(default_factory=dict)
    included: dict[Loc, str] = field(default_factory=dict)
    written: dict[Loc, str] = field(default_factory=dict)

    def of(self, *loc: str | int) -> Place:
        """The place of a key path; the line of what holds it when it is not there itself."""
        file = self.included.get(loc[:2], self.file)
        for length in range(len(loc), -1, -1):
            if loc[:length] in self.lines:
                return Place(file, self.lines[loc[:length]], dotted(loc))
        return Place(file, 0, dotted(loc))


def dotted(loc: Loc) -> str:
    """A key path as text: `jobs.train.reads[0]`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
