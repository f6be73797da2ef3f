"""One schedule, from the trigger of its run to the facts of its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from uuid import uuid4

from crosswind.errors import CrosswindError
from tests.kills.collect import Collector
from tests.kills.deeds import Deeds
from tests.kills.facts import Facts, Run, Task
from tests.kills.schedule import CONSUMER, PRODUCER, Call, Schedule
from tests.kills.stage import Stage
from tests.kills.watch import Watch

__all__ = ["play"]

_RUN_SECONDS = 240.0
_CALM_LOOKS = 4


def play(stage: Stage, schedule: Schedule, say: Callable[[str], None]) -> Facts:
    """Run both pipelines under a schedule's faults, to their end.

    Args:
        stage: the deployed example; nothing of an earlier schedule goes on there.
        schedule: what befalls the run.
        say: prints.
    """
    first = len(stage.process.requests())
    if any(fault.moment.waits for fault in schedule.faults):
        stage.process.hold_replicas("*/train/*", "hold")
    elif schedule.late:
        stage.process.hold_replicas("*/train/*", "delay", seconds=schedule.late, count=1)
    run = stage.airflow.trigger(PRODUCER, run_id=f"kills-{schedule.seed}-{uuid4().hex[:4]}")
    begun = stage.airflow.dag_run(PRODUCER, run)["run_after"]
    collector = Collector(stage, datetime.fromisoformat(begun.replace("Z", "+00:00")))
    with Watch(stage, begun, first) as watch:
        deeds = Deeds(stage, watch, say)
        try:
            for fault in schedule.faults:
                deeds.do(fault)
        finally:
            stage.process.hold_replicas("*", "release")
        if watch.until(_calm(stage, watch, collector), _RUN_SECONDS) is None:
            say("  it has not ended in time")
            _abandon(stage, watch)
    return _facts(collector, watch, deeds)


def _calm(stage: Stage, watch: Watch, collector: Collector) -> Callable[[], bool | None]:
    """A look that says True once all runs have ended, nothing works for them any more, and nothing new begins."""
    since: list[int] = []

    def look() -> bool | None:
        if not watch.over or _works(stage) or collector.live():
            since.clear()
            return None
        since.append(len(watch.samples))
        return since[-1] - since[0] >= _CALM_LOOKS or None

    return look


def _works(stage: Stage) -> bool:
    """Whether a task of the pipelines has a process, or a component of Airflow has none."""
    (environment,) = stage.process.airflows()
    return len(environment["components"]) < 4 or any(
        task["dag_id"] in (PRODUCER, CONSUMER) for task in environment["tasks"]
    )


def _abandon(stage: Stage, watch: Watch) -> None:
    """End what goes on, so that the next schedule finds a free stage."""
    for (dag, run_id), run in watch.runs.items():
        if dag in (PRODUCER, CONSUMER) and run["state"] in ("queued", "running"):
            with suppress(CrosswindError, OSError):  # the violation tells more than this would
                stage.rest("PATCH", f"/dags/{dag}/dagRuns/{run_id}", {"state": "failed"})


def _facts(collector: Collector, watch: Watch, deeds: Deeds) -> Facts:
    jobs = collector.jobs(watch)
    return Facts(
        jobs=jobs,
        claimed=collector.claimed(),
        invoked=len(watch.calls(Call("lambda", "Invoke"))),
        handovers=collector.handovers(),
        models=tuple(collector.models(jobs)),
        runs=tuple(_runs(watch)),
        samples=tuple(watch.samples),
        reaps=watch.reaps,
        marked=frozenset(deeds.marked),
        hits=dict(deeds.hits),
        denied=tuple(
            f"{each['principal']} {each['service']}:{each['operation']} {each['resource']}: {each['message']}"
            for each in watch.requests
            if each["decision"] == "denied"
        ),
        done=deeds.done,
    )


def _runs(watch: Watch) -> Iterator[Run]:
    tasks: dict[tuple[str, str], dict[str, Task]] = defaultdict(dict)
    for (dag, run_id, task), each in watch.tries.items():
        tasks[dag, run_id][task] = Task(each["state"] or "", each["try_number"], each["max_tries"])
    for (dag, run_id), run in watch.runs.items():
        if dag in (PRODUCER, CONSUMER):
            yield Run(dag, run_id, run["state"], tasks[dag, run_id], watch.events.get((dag, run_id), ()))
