"""What waiting costs: calls and slots while a job runs, and while replicas have not come; nothing else happens."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.operators.calls import calls_of
from benchmarks.operators.pairs import BLOCKING, PAIRS, REAPER, Pair
from benchmarks.operators.runs import follow, running, trigger
from benchmarks.operators.world import World
from crosswind.errors import RunError

__all__ = ["Waited", "reaps", "waits"]

_SECONDS = 600.0
_SETTLED = 10.0  # the first looks come with the deferral, not with the wait
_SETTLED_ARRIVAL = 70.0  # ours looks sooner at first: its pauses double up to the interval for 56 s


@dataclass(frozen=True)
class Waited:
    """What a pair did in a stretch of waiting.

    Args:
        seconds: how long it was measured.
        calls: by `service:Operation`.
        slot_seconds: how long its tasks held a worker's slot.
    """

    seconds: float
    calls: Counter[str]
    slot_seconds: float


def waits(world: World, seconds: float) -> Mapping[str, Mapping[str, Waited]]:
    """All pairs at once, each of three waits held for some time, then run to their end: by wait and by pair.

    Args:
        world: deployed.
        seconds: how long each wait is measured: a multiple of the intervals, or it counts a look too many or few, and
            at most 120, since a client that gets no answer gives up after three tries of 60 seconds.
    """
    world.process.hold_replicas("*", "hold")
    found = {}
    with _held(world, "unified-pipelines-glue", "HeadObject", seconds=_SECONDS):
        started = {pair.name: trigger(world.airflow, pair) for pair in PAIRS}
        since = min(since for _, since in started.values())
        found["a Glue job runs"] = _measured(world, since, 0, "mwaa_glue_raw_to_transform", seconds, _SETTLED)
    found["replicas are held"] = _measured(world, since, 1, "wait_for_transformed_data", seconds, _SETTLED_ARRIVAL)
    # Not the lists: SageMaker makes one before it answers CreateTrainingJob, whose client would give up and ask again.
    with _held(world, "/SageMaker", "GetObject", seconds=_SECONDS):
        world.process.hold_replicas("*", "release")
        found["a training job runs"] = _measured(world, since, 1, "train", seconds, _SETTLED)
    for pair in PAIRS:
        follow(world.airflow, pair, started[pair.name])
    return found


def reaps(world: World, runs: int) -> Sequence[Counter[str]]:
    """The calls of some runs of the reaper's DAG, which looks at every site, however many DAGs wait."""
    world.airflow.unpause(REAPER.dags[0])
    found = []
    for _ in range(runs):
        run = follow(world.airflow, REAPER, trigger(world.airflow, REAPER))
        found.append(calls_of(world.process.requests(), REAPER, run.began, run.ended))
    world.airflow.pause(REAPER.dags[0])
    return found


@contextmanager
def _held(world: World, principal: str, *operations: str, seconds: float) -> Iterator[None]:
    """Keep jobs at work: S3 answers them so many seconds later."""
    for operation in operations:
        world.process.hold_answers("s3", operation, seconds=seconds, principal=principal, count=100)
    try:
        yield
    finally:
        world.process.release_answers()


def _measured(world: World, since: str, dag: int, task: str, seconds: float, settle: float) -> dict[str, Waited]:
    """What each pair does while it waits in a task, from a while after its wait began."""

    def one(pair: Pair) -> Waited:
        _until(lambda: _waits(world, pair, since, dag, task), f"{task} of {pair.name} to wait")
        pause = threading.Event()
        pause.wait(settle)
        began = time.time()
        pause.wait(seconds)
        ended = time.time()
        if not _waits(world, pair, since, dag, task):
            raise RunError(f"{task} of {pair.name} ended while its wait was measured")
        calls = calls_of(world.process.requests(), pair, began, ended)
        return Waited(ended - began, calls, _slots(world, pair, since, began, ended))

    with ThreadPoolExecutor(len(PAIRS)) as pool:
        return dict(zip((pair.name for pair in PAIRS), pool.map(one, PAIRS), strict=True))


def _waits(world: World, pair: Pair, since: str, dag: int, task: str) -> bool:
    """Whether a task of the pair's run waits; raises RunError when it is over already."""
    for run in world.airflow.runs_since(pair.dags[dag], since)[:1]:
        for each in world.airflow.task_instances(pair.dags[dag], run):
            if each["task_id"] == task:
                if each["state"] in ("success", "failed", "upstream_failed"):
                    raise RunError(f"{task} of {pair.dags[dag]} is {each['state']}; it was to wait")
                return bool(each["state"] == ("running" if pair is BLOCKING else "deferred"))
    return False


def _slots(world: World, pair: Pair, since: str, began: float, ended: float) -> float:
    stretches = [
        stretch
        for dag in pair.dags
        for run in world.airflow.runs_since(dag, since)
        for stretch in running(world.airflow, dag, run["dag_run_id"])
    ]
    return sum(max(0.0, min(each.ended, ended) - max(each.began, began)) for each in stretches)


def _until(look: Callable[[], bool], what: str) -> None:
    pause, deadline = threading.Event(), time.monotonic() + _SECONDS
    while not look():
        if time.monotonic() > deadline:
            raise RunError(f"waited in vain for {what}")
        pause.wait(0.5)
