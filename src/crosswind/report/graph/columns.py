"""Boxes of different heights in columns: who stands where, so that the whole is low and reads from left to right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Item", "Slot", "spread"]

# A box is made wider only where that makes the whole lower by a tenth: narrow ones read better.
_WORTH = 0.9


@dataclass(frozen=True)
class Item:
    """Something to place.

    Attributes:
        height: its height over a number of columns.
        limit: the most columns that it can use.
    """

    height: Callable[[int], int]
    limit: int


@dataclass(frozen=True)
class Slot:
    """Where an item stands.

    Attributes:
        first: its first column.
        span: how many columns it covers. One that covers several has them for itself.
        order: its place from the top in its column.
    """

    first: int
    span: int
    order: int


def spread(items: Sequence[Item], columns: int, gap: int) -> tuple[Slot, ...]:
    """Place items in columns: each into the lowest column, high ones over several.

    Args:
        items: in reading order.
        columns: how many there are at most.
        gap: between two items of a column.

    Returns:
        The slot of each item.
    """
    spans = [1] * len(items)
    best = _height(items, spans, columns, gap)
    while True:
        wider = [
            [*spans[:index], span + 1, *spans[index + 1 :]]
            for index, span in enumerate(spans)
            if span < items[index].limit
        ]
        tried = [(_height(items, each, columns, gap), each) for each in wider if _fits(each, columns)]
        if not tried or min(tried)[0] > best * _WORTH:
            return _filled(items, spans, columns, gap)[0]
        best, spans = min(tried)


def _fits(spans: Sequence[int], columns: int) -> bool:
    return sum(span for span in spans if span > 1) + (1 in spans) <= columns


def _height(items: Sequence[Item], spans: Sequence[int], columns: int, gap: int) -> int:
    return _filled(items, spans, columns, gap)[1]


def _filled(items: Sequence[Item], spans: Sequence[int], columns: int, gap: int) -> tuple[tuple[Slot, ...], int]:
    """The slots for given spans, and the height of the highest column."""
    narrow = [index for index, span in enumerate(spans) if span == 1]
    free = columns - sum(span for span in spans if span > 1)
    if len(narrow) <= free:  # each has columns of its own: in order
        firsts = [sum(spans[:index]) for index in range(len(spans))]
        heights = [item.height(span) for item, span in zip(items, spans, strict=True)]
        return tuple(Slot(first, span, 0) for first, span in zip(firsts, spans, strict=True)), max(heights, default=0)
    slots: dict[int, Slot] = {}
    highest = 0
    column = 0
    for index, span in enumerate(spans):
        if index in slots:
            continue
        if span > 1:
            slots[index] = Slot(column, span, 0)
            highest = max(highest, items[index].height(span))
            column += span
        else:
            heights, counts = [0] * free, [0] * free
            for each in narrow:
                lowest = heights.index(min(heights))
                slots[each] = Slot(column + lowest, 1, counts[lowest])
                heights[lowest] += items[each].height(1) + gap
                counts[lowest] += 1
            highest = max(highest, max(heights) - gap)
            column += free
    return tuple(slots[index] for index in range(len(items))), highest
