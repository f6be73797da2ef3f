"""What holds for every picture: all is there once, nothing lies on another thing, lines go around boxes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, pairwise

from hypothesis import given, settings

from crosswind.report.graph import contents, svg
from crosswind.report.graph.boxes import Box, all_of
from crosswind.report.graph.drawing import Drawing, drawn
from crosswind.report.graph.style import NAMES, SMALL
from crosswind.report.graph.text import mono_width, sans_width
from crosswind.report.graph.things import Thing, within
from crosswind.topology import Topology
from tests.golden.thirty_sites import thirty_sites
from tests.unit.report.graph.topologies import topologies

SVG = "{http://www.w3.org/2000/svg}"
Rectangle = tuple[int, int, int, int]


def rectangle(drawing: Drawing, box: Box) -> Rectangle:
    return drawing.grid.left(box), box.top, drawing.grid.right(box), box.bottom


def overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def inside(inner: Rectangle, outer: Rectangle) -> bool:
    return outer[0] < inner[0] and outer[1] < inner[1] and inner[2] < outer[2] and inner[3] < outer[3]


def families(boxes: tuple[Box, ...]) -> Iterator[tuple[Box, ...]]:
    """The boxes that stand beside each other, at every level."""
    yield boxes
    for box in boxes:
        yield from families(box.parts)


def holders(drawing: Drawing, key: str) -> set[str]:
    """The keys of a box and of all that it is in."""
    return {
        box.thing.key for box in all_of(drawing.sheet.accounts) if key in {part.thing.key for part in all_of((box,))}
    }


@given(topologies())
@settings(deadline=None, max_examples=30)
def test_everything_is_there_once(topology: Topology) -> None:
    root = ET.fromstring(svg(contents(topology)))
    keys = Counter(group.attrib["data-key"] for group in root.iter(f"{SVG}g") if "data-key" in group.attrib)
    declared = [f"account:{name}" for name in topology.accounts] + [f"site:{name}" for name in topology.sites]
    declared += [f"bucket:{name}" for name in topology.buckets] + [f"job:{name}" for name in topology.jobs]
    assert {key for key in keys if not key.startswith(("region:", "airflow:"))} == set(declared)
    assert set(keys.values()) == {1}
    assert keys["airflow:Airflow"] == 1
    texts = Counter("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    shown = Counter(
        name for names in (topology.sites, topology.buckets, topology.jobs, topology.pipelines) for name in names
    )
    assert all(texts[name] >= count for name, count in shown.items())


@given(topologies())
@settings(deadline=None, max_examples=30)
def test_no_box_lies_on_another(topology: Topology) -> None:
    drawing = drawn(contents(topology))
    page = (0, 0, drawing.width, drawing.height)
    for family in families(drawing.sheet.accounts):
        for a, b in combinations(family, 2):
            assert not overlap(rectangle(drawing, a), rectangle(drawing, b)), (a.thing.key, b.thing.key)
    for box in all_of(drawing.sheet.accounts):
        assert inside(rectangle(drawing, box), page)
        for part in box.parts:
            assert inside(rectangle(drawing, part), rectangle(drawing, box)), (part.thing.key, box.thing.key)


@given(topologies())
@settings(deadline=None, max_examples=30)
def test_no_name_reaches_out_of_its_box(topology: Topology) -> None:
    drawing = drawn(contents(topology))
    for box in all_of(drawing.sheet.accounts):
        thing = box.thing
        width = drawing.grid.right(box) - drawing.grid.left(box)
        room = width - 4 - (28 if thing.symbol else 12)
        beside = 0 if thing.kind in ("job", "airflow") or not thing.note else mono_width(thing.note, SMALL) + 12
        assert all(mono_width(text, NAMES[thing.kind]) <= room - beside for text in box.texts)
        bottoms = [line.middle + 16 * len(line.texts) - 8 for line in box.lines]
        assert all(bottom <= box.bottom for bottom in bottoms)
        assert all(low <= line.middle - 8 for low, line in zip(bottoms, box.lines[1:], strict=False))
        for line in box.lines:
            assert all(12 + line.indent + mono_width(text, SMALL) <= width for text in line.texts)


@given(topologies())
@settings(deadline=None, max_examples=30)
def test_lines_go_around_boxes(topology: Topology) -> None:
    held_to_it(drawn(contents(topology)))


def test_lines_go_around_boxes_at_thirty_sites() -> None:
    held_to_it(drawn(contents(thirty_sites())))


def held_to_it(drawing: Drawing) -> None:
    """A line runs level or plumb, begins and ends at its boxes' edges, and is in no box but those around its ends."""
    boxes = {box.thing.key: rectangle(drawing, box) for box in all_of(drawing.sheet.accounts)}
    for stroke in drawing.strokes:
        arrow = stroke.arrow
        own = holders(drawing, arrow.source.key) | holders(drawing, arrow.target.key)
        foreign = [place for key, place in boxes.items() if key not in own]
        for (x1, y1), (x2, y2) in pairwise(stroke.points):
            assert x1 == x2 or y1 == y2
            piece = (min(x1, x2), min(y1, y2), max(x1, x2) + 1, max(y1, y2) + 1)
            assert not any(overlap(piece, place) for place in foreign), arrow.tip
        for port, (x, y) in ((arrow.source, stroke.points[0]), (arrow.target, stroke.points[-1])):
            left, top, right, bottom = boxes[port.key]
            assert x in (left, right)
            assert top <= y <= bottom
        # Within its own boxes it does not run through their names, symbols and rows either.
        for port, beside in ((arrow.source, stroke.points[1]), (arrow.target, stroke.points[-2])):
            left, _, right, _ = boxes[port.key]
            assert beside[0] <= left or beside[0] >= right


def test_lines_of_different_arrows_do_not_lie_on_each_other_at_thirty_sites() -> None:
    drawing = drawn(contents(thirty_sites()))
    pieces = [
        (stroke.arrow, (min(a, c), min(b, d), max(a, c), max(b, d)))
        for stroke in drawing.strokes
        for (a, b), (c, d) in pairwise(stroke.points)
    ]
    for (one, (a, b, c, d)), (other, (e, f, g, h)) in combinations(pieces, 2):
        if one.source == other.source or one.target == other.target:
            continue
        along = a == c == e == g and min(d, h) > max(b, f)
        level = b == d == f == h and min(c, g) > max(a, e)
        assert not along, (one.tip, other.tip)
        assert not level, (one.tip, other.tip)


@given(topologies())
@settings(deadline=None, max_examples=25)
def test_the_same_topology_gives_the_same_picture(topology: Topology) -> None:
    assert svg(contents(topology)) == svg(contents(topology.model_copy(deep=True)))


def test_the_widths_of_texts_are_upper_bounds_of_letters() -> None:
    assert sans_width("mm", 10) > sans_width("ii", 10)
    assert mono_width("abc", 10) == mono_width("iii", 10)


def test_an_account_without_a_site_is_a_box() -> None:
    topology = thirty_sites()
    spare = topology.accounts["hub"].model_copy(update={"id": "999999999999"})
    more = topology.model_copy(update={"accounts": {**topology.accounts, "spare": spare}})
    things: list[Thing] = list(within(contents(more).accounts))
    assert [thing.parts for thing in things if thing.key == "account:spare"] == [()]
    assert 'data-key="account:spare"' in svg(contents(more))
