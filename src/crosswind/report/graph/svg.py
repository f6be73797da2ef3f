"""A topology as an SVG picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from crosswind.report.graph.boxes import LINE, Box
from crosswind.report.graph.drawing import MARGIN, TITLE, Drawing, Stroke, drawn
from crosswind.report.graph.legend import ROW, SAMPLE, SIZE
from crosswind.report.graph.style import FACTS_SIZE, NAMES, SMALL, STYLE, SYMBOLS, TITLE_SIZE
from crosswind.report.graph.things import ArrowKind, Contents, Kind

__all__ = ["svg"]

_CORNERS: dict[Kind, int] = {"account": 12, "region": 10, "site": 8, "airflow": 8, "bucket": 6, "job": 6}
_TURN = 6
_HEAD = 10
_Point = tuple[int, int]


def svg(contents: Contents) -> str:
    """The picture: one SVG document, the same for the same contents.

    Args:
        contents: what it shows.
    """
    drawing = drawn(contents)
    width, height = drawing.width, drawing.height
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" role="img" aria-labelledby="title facts">',
            f'<title id="title">Topology {escape(contents.name)}</title>',
            f'<desc id="facts">{escape(contents.facts)}</desc>',
            f"<style>\n{STYLE}\n</style>",
            f'<rect class="page" width="{width}" height="{height}" rx="8"/>',
            _text((contents.name,), MARGIN, 38, TITLE_SIZE, "strong"),
            _text((contents.facts,), MARGIN, 58, FACTS_SIZE, "soft"),
            *_legend(drawing),
            *(text for box in drawing.sheet.accounts for text in _box(drawing, box)),
            *(_arrow(stroke) for stroke in drawing.strokes),
            "</svg>",
            "",
        )
    )


def _box(drawing: Drawing, box: Box) -> Iterator[str]:
    thing, left, right = box.thing, drawing.grid.left(box), drawing.grid.right(box)
    is_hub = any(part.kind == "airflow" for region in thing.parts for part in region.parts)
    words = f"{thing.kind} hub" if is_hub else thing.kind
    yield f'<g class="{words}" data-key={quoteattr(thing.key)}>'
    yield f"<title>{escape(thing.tip)}</title>"
    yield (
        f'<rect class="box" x="{left}" y="{box.top}" width="{right - left}" height="{box.height}"'
        f' rx="{_CORNERS[thing.kind]}"/>'
    )
    yield from _name(box, left, right)
    for line in box.lines:
        x = left + 12 + line.indent
        if line.indent:
            yield f'<path class="turn" d="M{x - 8} {line.middle - 9}V{line.middle}H{x - 2}"/>'
        tip = f"<title>{escape(line.row.tip)}</title>" if line.row.tip else ""
        shown = _text(line.texts, x + 2 * bool(line.indent), line.middle + 4, SMALL, "mono row")
        yield f"<g>{tip}{shown}</g>" if tip else shown
    for part in box.parts:
        yield from _box(drawing, part)
    yield "</g>"


def _name(box: Box, left: int, right: int) -> Iterator[str]:
    """The name of a box, its symbol, and the note beside or below it."""
    thing, y = box.thing, box.middle + 4
    x = left + (28 if thing.symbol else 12)
    if thing.symbol:
        yield (
            f'<path class="{thing.symbol}-symbol" transform="translate({left + 10} {box.middle - 6})"'
            f' d="{SYMBOLS[thing.symbol]}"/>'
        )
    look = {"region": "mono soft", "airflow": "strong"}.get(thing.kind, "mono strong")
    yield _text(box.texts, x, y, NAMES[thing.kind], f"{look} name")
    if thing.note and thing.kind in ("airflow", "job"):
        yield _text((thing.note,), x, y + LINE * len(box.texts), SMALL, "soft")
    elif thing.note:
        yield _text((thing.note,), right - 12, y, SMALL, "mono soft end")


def _text(lines: Sequence[str], x: int, y: int, size: int, look: str) -> str:
    if len(lines) == 1:
        return f'<text class="{look}" x="{x}" y="{y}" font-size="{size}">{escape(lines[0])}</text>'
    spans = "".join(f'<tspan x="{x}" y="{y + LINE * place}">{escape(line)}</tspan>' for place, line in enumerate(lines))
    return f'<text class="{look}" font-size="{size}">{spans}</text>'


def _arrow(stroke: Stroke) -> str:
    """A line with its head. Lines that share a piece begin where they share it, or their dashes would fill up."""
    points = stroke.points
    (x, y), before = points[-1], points[-2]
    back = -_HEAD if x > before[0] else _HEAD
    line = (*points[:-1], (x + back, y))
    kind = stroke.arrow.kind
    return (
        f"<g><title>{escape(stroke.arrow.tip)}</title>"
        f'<path class="arrow {kind}" d="{_path(line[::-1] if stroke.gathers else line)}"/>'
        f"{_head(kind, points[-1], back)}</g>"
    )


def _head(kind: ArrowKind, tip: _Point, back: int) -> str:
    """An arrowhead; `back` is how far behind its tip it begins."""
    x, y = tip
    return f'<path class="{kind}-head" d="M{x} {y} {x + back} {y - 5}V{y + 5}Z"/>'


def _path(points: Sequence[_Point]) -> str:
    """A line with round corners."""
    words = [f"M{points[0][0]} {points[0][1]}"]
    for before, corner, after in zip(points[:-2], points[1:-1], points[2:], strict=True):
        turn = min(_TURN, _distance(before, corner) // 2, _distance(corner, after) // 2)
        (x1, y1), (x2, y2) = _towards(corner, before, turn), _towards(corner, after, turn)
        words.append(f"L{x1} {y1}Q{corner[0]} {corner[1]} {x2} {y2}")
    words.append(f"L{points[-1][0]} {points[-1][1]}")
    return "".join(words)


def _distance(a: _Point, b: _Point) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(start: _Point, end: _Point, length: int) -> _Point:
    """The point that far from one point on the way to another; the way is horizontal or vertical."""
    whole = _distance(start, end) or 1
    return start[0] + (end[0] - start[0]) * length // whole, start[1] + (end[1] - start[1]) * length // whole


def _legend(drawing: Drawing) -> Iterator[str]:
    for entry in drawing.legend:
        x, y = MARGIN + entry.x, TITLE + 8 + ROW * entry.row
        yield f'<path class="arrow {entry.kind}" d="M{x} {y}H{x + SAMPLE - _HEAD}"/>'
        yield _head(entry.kind, (x + SAMPLE, y), -_HEAD)
        yield _text((entry.text,), x + SAMPLE + 8, y + 4, SIZE, "soft")
