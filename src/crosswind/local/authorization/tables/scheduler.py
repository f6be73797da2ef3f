"""EventBridge Scheduler: schedules are in groups, `default` when none is named."""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask
from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]


def _default_group(_: Ask, arn: str, __: bool) -> str:
    return arn.replace(":schedule/*/", ":schedule/default/", 1)


TABLE = Table(
    prefix="scheduler",
    names={"ScheduleName": "Name"},
    resources={
        **{f"{verb}Schedule": "schedule/{GroupName}/{Name}" for verb in ("Create", "Delete", "Get", "Update")},
        **{f"{verb}ScheduleGroup": "schedule-group/{Name}" for verb in ("Create", "Delete", "Get")},
        "ListSchedules": "schedule/{GroupName}/*",
    },
    passed_to="scheduler.amazonaws.com",
    tagging="TagResource",
    resolve=_default_group,
)
"""Rights of EventBridge Scheduler."""
