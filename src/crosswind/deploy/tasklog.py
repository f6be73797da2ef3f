"""A task's log lines: Airflow 3 writes each as a JSON object, Airflow 2 and plain prints as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["cause_in", "exception_in"]


def exception_in(lines: Sequence[str]) -> str:
    """The exception that ended a task, as `TypeName: text` on one line; empty when the log holds none (yet)."""
    for entry in map(_entry, reversed(lines)):
        details = entry.get("error_detail") or []
        if isinstance(details, list) and details and isinstance(details[0], dict):
            # The outermost exception comes first; what it was raised from follows.
            return f"{details[0].get('exc_type', 'Error')}: {_one_line(str(details[0].get('exc_value', '')))}"
    return ""


def cause_in(lines: Sequence[str]) -> str:
    """The reason that a failed task's log gives, on one line; empty when it gives none.

    The exception, else the last line that speaks of an error.
    """
    if exception := exception_in(lines):
        return exception
    for entry in map(_entry, reversed(lines)):
        event = str(entry.get("event", ""))
        if entry.get("level") in {"error", "critical"} or "error" in event.lower():
            return _one_line(event)
    return ""


def _one_line(text: str) -> str:
    """A text without its line breaks, and without the next step that an error of ours ends with."""
    return " ".join(line.strip() for line in text.splitlines() if not line.strip().startswith("next:"))


def _entry(line: str) -> Mapping[str, Any]:
    """A line as an entry; text becomes an entry without a level."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {"event": line}
    return entry if isinstance(entry, dict) else {"event": line}
