"""The way of each arrow: out of a box into the gutter beside its column, along gutters and between accounts.

A line never runs through a box that it does not belong to. It leaves its own boxes sideways, climbs in a *gutter* (the
room left of a column; the last one is right of all), and crosses a column in a *passage*: above, below or between its
accounts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

from crosswind.report.graph.boxes import UNIT, Box, Sheet, all_of
from crosswind.report.graph.nets import Net
from crosswind.report.graph.things import Arrow, Port

__all__ = ["Passage", "Route", "Touch", "passages", "routes"]

# Lines that leave boxes leftwards are that much below the middle, those rightwards above it: in a gutter, what comes
# from both sides would lie on one height otherwise.
_SHIFT = 2
# Room between two lines beside each other that is enough.
_CLEAR = 6
# How many passages are looked at around each end of a way.
_CHOICE = 3


@dataclass(frozen=True, order=True)
class Passage:
    """Where lines may cross a column: above the account at a place, or below the last one.

    Attributes:
        column: the column.
        place: how many accounts are above it.
    """

    column: int
    place: int


@dataclass(frozen=True)
class Touch:
    """Where a line meets a box.

    Attributes:
        box: the box.
        rightwards: whether the line is right of the box.
        y: at which height.
    """

    box: Box
    rightwards: bool
    y: int


@dataclass(frozen=True)
class Route:
    """The way of one arrow, without the horizontal place of gutters and lanes.

    Attributes:
        arrow: the arrow.
        net: the number of its net.
        start: where it begins.
        end: where it ends.
        gutters: the gutters that it climbs in, in order.
        levels: the heights at which it crosses from each gutter to the next.
    """

    arrow: Arrow
    net: int
    start: Touch
    end: Touch
    gutters: tuple[int, ...]
    levels: tuple[int, ...]

    def climbs(self) -> Iterator[tuple[int, int, int]]:
        """The vertical pieces: gutter, from, to."""
        heights = (self.start.y, *self.levels, self.end.y)
        yield from zip(self.gutters, heights[:-1], heights[1:], strict=True)

    @property
    def straight(self) -> bool:
        """Whether it goes from box to box at one height."""
        return self.levels == () and self.start.y == self.end.y


@dataclass(frozen=True)
class _Plan:
    """An arrow's gutters and passages, without heights."""

    arrow: Arrow
    net: int
    source: Box
    target: Box
    gutters: tuple[int, ...]
    way: tuple[Passage, ...]


def passages(sheet: Sheet, found: Sequence[Net]) -> Counter[Passage]:
    """How many nets take each passage: what the room between accounts must hold."""
    used = {(plan.net, passage) for plan in _plans(sheet, found) for passage in plan.way}
    return Counter(passage for _, passage in used)


def routes(sheet: Sheet, found: Sequence[Net]) -> tuple[Route, ...]:
    """The way of every arrow of every net, in their order."""
    plans = tuple(_plans(sheet, found))
    heights = _Heights(sheet, plans)
    return tuple(heights.route(plan) for plan in plans)


def _plans(sheet: Sheet, found: Sequence[Net]) -> Iterator[_Plan]:
    boxes = {box.thing.key: box for box in all_of(sheet.accounts)}
    for number, net in enumerate(found):
        for arrow in net.arrows:
            source, target = boxes[arrow.source.key], boxes[arrow.target.key]
            gutters = _gutters(source, target)
            levels = (source.at(arrow.source), target.at(arrow.target))
            yield _Plan(arrow, number, source, target, gutters, _way(sheet, gutters, *levels))


def _gutters(source: Box, target: Box) -> tuple[int, ...]:
    """The gutters from one box to another; of boxes in one column, the one right of it."""
    if target.first > source.last:
        return tuple(range(source.last + 1, target.first + 1))
    if target.last < source.first:
        return tuple(range(source.first, target.last, -1))
    return (source.last + 1,)


def _way(sheet: Sheet, gutters: tuple[int, ...], start: int, end: int) -> tuple[Passage, ...]:
    """The passages with the least climbing, the upper ones where that is equal."""
    columns = [min(pair) for pair in pairwise(gutters)]
    choices = [_near(_open(sheet, column), start, end) for column in columns]

    def climb(way: tuple[tuple[Passage, int], ...]) -> int:
        heights = [start, *(level for _, level in way), end]
        return sum(abs(a - b) for a, b in pairwise(heights))

    best = min(product(*choices), key=climb)
    return tuple(passage for passage, _ in best)


def _open(sheet: Sheet, column: int) -> list[tuple[Passage, int]]:
    """The passages of a column, with a height in each."""
    stack = sheet.stacks[column]
    above = [(Passage(column, place), box.top - UNIT) for place, box in enumerate(stack)]
    return [*above, (Passage(column, len(stack)), stack[-1].bottom + UNIT)]


def _near(found: list[tuple[Passage, int]], *levels: int) -> list[tuple[Passage, int]]:
    """The passages that can be on the shortest way: those next to its ends."""
    near = {one for level in levels for one in sorted(found, key=lambda one: abs(one[1] - level))[:_CHOICE]}
    return sorted(near)


@dataclass
class _Heights:
    """Gives each net its height at every port and passage, so that no two lines lie on each other."""

    sheet: Sheet
    plans: Sequence[_Plan]
    _ports: dict[tuple[Port, bool], list[int]] = field(default_factory=lambda: defaultdict(list))
    _taken: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    _levels: dict[tuple[int, Passage], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Ports come first: passages have more room."""
        for plan in self.plans:
            for port, _, rightwards, gutter in self._ends(plan):
                order = self._ports[port, rightwards]
                if plan.net not in order:
                    order.append(plan.net)
                del gutter
        for plan in self.plans:
            for port, box, rightwards, gutter in self._ends(plan):
                self._taken[gutter][self._touch(plan.net, port, box, rightwards).y] = plan.net
        for plan in self.plans:
            self._cross(plan)

    def route(self, plan: _Plan) -> Route:
        """The way of a planned arrow."""
        (start_port, source, out, _), (end_port, target, into, _) = self._ends(plan)
        start, end = self._touch(plan.net, start_port, source, out), self._touch(plan.net, end_port, target, into)
        if not plan.way and out != into and abs(start.y - end.y) <= 2 * _SHIFT:
            end = Touch(end.box, end.rightwards, start.y)  # a jog of a few pixels reads as a fault of the drawing
        levels = tuple(self._levels[plan.net, passage] for passage in plan.way)
        return Route(plan.arrow, plan.net, start, end, plan.gutters, levels)

    def _ends(self, plan: _Plan) -> tuple[tuple[Port, Box, bool, int], tuple[Port, Box, bool, int]]:
        """Beginning and end: port, box, whether the line is right of it, gutter."""
        first, last = plan.gutters[0], plan.gutters[-1]
        return (
            (plan.arrow.source, plan.source, first > plan.source.last, first),
            (plan.arrow.target, plan.target, last > plan.target.last, last),
        )

    def _touch(self, net: int, port: Port, box: Box, rightwards: bool) -> Touch:
        order = self._ports[port, rightwards].index(net)
        return Touch(box, rightwards, box.at(port) + (-_SHIFT if rightwards else _SHIFT) + UNIT * order)

    def _cross(self, plan: _Plan) -> None:
        """Take a height in each passage of the way: the same as in the one before, where that can be."""
        before: int | None = None
        for passage in plan.way:
            if (plan.net, passage) not in self._levels:
                self._levels[plan.net, passage] = self._level(plan.net, passage, before)
            before = self._levels[plan.net, passage]

    def _level(self, net: int, passage: Passage, before: int | None) -> int:
        beside = (self._taken[passage.column], self._taken[passage.column + 1])
        levels = list(self._range(passage))
        if before is not None:
            levels.sort(key=lambda level: abs(level - before))

        others = [y for taken in beside for y, owner in taken.items() if owner != net]

        def clearance(level: int) -> int:
            return min((abs(y - level) for y in others), default=_CLEAR)

        level = next((level for level in levels if clearance(level) >= _CLEAR), None)
        if level is None:
            level = max(levels, key=clearance)
        for taken in beside:
            taken[level] = net
        return level

    def _range(self, passage: Passage) -> range:
        """The heights in a passage, the nearest to the accounts first; those at the edge have no end."""
        stack = self.sheet.stacks[passage.column]
        if passage.place == 0:
            return range(stack[0].top - UNIT, stack[0].top - 4000, -UNIT // 2)
        start = stack[passage.place - 1].bottom + UNIT
        if passage.place == len(stack):
            return range(start, start + 4000, UNIT // 2)
        return range(start, stack[passage.place].top - UNIT + 1, UNIT // 2)
