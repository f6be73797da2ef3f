"""`crosswind reap`: find remote jobs that no live task owns, and stop them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from crosswind.airflow.jobs.reap import Orphan, Survey
from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.invocation import Invocation
from crosswind.cli.options import (
    EndpointOption,
    FileOption,
    LocalOption,
    Output,
    OutputOption,
    StateOption,
    YesOption,
)
from crosswind.errors import RunError, UsageError
from crosswind.report.jobs import told

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
    called = Invocation(file, local, endpoint_url, state, output)
    console = called.console
    reaper = wire.reaper(called.topology, called.deployer())
    with console.phase("look for running jobs at every site, and for their tasks"):
        survey = reaper.survey()
    _show(console, survey)
    left: Sequence[tuple[Orphan, str]] = ()
    stops = bool(survey.orphans) and (yes or _agreed(console, survey))
    if stops:
        left = reaper.stop(survey.orphans)
        console.note(f"asked {_count(len(survey.orphans) - len(left))} to stop")
    fault = _fault(survey, left, called.again)
    if console.as_json:
        console.data(_document(survey, stops, left))
        if fault:  # the document tells of it
            raise typer.Exit(fault.exit_code)
    elif fault:
        raise fault


def _agreed(console: Console, survey: Survey) -> bool:
    if console.as_json:
        return False  # a list for programs: --yes stops
    try:
        if typer.confirm(f"Stop {_count(len(survey.orphans))}?"):
            return True
    except typer.Abort:  # nobody is there to answer
        console.note("")
    raise UsageError("nothing was stopped", hint="add --yes to stop without a question")


def _show(console: Console, survey: Survey) -> None:
    if survey.orphans:
        console.line(f"No live task owns {_count(len(survey.orphans))}:")
    elif survey.failures:
        console.line("No job runs without its task, as far as could be seen.")
    else:
        console.line("No job runs without its task.")
    for orphan in survey.orphans:
        console.paragraph(told(orphan))
    if survey.kept:
        console.note(f"left alone: {_count(len(survey.kept))} whose task is live, or could not be asked for")
    for target, why in survey.failures:
        console.note(f"{target.text} could not be looked at: {why}", style="yellow")


def _fault(survey: Survey, left: Sequence[tuple[Orphan, str]], again: str) -> RunError | None:
    """What is to be said at the end, when not everything could be done."""
    faults = []
    if survey.failures:
        faults.append("could not look at " + "; ".join(target.text for target, _ in survey.failures))
    faults += [f"{orphan.submission.id} was not stopped: {why}" for orphan, why in left]
    if not faults:
        return None
    return RunError("; ".join(faults), hint=f"everything else is done; again: crosswind reap {again}")


def _count(jobs: int) -> str:
    return f"{jobs} job" if jobs == 1 else f"{jobs} jobs"


def _document(survey: Survey, stops: bool, left: Sequence[tuple[Orphan, str]]) -> dict[str, object]:
    not_stopped = {orphan.submission.id: why for orphan, why in left}
    return {
        "schema_version": 1,
        "orphans": [
            {
                **orphan.document(),
                "stopped": stops and orphan.submission.id not in not_stopped,
                "not_stopped": not_stopped.get(orphan.submission.id, ""),
            }
            for orphan in survey.orphans
        ],
        "owned": [found.submission.document() for found in survey.kept],
        "failures": [{"target": target.document(), "why": why} for target, why in survey.failures],
    }
