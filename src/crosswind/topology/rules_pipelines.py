"""Rules of pipelines: their steps and their order."""

from __future__ import annotations

from pathlib import PurePosixPath

from crosswind.topology.view import Faults, View

__all__ = [
    "after_is_declared",
    "after_makes_no_circle",
    "dags_differ",
    "intervals_fit",
    "steps_do_one_thing",
    "steps_name_declared_jobs",
    "tasks_differ",
    "waits_are_declared",
]


def steps_do_one_thing(view: View) -> Faults:
    """A pipeline has steps, and each either waits or runs a job."""
    for name, pipeline in view.topology.pipelines.items():
        if not pipeline.steps:
            yield view.fault(
                ("pipelines", name, "steps"),
                f"pipeline {name} has no steps",
                "add `- run: JOB` or `- wait: FOLDER`",
            )
        for index, step in enumerate(pipeline.steps):
            if (step.wait is None) == (step.run is None):
                both = "both wait and run" if step.wait else "neither wait nor run"
                yield view.fault(
                    ("pipelines", name, "steps", index),
                    f"a step does one thing; this one has {both}",
                    "write `- wait: FOLDER` and `- run: JOB` as steps of their own",
                )


def steps_name_declared_jobs(view: View) -> Faults:
    """Every job that a step runs is declared."""
    for name, pipeline in view.topology.pipelines.items():
        for index, step in enumerate(pipeline.steps):
            if step.run is not None and step.run not in view.topology.jobs:
                loc = ("pipelines", name, "steps", index, "run")
                yield view.undeclared(loc, "job", step.run, dict(view.topology.jobs))


def waits_are_declared(view: View) -> Faults:
    """Every folder that a step waits for is declared."""
    for name, pipeline in view.topology.pipelines.items():
        for index, step in enumerate(pipeline.steps):
            if step.wait is not None:
                yield from view.folder_faults(("pipelines", name, "steps", index, "wait"), step.wait)


def after_is_declared(view: View) -> Faults:
    """A pipeline follows a declared one."""
    for name, pipeline in view.topology.pipelines.items():
        if pipeline.after is not None and pipeline.after not in view.topology.pipelines:
            loc = ("pipelines", name, "after")
            yield view.undeclared(loc, "pipeline", pipeline.after, dict(view.topology.pipelines))


def after_makes_no_circle(view: View) -> Faults:
    """A pipeline that follows itself would never start, or never end."""
    pipelines = view.topology.pipelines
    seen: set[str] = set()
    for name in pipelines:
        path: dict[str, None] = {}
        after: str | None = name
        while after in pipelines and after not in seen:
            seen.add(after)
            path[after] = None
            after = pipelines[after].after
        if after in path:
            circle = [*path][[*path].index(after) :]
            yield view.fault(
                ("pipelines", after, "after"),
                f"pipelines follow each other in a circle: {' after '.join([*circle, after])}"
                if len(circle) > 1
                else f"pipeline {after} follows itself",
                "remove one `after`" if len(circle) > 1 else "remove `after`",
            )


def tasks_differ(view: View) -> Faults:
    """A task of a DAG is one step's."""
    for name, pipeline in view.topology.pipelines.items():
        first: dict[str, int] = {}
        for index, step in enumerate(pipeline.steps):
            task = step.task or step.run or ""
            if task and task in first:
                yield view.fault(
                    ("pipelines", name, "steps", index),
                    f"task {task} is step {first[task] + 1} of pipeline {name} already",
                    "give this step a `task` of its own",
                )
            first.setdefault(task, index)


def dags_differ(view: View) -> Faults:
    """A DAG file is one pipeline's."""
    first: dict[PurePosixPath, str] = {}
    for name, pipeline in view.topology.pipelines.items():
        dag = PurePosixPath(pipeline.dag)
        if dag in first:
            yield view.fault(
                ("pipelines", name, "dag"),
                f"{dag} is the DAG of pipeline {first[dag]} already",
                "give each pipeline a file of its own",
            )
        first.setdefault(dag, name)


def intervals_fit(view: View) -> Faults:
    """A sensor looks again before it gives up."""
    intervals = view.topology.intervals
    if intervals.poke_seconds > intervals.timeout_seconds:
        yield view.fault(
            ("intervals", "poke_seconds"),
            f"a sensor looks every {intervals.poke_seconds} seconds (poke_seconds), but gives up after"
            f" {intervals.timeout_seconds} (timeout_seconds)",
            "lower poke_seconds, or raise timeout_seconds",
        )
