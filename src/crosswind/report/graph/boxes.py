"""Things as boxes: which columns they cover, and where they begin and end from top to bottom. No widths yet.

Everything is a multiple of `UNIT` high, so that what leaves a box on its left and on its right never meets by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from crosswind.report.graph.columns import Item, Slot, spread
from crosswind.report.graph.style import NAMES, SMALL
from crosswind.report.graph.text import broken, mono_width
from crosswind.report.graph.things import Kind, Port, Row, Thing

__all__ = ["INDENT", "INSET", "LINE", "UNIT", "Box", "Line", "Sheet", "all_of", "ample", "sheet"]

UNIT = 8
LINE = 16
# How far a box reaches beyond the cards of its column, on either side.
INSET: dict[Kind, int] = {"account": 26, "region": 16, "site": 8, "airflow": 8, "bucket": 0, "job": 0}
# By how much a row is indented for each step of its depth, and the depth from which on it is no further.
INDENT, _DEEPEST = 12, 5
_HEAD: dict[Kind, int] = {"account": 16, "region": 8, "site": 8, "airflow": 8, "bucket": 8, "job": 8}
_PAD = 8
# Above each row.
_ROW_GAP: dict[Kind, int] = {"airflow": 8}
# What else stands in the line of a name or a row: the room to the borders, and a symbol.
_BESIDE: dict[Kind, int] = {"account": 24, "region": 24, "site": 20, "airflow": 44, "bucket": 40, "job": 40}
_BESIDE_ROW = 24


@dataclass(frozen=True)
class Line:
    """A row of a box as drawn.

    Attributes:
        row: what it shows.
        texts: its name, in as many lines as it takes.
        middle: the height of the middle of its first line.
        indent: how far it is indented.
    """

    row: Row
    texts: tuple[str, ...]
    middle: int
    indent: int


@dataclass(frozen=True)
class Box:
    """A thing as drawn.

    Attributes:
        thing: what it shows.
        first: its first column.
        last: its last column.
        top: where it begins.
        height: its height.
        texts: its name, in as many lines as it takes.
        lines: its rows.
        parts: the boxes in it.
    """

    thing: Thing
    first: int
    last: int
    top: int
    height: int
    texts: tuple[str, ...]
    lines: tuple[Line, ...]
    parts: tuple[Box, ...]

    @property
    def bottom(self) -> int:
        """Where it ends."""
        return self.top + self.height

    @property
    def middle(self) -> int:
        """The height of the middle of the first line of its name."""
        return self.top + _HEAD[self.thing.kind] // 2 + LINE // 2

    def at(self, port: Port) -> int:
        """The height at which arrows of a port touch the box."""
        return next((line.middle for line in self.lines if line.row.name == port.row), self.middle)


@dataclass(frozen=True)
class Sheet:
    """All boxes of a drawing.

    Attributes:
        accounts: the outermost boxes.
        columns: how many columns there are.
    """

    accounts: tuple[Box, ...]
    columns: int

    @cached_property
    def stacks(self) -> tuple[tuple[Box, ...], ...]:
        """The accounts of each column, from the top."""
        ordered = sorted(self.accounts, key=lambda box: box.top)
        return tuple(tuple(box for box in ordered if box.first <= column <= box.last) for column in range(self.columns))


def all_of(boxes: Sequence[Box]) -> Iterator[Box]:
    """Every box, an outer one before its parts."""
    for box in boxes:
        yield box
        yield from all_of(box.parts)


def ample(things: Collection[Thing]) -> int:
    """The least width of a card in which no name of a card or a row is broken."""
    names = [mono_width(each.name, NAMES[each.kind]) + _beside(each) for each in things if INSET[each.kind] == 0]
    rows = [mono_width(row.name, SMALL) + _BESIDE_ROW + _indent(row) for each in things for row in each.rows]
    return int(max((*names, *rows), default=0)) // UNIT * UNIT + UNIT


def sheet(
    accounts: Sequence[Thing],
    columns: int,
    card: int,
    gap: Callable[[int, int], int],
    crowd: Callable[[Port], int],
) -> Sheet:
    """Place accounts and all that is in them.

    Args:
        accounts: the outermost things.
        columns: how many columns there may be.
        card: the width of a card.
        gap: the room above the account at a place of a column, by column and place.
        crowd: how many arrows touch a port on one side, at the most.
    """
    placer = _Placer(card, crowd)
    slots = spread([placer.item(thing) for thing in accounts], columns, gap(0, 1))
    placed: dict[int, Box] = {}
    for index in sorted(range(len(slots)), key=lambda index: slots[index].order):
        slot = slots[index]
        above = [placed[other].bottom for other in placed if slots[other].first == slot.first]
        top = max(above, default=0) + gap(slot.first, slot.order)
        placed[index] = placer.box(accounts[index], slot.first, slot.span, top)
    used = max(slot.first + slot.span for slot in slots)
    return Sheet(tuple(placed[index] for index in range(len(slots))), used)


class _Placer:
    """Measures and places things; `card` and `crowd` are as for `sheet`."""

    def __init__(self, card: int, crowd: Callable[[Port], int]) -> None:
        self._card = card
        self._crowd = crowd
        self._heights: dict[tuple[str, int], int] = {}

    def item(self, thing: Thing) -> Item:
        """A thing as something to place in columns."""
        return Item(lambda span: self._height(thing, span), self._limit(thing))

    def box(self, thing: Thing, first: int, span: int, top: int) -> Box:
        """The box of a thing, and those in it."""
        slots = self._slots(thing, span)
        below: dict[int, int] = {}
        start = top + self._head(thing)
        parts = []
        for part, slot in zip(thing.parts, slots, strict=True):
            y = below.get(slot.first, start)
            parts.append(self.box(part, first + slot.first, slot.span, y))
            below[slot.first] = parts[-1].bottom + _PAD
        lines = tuple(self._lines(thing, start))
        height = self._height(thing, span)
        return Box(thing, first, first + span - 1, top, height, self._name(thing), lines, tuple(parts))

    def _height(self, thing: Thing, span: int) -> int:
        if (thing.key, span) not in self._heights:
            self._heights[thing.key, span] = self._measured(thing, span)
        return self._heights[thing.key, span]

    def _measured(self, thing: Thing, span: int) -> int:
        inner = [0] * span
        for part, slot in zip(thing.parts, self._slots(thing, span), strict=True):
            inner[slot.first] += self._height(part, slot.span) + _PAD
        rows = sum(self._row_height(thing, row) for row in thing.rows)
        return self._head(thing) + max(inner) + rows + (_PAD if thing.rows else 0)

    def _slots(self, thing: Thing, span: int) -> tuple[Slot, ...]:
        return spread([self.item(part) for part in thing.parts], span, _PAD)

    def _limit(self, thing: Thing) -> int:
        """Accounts and Regions divide, sites do not: a site is read as one."""
        if thing.kind in ("account", "region"):
            return max(1, sum(self._limit(part) for part in thing.parts if part.kind != "airflow"))
        return 1

    def _head(self, thing: Thing) -> int:
        noted = LINE if thing.kind in ("airflow", "job") else 0
        return _HEAD[thing.kind] + LINE * len(self._name(thing)) + noted

    def _name(self, thing: Thing) -> tuple[str, ...]:
        room = self._card + 2 * INSET[thing.kind] - _beside(thing)
        return broken(thing.name, int(room / mono_width("m", NAMES[thing.kind])))

    def _lines(self, thing: Thing, start: int) -> Iterator[Line]:
        y = start
        for row in thing.rows:
            gap = _ROW_GAP.get(thing.kind, 0)
            yield Line(row, self._row_texts(row), y + gap + LINE // 2, _indent(row))
            y += self._row_height(thing, row)

    def _row_texts(self, row: Row) -> tuple[str, ...]:
        return broken(row.name, int((self._card - _BESIDE_ROW - _indent(row)) / mono_width("m", SMALL)))

    def _row_height(self, thing: Thing, row: Row) -> int:
        crowd = self._crowd(Port(thing.key, row.name))
        texts = LINE * len(self._row_texts(row))
        return max(texts, UNIT * (crowd + 1)) // UNIT * UNIT + _ROW_GAP.get(thing.kind, 0)


def _beside(thing: Thing) -> float:
    """The room that a name leaves to what stands in its line; jobs and Airflow have their note below it."""
    noted = mono_width(thing.note, SMALL) + 12 if thing.note and thing.kind not in ("job", "airflow") else 0
    return _BESIDE[thing.kind] + noted


def _indent(row: Row) -> int:
    return INDENT * min(row.depth, _DEEPEST)
