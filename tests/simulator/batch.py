"""Many schedules, over two of the machine's cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulator import post, world
from tests.simulator.invariants import Report

__all__ = ["chunks", "replay", "reports"]

_CHUNK = 100
_LOGICS = {"ours": world.run, "post": post.run}


def reports(seeds: range, logic: str = "ours") -> Iterator[Report]:
    """The reports of many schedules, in order.

    Args:
        seeds: which.
        logic: `ours` or `post`.
    """
    # Spawned, not forked: the caller may have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), mp_context=context) as pool:
        for found in pool.map(chunks, *zip(*_split(seeds, logic), strict=True)):
            yield from found


def chunks(seeds: range, logic: str) -> list[Report]:
    """The reports of a few schedules, in this process; what does not matter for a sum is left out."""
    found = []
    for seed in seeds:
        report = _LOGICS[logic](seed)
        if not report.violations:
            report.applied.clear()
        found.append(report)
    return found


def replay(seed: int, logic: str = "ours") -> str:
    """How to see a schedule again."""
    more = " --post" if logic == "post" else ""
    return f"python -m tests.simulator {seed}{more} [--shrink] [--trace WORD]"


def _split(seeds: range, logic: str) -> list[tuple[range, str]]:
    return [(seeds[start : start + _CHUNK], logic) for start in range(0, len(seeds), _CHUNK)]
