"""Crash schedules: our logic beside the post's, in the same schedules, under the same checks.

usage: python benchmarks/crash_schedules.py [SCHEDULES]

Figures are printed, never asserted; the tests assert that ours are all 0.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.simulator.batch import replay, reports
from tests.simulator.invariants import Invariant, Report

SCHEDULES = 2000
_SHOWN = 3


@dataclass
class Sum:
    """What came of all schedules of a logic."""

    schedules: int = 0
    calls: int = 0
    seconds: float = 0.0
    broken: Counter[Invariant] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[Invariant, list[int]] = field(default_factory=dict)

    def add(self, report: Report) -> None:
        self.schedules += 1
        self.calls += report.calls
        self.counts.update(report.counts)
        for invariant in report.broken:
            self.broken[invariant] += 1
            self.examples.setdefault(invariant, []).append(report.seed)


def measure(schedules: int, logic: str) -> Sum:
    found, began = Sum(), time.perf_counter()
    for report in reports(range(schedules), logic):
        found.add(report)
    found.seconds = time.perf_counter() - began
    return found


def show(ours: Sum, post: Sum) -> None:
    print(f"{ours.schedules} crash schedules, {min(2, os.cpu_count() or 1)} processes\n")
    print(f"{'schedules in which an invariant is broken':<62}{'ours':>8}{'post':>8}")
    for invariant in Invariant:
        print(f"{invariant:<62}{ours.broken[invariant]:>8}{post.broken[invariant]:>8}")
    print(f"\n{'counted':<62}{'ours':>8}{'post':>8}")
    for what in sorted(ours.counts.keys() | post.counts.keys()):
        print(f"{what:<62}{ours.counts[what]:>8}{post.counts[what]:>8}")
    rows = (
        ("calls to AWS and Airflow a schedule", [f"{each.calls / each.schedules:.0f}" for each in (ours, post)]),
        ("schedules a second", [f"{each.schedules / each.seconds:.0f}" for each in (ours, post)]),
    )
    for what, (one, other) in rows:
        print(f"{what:<62}{one:>8}{other:>8}")
    for logic, found in (("ours", ours), ("post", post)):
        for invariant, seeds in found.examples.items():
            print(f"\n{logic}: {invariant}: seeds {', '.join(map(str, seeds[:_SHOWN]))}\n  {replay(seeds[0], logic)}")


def main() -> None:
    schedules = int(sys.argv[1]) if len(sys.argv) > 1 else SCHEDULES
    show(measure(schedules, "ours"), measure(schedules, "post"))


if __name__ == "__main__":
    main()
