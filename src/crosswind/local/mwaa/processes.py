"""The processes of a running Airflow: for tests and demonstrations that kill them, as a machine's failure would.

It is told by the launcher's `pids.json`, the process table (/proc; nothing is found where there is none), and Airflow's
own database for the task behind a process. A component that is killed starts again, with another process id.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from crosswind.local.mwaa.airflow import session_members

__all__ = ["processes"]

# As Airflow's task runner names its process.
_TASK = re.compile(r"airflow worker -- (?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_MEMBERS = ("dag_id", "run_id", "task_id", "map_index", "try_number")


def processes(home: Path) -> dict[str, Any]:
    """The processes of the Airflow of an AIRFLOW_HOME, as plain data.

    Returns:
        `launcher`: its process id, 0 when none runs. `components`: by name (`api-server`, `scheduler`,
        `dag-processor`, `triggerer`) the `pid` and those of its `children`, theirs included. `tasks`: of each task
        that runs, the `pid` of its process, that of its `worker` (which sends its heartbeats), and `dag_id`,
        `run_id`, `task_id`, `map_index` and `try_number`.
    """
    try:
        told = json.loads((home / "pids.json").read_text())
    except (FileNotFoundError, ValueError):
        return {"launcher": 0, "components": {}, "tasks": []}
    members = session_members(told["launcher"])
    parents = {pid: _parent(pid) for pid in members}
    components = {
        name: {"pid": pid, "children": sorted(_below(pid, parents))}
        for name, pid in told["components"].items()
        if pid in members
    }
    found = {match["id"]: pid for pid in members if (match := _TASK.fullmatch(_title(pid)))}
    tasks = [
        {"pid": found[name], "worker": parents[found[name]], **task} for name, task in _tasks(home, [*found]).items()
    ]
    launcher = told["launcher"] if told["launcher"] in members else 0
    return {"launcher": launcher, "components": components, "tasks": tasks}


def _below(pid: int, parents: Mapping[int, int]) -> set[int]:
    """All processes that a process started, and those that they did."""
    children = {child for child, parent in parents.items() if parent == pid}
    return children.union(*(_below(child, parents) for child in children))


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _tasks(home: Path, names: list[str]) -> dict[str, dict[str, Any]]:
    """The task instances with these ids."""
    if not names:
        return {}
    asked = [name.replace("-", "") for name in names]
    marks = ",".join("?" * len(asked))
    columns = ", ".join(_MEMBERS)
    with closing(sqlite3.connect(f"file:{home / 'airflow.db'}?mode=ro", uri=True, timeout=10)) as database:
        rows = database.execute(
            f"SELECT replace(id, '-', ''), {columns} FROM task_instance WHERE replace(id, '-', '') IN ({marks})",  # noqa: S608 - marks and names of ours
            asked,
        ).fetchall()
    found = {row[0]: dict(zip(_MEMBERS, row[1:], strict=True)) for row in rows}
    return {name: found[key] for name, key in zip(names, asked, strict=True) if key in found}
