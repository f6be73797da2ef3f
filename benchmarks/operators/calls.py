"""AWS calls, counted by whose they are: from the request log of the local world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.operators.pairs import Pair, owner_of
from benchmarks.operators.runs import Run

__all__ = ["ASSUME_ROLE", "calls_of", "most_in_a_process", "strangers"]

ASSUME_ROLE = "sts:AssumeRole"
Record = Mapping[str, Any]


def calls_of(records: Iterable[Record], pair: Pair, began: float, ended: float) -> Counter[str]:
    """A pair's calls between two times, by `service:Operation`."""
    return Counter(
        f"{record['service']}:{record['operation']}"
        for record in records
        if began <= record["time"] <= ended and pair.owns(owner_of(record))
    )


def strangers(records: Iterable[Record], pairs: Sequence[Pair]) -> set[str]:
    """The owners of calls by the cross-account role, or for it, that belong to none of these pairs."""
    owners = {owner_of(record) for record in records}
    return {owner for owner in owners if owner and not any(pair.owns(owner) for pair in pairs)}


def most_in_a_process(records: Iterable[Record], pair: Pair, run: Run) -> int:
    """The most AssumeRoles that one process made for one target (Region) in one DAG run.

    The tasks of a DAG run follow each other here, and each stretch of a task's running is a process of its own
    (LocalExecutor forks for each). What is assumed outside all stretches is the triggerer's.
    """
    made: Counter[tuple[int, str, int]] = Counter()
    for record in records:
        if record["operation"] != "AssumeRole" or not pair.owns(owner_of(record)):
            continue
        for number, dag in enumerate(run.dags):
            if dag.began <= record["time"] <= dag.ended:
                process = next((i for i, each in enumerate(dag.stretches) if each.holds(record["time"])), -1)
                made[number, str(record["region"]), process] += 1
    return max(made.values(), default=0)
