"""A plan and an outcome as rows and as JSON: the data that is applied, in words. Nothing is printed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

from crosswind.deploy.events import Outcome
from crosswind.deploy.steps import (
    ApplyStack,
    ApplyStackSet,
    DeleteStack,
    DeleteStackSet,
    EmptyBucket,
    Parameters,
    Plan,
    RemoveLogGroups,
    RemoveObject,
    Step,
    StopJobs,
    StopReplication,
    StopRuns,
    Unchanged,
    Upload,
)

__all__ = ["SCHEMA_VERSION", "Document", "Row", "outcome_json", "plan_json", "rows", "show", "title"]

SCHEMA_VERSION = 1

_SIGNS = {"create": "+", "update": "~", "verify": "?", "replace": "±"}


@dataclass(frozen=True)
class Row:
    """A step in words.

    Args:
        sign: `+` made, `~` changed, `?` perhaps changed, `±` made anew, `-` removed, `!` stopped,
            `=` as it is.
        what: the kind of thing: `stack`, `StackSet`, `object`, ...
        name: its name.
        account: where it is.
        region: where it is.
        detail: why, or with which values.
    """

    sign: str
    what: str
    name: str
    account: str
    region: str
    detail: str = ""


@dataclass(frozen=True)
class Document:
    """A table for people: the names of its columns, rows of as many cells, and lines to show below."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def show(plan: Plan) -> Document:
    """A plan as a table: a row a step, in its order; objects that are as declared are counted, not listed."""
    quiet = [step for step in plan.steps if isinstance(step, Unchanged) and step.kind == "object"]
    cells = tuple(
        (row.sign, f"{row.what} {row.name}", row.account, row.region, row.detail)
        for row in (_row(step) for step in plan.steps if step not in quiet)
    )
    counted = (f"{len(quiet)} object(s) are as declared",) if quiet else ()
    return Document(("", "what", "account", "region", "detail"), cells, (*counted, *plan.messages))


def rows(plan: Plan) -> tuple[Row, ...]:
    """The steps of a plan, in its order."""
    return tuple(_row(step) for step in plan.steps)


def title(step: Step) -> str:
    """A step in a few words, for a line of progress: `stack unified-pipelines-network-hub`."""
    row = _row(step)
    return f"{row.what} {row.name}"


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as JSON data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "topology": plan.topology,
        "verb": plan.verb,
        "changes": len(plan.changes),
        "messages": list(plan.messages),
        "steps": [_step_json(step) for step in plan.steps],
    }


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "ok": outcome.ok,
        "interrupted": outcome.interrupted,
        "results": [
            {
                "id": result.step.id,
                "account": result.step.account,
                "region": result.step.region,
                "status": result.status,
                "seconds": round(result.seconds, 3),
                "note": result.note,
                "error": {
                    "code": result.error.code,
                    "message": result.error.message,
                    "hint": result.error.hint,
                }
                if result.error
                else None,
            }
            for result in outcome.results
        ],
        "outputs": {name: dict(outputs) for name, outputs in sorted(outcome.outputs.items())},
    }


def _step_json(step: Step) -> dict[str, Any]:
    row = _row(step)
    found: dict[str, Any] = {
        "id": step.id,
        "sign": row.sign,
        "what": row.what,
        "name": row.name,
        "account": step.account,
        "region": step.region,
        "after": list(step.after),
        "detail": row.detail,
    }
    if isinstance(step, ApplyStack | ApplyStackSet):
        found["parameters"] = {name: _value(value) for name, value in step.parameters}
    if isinstance(step, ApplyStackSet | DeleteStackSet):
        found["instances"] = [{"account": account, "region": region} for account, region in step.instances]
    return found


def _row(step: Step) -> Row:
    sign, what, name, detail = _words(step)
    return Row(sign, what, name, step.account, step.region, detail)


def _words(step: Step) -> tuple[str, str, str, str]:
    match step:
        case ApplyStack():
            return _SIGNS[step.change], "stack", step.stack, _detail(step.because, step.parameters)
        case ApplyStackSet():
            where = ", ".join(f"{account} {region}" for account, region in step.instances)
            return (
                _SIGNS[step.change],
                "StackSet",
                step.stackset,
                f"instances {where}; {_detail(step.because, step.parameters)}".rstrip("; "),
            )
        case Upload():
            size = f"{len(step.content):,} bytes"
            detail = f"{size}; {step.because}" if step.because else size
            return _SIGNS[step.change], "object", f"s3://{step.bucket}/{step.key}", detail
        case Unchanged():
            return "=", "StackSet" if step.kind == "stackset" else step.kind, step.name, ""
        case DeleteStack():
            return "-", "stack", step.stack, step.because
        case DeleteStackSet():
            return "-", "StackSet", step.stackset, f"{len(step.instances)} instance(s)"
        case _:
            return _words_of_removal(step)


def _words_of_removal(
    step: RemoveObject | StopRuns | StopJobs | StopReplication | EmptyBucket | RemoveLogGroups,
) -> tuple[str, str, str, str]:
    match step:
        case RemoveObject():
            return "-", "object", f"s3://{step.bucket}/{step.key}", "not declared any more"
        case StopRuns():
            return "!", "DAGs", step.environment, "paused; their runs end with the environment"
        case StopJobs():
            jobs = [*step.glue_jobs, *sorted({f"{each.kind} jobs" for each in step.sagemaker}, reverse=True)]
            return "!", "jobs", ", ".join(jobs), "stopped where they run"
        case StopReplication():
            return "!", "replication", step.bucket, "so that no object comes back"
        case EmptyBucket():
            detail = "every object and version is deleted for good"
            return "-", "bucket" if step.delete else "objects of", step.bucket, detail
        case RemoveLogGroups():
            return "-", "log groups", ", ".join(prefix.rstrip("$") for prefix in step.prefixes), ""
        case _:
            assert_never(step)


def _detail(because: str, parameters: Parameters) -> str:
    taken = [f"{name} = {_value(value)}" for name, value in parameters if not isinstance(value, str)]
    return "; ".join(part for part in (because, ", ".join(taken)) if part)


def _value(value: object) -> str:
    return value if isinstance(value, str) else f"({value})"
