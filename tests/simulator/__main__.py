"""Replay one schedule: `python -m tests.simulator SEED [--post] [--shrink] [--trace WORD]`.

Prints what went wrong and why. `--shrink` leaves out what the first violation does not need; `--trace` prints every
call of the processes whose name holds a word (`/train/`, `reaper`, `/`).
"""

from __future__ import annotations

import argparse
import sys

from tests.simulator import post, world
from tests.simulator.aws.client import Blow
from tests.simulator.invariants import Report
from tests.simulator.process import Process


def main() -> int:
    """Replay; 1 when an invariant was violated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", type=int)
    parser.add_argument("--post", action="store_true", help="the post's logic")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--trace", default="")
    given = parser.parse_args()
    run = post.run if given.post else world.run
    report, kept = run(given.seed), None
    if given.shrink and report.violations:
        report = world.shrink(given.seed, report.violations[0][0], run)
        kept = frozenset(report.applied)
    if given.trace:
        trace(given.trace)
        report = run(given.seed, kept)
    show(report)
    return 1 if report.violations else 0


def show(report: Report) -> None:
    """Print a report."""
    write = sys.stdout.write
    write(f"seed {report.seed}: {report.calls} calls\n")
    for fault in report.applied:
        write(f"  fault      {fault}\n")
    for what, count in sorted(report.counts.items()):
        write(f"  counted    {what}: {count}\n")
    for invariant, text in report.violations:
        write(f"  VIOLATION  {invariant}\n             {text}\n")


def trace(word: str) -> None:
    """Print the calls of some processes from now on."""
    entered = Process.enter

    def enter(self: Process, service: str, operation: str) -> Blow | None:
        blow = entered(self, service, operation)
        if word in self.name:
            sys.stdout.write(f"{self.now:10.2f}  {self.name} {self.calls}: {service}.{operation} {blow or ''}\n")
        return blow

    Process.enter = enter  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main())
