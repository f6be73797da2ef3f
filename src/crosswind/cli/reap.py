"""`crosswind reap`: find remote jobs that no live task owns, and stop them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from crosswind.airflow.jobs.reap import Orphan, Survey
from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.deploy import show_targets
from crosswind.cli.options import (
    EndpointOption,
    FileOption,
    LocalOption,
    Output,
    OutputOption,
    StateOption,
    YesOption,
    again,
)
from crosswind.errors import RunError, UsageError

__all__ = ["reap"]


def reap(
    file: FileOption = Path("crosswind.yaml"),
    local: LocalOption = False,
    endpoint_url: EndpointOption = "",
    state: StateOption = Path(".crosswind"),
    yes: YesOption = False,
    output: OutputOption = Output.text,
) -> None:
    """List the jobs at all sites that no live task of Airflow owns, and stop them after asking."""
    console = Console(as_json=output is Output.json)
    topology, _ = wire.topology(file)
    sessions = wire.target_sessions(topology, local, endpoint_url, state)
    show_targets(console, topology, sessions)
    reaper = wire.reaper(topology, sessions)
    with console.phase("look for running jobs at every site, and for their tasks"):
        survey = reaper.survey()
    if not console.as_json:
        _show(console, survey)
    left: Sequence[tuple[Orphan, str]] = ()
    stopped = bool(survey.orphans) and (yes or _asked(console, survey.orphans))
    if stopped:
        left = reaper.stop(survey.orphans)
        console.note(f"asked {len(survey.orphans) - len(left)} jobs to stop")
    if console.as_json:
        console.data(_document(survey, stopped, left))
    if survey.failures or left:
        told = [f"{target.text}: {why}" for target, why in survey.failures]
        told += [f"{orphan.submission.id}: {why}" for orphan, why in left]
        where = again(file, local, endpoint_url, state)
        raise RunError("; ".join(told), hint=f"what was listed is done; again: crosswind reap {where}")


def _asked(console: Console, orphans: Sequence[Orphan]) -> bool:
    if console.as_json:
        return False  # a list for programs: --yes stops
    if not typer.confirm(f"Stop {len(orphans)} jobs?"):
        raise UsageError("nothing was stopped", hint="add --yes to stop without a question")
    return True


def _show(console: Console, survey: Survey) -> None:
    rows = [
        (each.target.account, each.target.region, each.submission.kind, each.submission.id, _task(each), each.why)
        for each in survey.orphans
    ]
    if rows:
        console.table("no live task owns", ("account", "region", "kind", "job", "task", "why"), rows)
    else:
        console.line("No job runs without its task.")
    if survey.kept:
        console.note(f"{len(survey.kept)} running jobs are owned, or their owners could not be asked; they are left")


def _task(orphan: Orphan) -> str:
    owner = orphan.submission.attempt.owner
    return f"{owner.dag_id} {owner.run_id} {owner.task_id}"


def _document(survey: Survey, stopped: bool, left: Sequence[tuple[Orphan, str]]) -> dict[str, object]:
    not_stopped = {orphan.submission.id: why for orphan, why in left}
    return {
        "schema_version": 1,
        "orphans": [
            {
                **orphan.document(),
                "stopped": stopped and orphan.submission.id not in not_stopped,
                "not_stopped": not_stopped.get(orphan.submission.id, ""),
            }
            for orphan in survey.orphans
        ],
        "owned": [found.submission.document() for found in survey.kept],
        "failures": [{"target": target.document(), "why": why} for target, why in survey.failures],
    }
