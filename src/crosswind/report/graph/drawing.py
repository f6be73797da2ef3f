"""Contents with every place: boxes, and lines from point to point. As wide as a page, with as many columns as fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosswind.report.graph.boxes import UNIT, Sheet, ample, sheet
from crosswind.report.graph.lanes import Grid, grid
from crosswind.report.graph.legend import ROW, Entry, legend
from crosswind.report.graph.nets import Net, crowd, nets
from crosswind.report.graph.routes import Passage, Route, passages, routes
from crosswind.report.graph.style import FACTS_SIZE, TITLE_SIZE
from crosswind.report.graph.text import sans_width
from crosswind.report.graph.things import Arrow, Contents, within

__all__ = ["MARGIN", "TITLE", "Drawing", "Stroke", "drawn"]

PAGE = 1280
MARGIN = 24
# Below the title and the counts.
TITLE = 72
_LEAST = 480
_COLUMNS = (4, 3, 2, 1)
_CARDS = (200, 304)
_GAP = 24


@dataclass(frozen=True)
class Stroke:
    """An arrow as drawn.

    Attributes:
        arrow: the arrow.
        points: its corners, from its beginning to its end.
        gathers: whether it shares its end, and not its beginning, with others.
    """

    arrow: Arrow
    points: tuple[tuple[int, int], ...]
    gathers: bool


@dataclass(frozen=True)
class Drawing:
    """Everything with its place, in pixels.

    Attributes:
        sheet: the boxes.
        grid: their horizontal places.
        strokes: the arrows.
        width: of the whole.
        height: of the whole.
        legend: what its lines mean, in rows below the title.
    """

    sheet: Sheet
    grid: Grid
    strokes: tuple[Stroke, ...]
    width: int
    height: int
    legend: tuple[Entry, ...]


def drawn(contents: Contents) -> Drawing:
    """Give everything its place.

    Args:
        contents: what is shown.
    """
    card = min(max(ample(tuple(within(contents.accounts))), _CARDS[0]), _CARDS[1])
    for columns in _COLUMNS:
        drawing = _in_columns(contents, columns, card)
        while drawing.width > PAGE and drawing.grid.card > _CARDS[0]:
            over = -(-(drawing.width - PAGE) // (columns * UNIT)) * UNIT
            drawing = _in_columns(contents, columns, max(drawing.grid.card - over, _CARDS[0]))
        if drawing.width <= PAGE:
            break
    return drawing


def _in_columns(contents: Contents, columns: int, card: int, rows: int = 1) -> Drawing:
    """The drawing for a number of columns, a width of cards, and a number of rows of the legend."""
    found = nets(contents.arrows)
    crowds = crowd(found)

    def placed(taken: dict[Passage, int]) -> Sheet:
        def gap(column: int, place: int) -> int:
            lines = taken.get(Passage(column, place), 0)
            return above if place == 0 else max(_GAP, UNIT * (lines + 2))

        # All columns begin at one height, below the lines above them.
        top = max((UNIT * (count + 1) for passage, count in taken.items() if passage.place == 0), default=0)
        above = TITLE + (rows * ROW // UNIT + 2) * UNIT + top
        return sheet(contents.accounts, columns, card, gap, lambda port: crowds[port])

    taken = passages(placed({}), found)
    boxes = placed(taken)
    ways = routes(boxes, found)
    places = grid(ways, boxes.columns, card, MARGIN)
    strokes = tuple(_stroke(route, found[route.net], places) for route in ways)
    low = max([box.bottom for box in boxes.accounts] + [y for stroke in strokes for _, y in stroke.points])
    titles = (sans_width(contents.name, TITLE_SIZE), sans_width(contents.facts, FACTS_SIZE))
    width = max(places.width, _LEAST, *(int(title) + 2 * MARGIN for title in titles))
    entries = legend((arrow.kind for arrow in contents.arrows), width - 2 * MARGIN)
    needed = max((entry.row + 1 for entry in entries), default=0)
    if needed > rows:
        return _in_columns(contents, columns, card, needed)
    return Drawing(boxes, places, strokes, width, low + MARGIN, entries)


def _stroke(route: Route, net: Net, places: Grid) -> Stroke:
    return Stroke(route.arrow, tuple(dict.fromkeys(_points(route, places))), net.gathers)


def _points(route: Route, places: Grid) -> Iterator[tuple[int, int]]:
    start, end = route.start, route.end
    yield (places.right(start.box) if start.rightwards else places.left(start.box)), start.y
    if not route.straight:
        for gutter, low, high in route.climbs():
            lane = places.lanes[gutter, route.net]
            yield lane, low
            yield lane, high
    yield (places.right(end.box) if end.rightwards else places.left(end.box)), end.y
