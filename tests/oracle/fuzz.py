"""Random cases, decided by Crosswind and by the independent engine; every difference must be settled.

Usage: python -m tests.oracle.fuzz [--count 100000] [--seed 1] [--first N] [--skip-without-npm] [--found FILE]
                                   [--engine-only] [--limit 200]

Two processes: this one, and the engine's. The exit status is 1 when a difference is not settled, and when there is
no engine (0 then with --skip-without-npm).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.oracle import subject
from tests.oracle.grammar import case as random_case
from tests.oracle.minimize import derived, minimized
from tests.oracle.oracle import Oracle, OracleMissingError, install
from tests.oracle.settled import Settled, read_settled

BATCH = 500
EVERY_SECONDS = 10
Case = dict[str, Any]


@dataclass
class Tally:
    """What has come out so far."""

    decided: int = 0
    words: Counter[str] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    unsettled: list[Case] = field(default_factory=list)


def main(arguments: Sequence[str]) -> int:
    """Run; the exit status."""
    options = parser().parse_args(arguments)
    try:
        folder = install()
    except OracleMissingError as missing:
        say(f"no differential fuzzing of IAM: {missing}")
        return 0 if options.skip_without_npm else 1
    began = time.monotonic()
    with Oracle(folder) as engine:
        tally = compared(engine, options)
    report(tally, time.monotonic() - began)
    if options.found:
        options.found.write_text(json.dumps(tally.unsettled, indent=1) + "\n", encoding="utf-8")
    return 1 if tally.unsettled else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m tests.oracle.fuzz", description="IAM decisions, fuzzed")
    made.add_argument("--count", type=int, default=100_000, help="how many requests")
    made.add_argument("--seed", default="1", help="another seed makes other cases")
    made.add_argument("--first", type=int, default=0, help="the number of the first case")
    made.add_argument("--limit", type=int, default=200, help="stop after so many unsettled differences")
    made.add_argument("--found", type=Path, help="write the unsettled differences, minimized, to this file")
    made.add_argument("--skip-without-npm", action="store_true", help="without npm, exit with status 0")
    made.add_argument("--engine-only", action="store_true", help="only measure the engine and the cases")
    return made


def compared(engine: Oracle, options: argparse.Namespace) -> Tally:
    """Decide all cases twice and tell the differences."""
    tally, settled, shown = Tally(), read_settled(), time.monotonic()
    for cases in batches(options.seed, options.first, options.count):
        writer = engine.begin(cases)
        ours = [] if options.engine_only else [subject.word(case) for case in cases]
        theirs = engine.answers(len(cases))
        writer.join()
        tally.decided += len(cases)
        tally.words.update(theirs)
        for case, mine, other in zip(cases, ours or theirs, theirs, strict=True):
            if mine != other:
                judge(case, engine, settled, tally)
        if time.monotonic() - shown > EVERY_SECONDS:
            shown = time.monotonic()
            count = sum(tally.settled.values())
            say(f"{tally.decided} decided, {count} differences settled, {len(tally.unsettled)} not")
        if len(tally.unsettled) >= options.limit:
            say(f"stopped at {options.limit} differences that are not settled")
            break
    return tally


def batches(seed: str, first: int, count: int) -> Iterator[list[Case]]:
    """The cases, some at a time. A case follows from seed and number alone."""
    for start in range(first, first + count, BATCH):
        numbers = range(start, min(start + BATCH, first + count))
        yield [random_case(Random(f"{seed}:{number}"), number) for number in numbers]


def judge(case: Case, engine: Oracle, settled: Sequence[Settled], tally: Tally) -> None:
    """Minimize a difference and see whether it is settled."""

    def differs(candidate: Case) -> bool:
        mine = subject.word(candidate)
        return not mine.startswith("Error") and mine != engine.ask(candidate)

    small = minimized(case, differs) if differs(case) else case
    ours, theirs = subject.word(small), engine.ask(small)
    for kind in settled:
        if kind.matches(small, ours, theirs):
            tally.settled[kind.name] += 1
            return
    tally.unsettled.append(small | {"decision": ours, "engine": theirs})
    say(f"{case['id']}: {ours}, the engine says {theirs}: {compact(small)}")


def compact(case: Case) -> str:
    """What a minimized case still holds, on one line, without the keys that follow from principal and resource."""
    asked = case["request"]
    context = {key: value for key, value in asked["context"].items() if not derived(key)}
    parts = {name: part for name, part in case.items() if part and name not in ("id", "request")}
    text = json.dumps({"context": context} | parts)
    return f"{asked['principal']} {asked['action']} {asked['resource']} ({asked['resourceAccount']}) {text}"


def report(tally: Tally, seconds: float) -> None:
    """Print the result."""
    rate = tally.decided / seconds
    words = ", ".join(f"{word} {count / tally.decided:.0%}" for word, count in sorted(tally.words.items()))
    say(f"{tally.decided} requests in {seconds:.0f} s ({rate:.0f}/s): {words}")
    for name, count in tally.settled.most_common():
        say(f"{count:8} settled: {name}")
    say(f"{len(tally.unsettled):8} not settled")


def say(text: str) -> None:
    """One line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
