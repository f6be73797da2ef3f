"""What a picture consists of: things within things, and arrows between them. No positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["Arrow", "ArrowKind", "Contents", "Kind", "Port", "Row", "Thing", "within"]

Kind = Literal["account", "region", "airflow", "site", "bucket", "job"]
ArrowKind = Literal["assume", "crr", "crr-rtc", "copy", "in-place"]


@dataclass(frozen=True)
class Row:
    """A line of a thing: a folder of a bucket, a pipeline of Airflow.

    Attributes:
        name: as declared.
        depth: how far it is indented: a pipeline stands below the one that starts it.
        tip: what is told when the reader points at it.
    """

    name: str
    depth: int = 0
    tip: str = ""


@dataclass(frozen=True)
class Thing:
    """A box of the drawing, and what is in it.

    Attributes:
        kind: what it is.
        name: as declared; of Airflow, `Airflow`.
        note: a few words beside the name.
        tip: what is told when the reader points at it.
        symbol: the service that it belongs to, for its symbol; empty for accounts, Regions and sites.
        rows: its lines.
        parts: the boxes in it.
        owner: the account of a Region, which is no name of its own.
    """

    kind: Kind
    name: str
    note: str = ""
    tip: str = ""
    symbol: str = ""
    rows: tuple[Row, ...] = ()
    parts: tuple[Thing, ...] = ()
    owner: str = ""

    @property
    def key(self) -> str:
        """What no other box of the drawing has."""
        return f"{self.kind}:{self.owner}/{self.name}" if self.owner else f"{self.kind}:{self.name}"


@dataclass(frozen=True, order=True)
class Port:
    """Where an arrow begins or ends: a box, or one of its lines.

    Attributes:
        key: of the box.
        row: the name of the line; empty for the box itself.
    """

    key: str
    row: str = ""


@dataclass(frozen=True)
class Arrow:
    """An arrow.

    Attributes:
        kind: what it stands for.
        source: where it begins.
        target: where it ends.
        tip: what is told when the reader points at it.
    """

    kind: ArrowKind
    source: Port
    target: Port
    tip: str


@dataclass(frozen=True)
class Contents:
    """All that a drawing shows.

    Attributes:
        name: of the topology.
        accounts: the boxes, that of the hub first, then as declared.
        arrows: the arrows.
    """

    name: str
    accounts: tuple[Thing, ...]
    arrows: tuple[Arrow, ...]

    @property
    def facts(self) -> str:
        """What there is, counted."""
        kinds = Counter(thing.kind for thing in within(self.accounts))
        regions = len({thing.name for thing in within(self.accounts) if thing.kind == "region"})
        pipelines = sum(len(thing.rows) for thing in within(self.accounts) if thing.kind == "airflow")
        counts = {
            "account": kinds["account"],
            "Region": regions,
            "site": kinds["site"],
            "bucket": kinds["bucket"],
            "job": kinds["job"],
            "pipeline": pipelines,
        }
        return ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items())


def within(things: tuple[Thing, ...]) -> Iterator[Thing]:
    """Every thing, an outer one before its parts."""
    for thing in things:
        yield thing
        yield from within(thing.parts)
