"""Where lines climb: every net its lane in a gutter, every gutter as wide as its lanes, every column its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crosswind.report.graph.boxes import INSET, Box
from crosswind.report.graph.routes import Route

__all__ = ["Grid", "grid"]

_LANE = 9
# Room between lanes and the accounts beside them: on the right an arrowhead must fit.
_LEFT, _RIGHT, _EMPTY = 14, 18, 24
# Two climbs in one lane keep this apart.
_APART = 14

_Side = Literal["left", "both", "right"]
_SIDES: tuple[_Side, ...] = ("left", "both", "right")


@dataclass(frozen=True)
class _Climb:
    """The part of a gutter that a net climbs in."""

    net: int
    low: int
    high: int
    side: _Side

    @property
    def length(self) -> int:
        return self.high - self.low


@dataclass(frozen=True)
class Grid:
    """The horizontal places.

    Attributes:
        card: the width of a card.
        columns: where the cards of each column begin.
        width: of the whole.
        lanes: where a net climbs, by gutter and net.
    """

    card: int
    columns: tuple[int, ...]
    width: int
    lanes: dict[tuple[int, int], int]

    def left(self, box: Box) -> int:
        """Where a box begins."""
        return self.columns[box.first] - INSET[box.thing.kind]

    def right(self, box: Box) -> int:
        """Where it ends."""
        return self.columns[box.last] + self.card + INSET[box.thing.kind]


def grid(routes: Sequence[Route], columns: int, card: int, margin: int) -> Grid:
    """Place columns and lanes.

    Args:
        routes: all lines.
        columns: how many there are.
        card: the width of a card.
        margin: left and right of everything.
    """
    places: list[int] = []
    lanes: dict[tuple[int, int], int] = {}
    x = margin
    for gutter in range(columns + 1):
        numbers, count = _numbered(_climbs(routes, gutter))
        for net, number in numbers.items():
            lanes[gutter, net] = x + _LEFT + number * _LANE
        edge = gutter in (0, columns)
        x += _LEFT + (count - 1) * _LANE + _RIGHT if count else (0 if edge else _EMPTY)
        if gutter < columns:
            places.append(x + INSET["account"])
            x += card + 2 * INSET["account"]
    return Grid(card, tuple(places), x + margin, lanes)


def _climbs(routes: Sequence[Route], gutter: int) -> list[_Climb]:
    """What each net climbs in a gutter, and on which side of it the net's other pieces are."""
    heights: dict[int, list[int]] = defaultdict(list)
    sides: dict[int, set[bool]] = defaultdict(set)
    for route in routes:
        if route.straight:
            continue
        for place, (number, low, high) in enumerate(route.climbs()):
            if number != gutter:
                continue
            heights[route.net] += [low, high]
            sides[route.net] |= {_comes_from_left(route, place), _leaves_to_left(route, place)}
    return [
        _Climb(
            net, min(found), max(found), "both" if len(sides[net]) == 2 else "left" if True in sides[net] else "right"
        )
        for net, found in sorted(heights.items())
    ]


def _comes_from_left(route: Route, place: int) -> bool:
    return route.gutters[place - 1] < route.gutters[place] if place else route.start.rightwards


def _leaves_to_left(route: Route, place: int) -> bool:
    last = place == len(route.gutters) - 1
    return route.end.rightwards if last else route.gutters[place + 1] < route.gutters[place]


def _numbered(climbs: Sequence[_Climb]) -> tuple[dict[int, int], int]:
    """The lane of each net, from the left, and how many lanes there are.

    What turns back to the left stays left, short climbs outermost: so they cross nothing. The mirror of that is right.
    """
    numbers: dict[int, int] = {}
    first = 0
    for side in _SIDES:
        lanes: list[list[_Climb]] = []
        mine = sorted(
            (each for each in climbs if each.side == side), key=lambda each: (each.length, each.low, each.net)
        )
        for climb in mine:
            lane = next((lane for lane in lanes if _is_free(lane, climb)), None)
            if lane is None:
                lanes.append(lane := [])
            lane.append(climb)
        ordered = lanes[::-1] if side == "right" else lanes
        numbers |= {climb.net: first + place for place, lane in enumerate(ordered) for climb in lane}
        first += len(lanes)
    return numbers, first


def _is_free(lane: Sequence[_Climb], climb: _Climb) -> bool:
    return all(climb.low > other.high + _APART or climb.high < other.low - _APART for other in lane)
