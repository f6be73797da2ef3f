"""Crosswind's operators beside those of Airflow's amazon provider, in the same Airflow and the same run.

Usage: python -m benchmarks.operators [--repeats N] [--window SECONDS] [--output text|json]

One local world with a real Airflow; the shipped example, and beside it two pairs of DAGs that do the same work with
the operators of the amazon provider (`dags/`): `plain` defers wherever the provider can, `blocking` never does. What
Crosswind does besides (exact versions, submission once, logs in the task log, lineage) is in its figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks.operators.calls import ASSUME_ROLE, calls_of, most_in_a_process, strangers
from benchmarks.operators.loading import forked, imported, parsed
from benchmarks.operators.pairs import PAIRS, REAPER, Pair
from benchmarks.operators.runs import Run, follow, trigger
from benchmarks.operators.table import show
from benchmarks.operators.waiting import Waited, reaps, waits
from benchmarks.operators.world import World
from crosswind.errors import RunError

COUNTS = (1, 100, 1000)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="runs of each pair, and repeats of what is timed")
    parser.add_argument("--window", type=float, default=60, help="seconds of each wait that are measured, at most 120")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    figures = measured(arguments.repeats, arguments.window)
    if arguments.output == "json":
        print(json.dumps(figures, indent=2))
    else:
        show(figures)


def measured(repeats: int, window: float) -> dict[str, Any]:
    """All figures, as plain data."""
    load = os.getloadavg()[0]
    with World() as world:
        say("deploying; everything looks every second")
        world.deploy(every=1)
        quick = [run for number in range(repeats) for run in one_by_one(world, number)]
        figures = {"looks every second": runs_of(world, quick)}
        say("the reaper, imports, parsing")
        reaped = reaps(world, repeats)
        imports = imported(world, repeats)
        parses = parsed(world, COUNTS, repeats)
        forks = forked(world, repeats)
        say("deploying; declared intervals, the provider's defaults")
        world.deploy(every=None)
        declared = [run for _ in range(repeats) for run in at_once(world)]
        figures["declared intervals"] = runs_of(world, declared)
        say("waiting")
        waited = waits(world, window)
        if unknown := strangers(world.process.requests(), (*PAIRS, REAPER)):
            raise RunError(f"calls of nobody's: {sorted(unknown)}")
        return {
            "schema_version": 1,
            "repeats": repeats,
            "cores": os.cpu_count(),
            "load": {"before": round(load, 1), "after": round(os.getloadavg()[0], 1)},
            "runs": figures,
            "waits": {name: {pair: hourly(each) for pair, each in row.items()} for name, row in waited.items()},
            "reaper": {
                "seconds": world.intervals.reap_seconds,
                "assume_role": median(each[ASSUME_ROLE] for each in reaped),
                "other": median(each.total() - each[ASSUME_ROLE] for each in reaped),
            },
            "imports": {name: asdict(each) for name, each in imports.items()},
            "forks": {name: asdict(each) for name, each in forks.items()},
            "parses": {count: {name: asdict(each) for name, each in row.items()} for count, row in parses.items()},
        }


def say(text: str) -> None:
    """Say what comes next, beside the figures: all of it takes half an hour."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def one_by_one(world: World, turn: int) -> Sequence[Run]:
    """Each pair once, none beside another, in turning order."""
    order = [*PAIRS[turn % len(PAIRS) :], *PAIRS[: turn % len(PAIRS)]]
    return [follow(world.airflow, pair, trigger(world.airflow, pair)) for pair in order]


def at_once(world: World) -> Sequence[Run]:
    """All pairs side by side: what takes long here is waiting."""
    with ThreadPoolExecutor(len(PAIRS)) as pool:
        started = [(pair, trigger(world.airflow, pair)) for pair in PAIRS]
        return list(pool.map(lambda each: follow(world.airflow, *each), started))


def runs_of(world: World, runs: Sequence[Run]) -> dict[str, Any]:
    """What some runs took, by pair."""
    records, jobs = world.process.requests(), world.jobs()

    def row(pair: Pair) -> dict[str, Any]:
        mine = [run for run in runs if run.pair == pair]
        calls = [calls_of(records, pair, run.began, run.ended) for run in mine]
        works = [jobs.seconds(run) for run in mine]
        return {
            "assume_role": spread([each[ASSUME_ROLE] for each in calls]),
            "most_in_a_process": spread([most_in_a_process(records, pair, run) for run in mine]),
            "other_calls": spread([each.total() - each[ASSUME_ROLE] for each in calls]),
            "kinds": {kind: median(each[kind] for each in calls) for kind in sorted(set().union(*calls))},
            "slot_seconds": spread([run.slot_seconds for run in mine]),
            "job_seconds": spread(works),
            "beyond_jobs_seconds": spread(
                [run.ended - run.began - work for run, work in zip(mine, works, strict=True)]
            ),
        }

    return {pair.name: row(pair) for pair in PAIRS}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Repeated figures: the median, and the least and the greatest of them."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def hourly(waited: Waited) -> dict[str, Any]:
    """A wait as it was measured, and what an hour of it would be."""
    hour = 3600 / waited.seconds
    assumed, others = waited.calls[ASSUME_ROLE], waited.calls.total() - waited.calls[ASSUME_ROLE]
    measured: Mapping[str, Any] = {
        "seconds": waited.seconds,
        "assume_role": assumed,
        "other_calls": others,
        "kinds": dict(waited.calls),
        "slot_seconds": waited.slot_seconds,
    }
    extrapolated = {
        "assume_role": assumed * hour,
        "other_calls": others * hour,
        "slot_seconds": waited.slot_seconds * hour,
    }
    return {"measured": measured, "extrapolated_to_an_hour": extrapolated}


if __name__ == "__main__":
    main()
