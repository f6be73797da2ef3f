"""The figures as one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["show"]

_WIDTH = 58
_PAIRS = ("ours", "plain", "blocking")
_CALLS = {
    "assume_role": "sts:AssumeRole, calls a run",
    "other_calls": "other AWS calls a run",
}
_TIMES = {
    "slot_seconds": "worker-slot seconds held (least)",
    "beyond_jobs_seconds": "wall time of both DAGs beyond the jobs' own, s (least)",
    "job_seconds": "  the jobs' own: Glue, training and Lambda, s (least)",
}


def show(figures: Mapping[str, Any]) -> None:
    """Print it."""
    load = figures["load"]
    print(
        f"Crosswind's operators (ours), the amazon provider's deferrable (plain) and not (blocking), in one Airflow;\n"
        f"median of {figures['repeats']}; {figures['cores']} cores, load average {load['before']} before,"
        f" {load['after']} after"
    )
    for title, row in figures["runs"].items():
        _head(f"a run, {title}")
        for key, text in _CALLS.items():
            _row(text, {pair: f"{row[pair][key]['median']:.0f}" for pair in _PAIRS})
        most = {pair: f"{row[pair]['most_in_a_process']['max']:.0f}" for pair in _PAIRS}
        _row("  most AssumeRoles of a process for one (DAG run, target)", most)
        for key, text in _TIMES.items():
            _row(text, {pair: "{median:.1f} ({min:.1f})".format(**row[pair][key]) for pair in _PAIRS})
    for title, by_pair in figures["waits"].items():
        _show_wait(title, by_pair)
    reaper = figures["reaper"]
    print(
        f"\nthe reaper's DAG, once for all DAGs: {reaper['assume_role']:.0f} AssumeRole and {reaper['other']:.0f} other"
        f" calls every {reaper['seconds']} s"
    )
    _head("loading, processor seconds of a fresh process")
    imports = figures["imports"]
    _row(
        "import of the operators, airflow.sdk there",
        {name: f"{each['processor']:.2f}" for name, each in imports.items()},
    )
    _row("  the same, with airflow.sdk", {name: f"{each['whole']:.2f}" for name, each in imports.items()})
    forks = figures["forks"]
    _row(
        "one DAG file as the DAG processor reads it", {name: f"{each['processor']:.2f}" for name, each in forks.items()}
    )
    for count, by_pair in figures["parses"].items():
        _row(
            f"a folder of {count} DAG files, one DAG each",
            {name: f"{each['processor']:.2f}" for name, each in by_pair.items()},
        )
    for title, row in figures["runs"].items():
        _show_kinds(title, row)


def _show_wait(title: str, by_pair: Mapping[str, Any]) -> None:
    seconds = by_pair["ours"]["measured"]["seconds"]
    _head(f"while {title}: measured for {seconds:.0f} s / an hour, extrapolated")
    for key, text in (
        ("assume_role", "sts:AssumeRole"),
        ("other_calls", "other AWS calls"),
        ("slot_seconds", "worker-slot seconds held"),
    ):
        cells = {
            pair: f"{each['measured'][key]:.0f} / {each['extrapolated_to_an_hour'][key]:.0f}"
            for pair, each in by_pair.items()
        }
        _row(text, cells)


def _show_kinds(title: str, row: Mapping[str, Any]) -> None:
    _head(f"AWS calls a run by kind, {title}")
    for kind in sorted({kind for each in row.values() for kind in each["kinds"]}):
        _row(kind, {pair: format(row[pair]["kinds"].get(kind, 0), ".0f") for pair in _PAIRS})


def _head(title: str) -> None:
    print(f"\n{title:{_WIDTH + 14}}" + "".join(f"{name:>14}" for name in _PAIRS))


def _row(text: str, cells: Mapping[str, str]) -> None:
    print(f"{text:{_WIDTH + 14}}" + "".join(f"{cells.get(name, ''):>14}" for name in _PAIRS))
