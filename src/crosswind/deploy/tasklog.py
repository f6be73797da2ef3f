"""A task's log lines: Airflow 3 writes each as a JSON object, Airflow 2 and plain prints as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["cause_in"]


def cause_in(lines: Sequence[str]) -> str:
    """The reason that a failed task's log gives, on one line; empty when it gives none.

    The last exception of an error entry, as `TypeName: text`; else the last line that speaks of an error.
    """
    entries = [_entry(line) for line in lines]
    for entry in reversed(entries):
        details = entry.get("error_detail") or entry.get("exception") or []
        if isinstance(details, Sequence) and not isinstance(details, str) and details:
            # The outermost exception comes first; what it was raised from follows.
            first = details[0]
            return f"{first.get('exc_type', 'Error')}: {first.get('exc_value', '')}".strip()
    for entry in reversed(entries):
        event = str(entry.get("event", ""))
        if entry.get("level") in {"error", "critical"} or "error" in event.lower():
            return event.strip()
    return ""


def _entry(line: str) -> Mapping[str, Any]:
    """A line as an entry; text becomes an entry without a level."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {"event": line}
    return entry if isinstance(entry, dict) else {"event": line}
