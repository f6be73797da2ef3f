"""Task logs in CloudWatch Logs, as MWAA keeps them: group `airflow-<environment>-Task`, a stream an attempt."""

from __future__ import annotations

import threading
from pathlib import Path

from crosswind.local.logstream import LogStream
from crosswind.local.mwaa.role import ExecutionRole

__all__ = ["TaskLogs"]


class TaskLogs:
    """Ships what tasks write into Airflow's log folder, as the execution role.

    A stream is named after its file, `dag_id=.../run_id=.../task_id=.../attempt=1.log`, with `_` for `:`, which
    stream names cannot hold.

    Args:
        role: who writes.
        environment: the environment's name.
        folder: Airflow's log folder.
        seconds: how often to look.
    """

    def __init__(self, role: ExecutionRole, environment: str, folder: Path, seconds: float = 1.0) -> None:
        self._role = role
        self._group = f"airflow-{environment}-Task"
        self._folder = folder
        self._seconds = seconds
        self._sent: dict[Path, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="mwaa-task-logs", daemon=True)

    def start(self) -> None:
        """Begin to ship."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was written last is still sent."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def ship(self) -> None:
        """Send every whole line that is new."""
        for path in sorted(self._folder.glob("dag_id=*/run_id=*/task_id=*/**/attempt=*.log")):
            sent = self._sent.get(path, 0)
            if path.stat().st_size == sent:
                continue
            with path.open("rb") as file:
                file.seek(sent)
                new = file.read()
            new = new[: new.rfind(b"\n") + 1]
            if new:
                stream = str(path.relative_to(self._folder)).replace(":", "_")
                LogStream(self._role.client("logs"), self._group, stream).put(new.decode(errors="replace").splitlines())
                self._sent[path] = sent + len(new)

    def _follow(self) -> None:
        while not self._over.wait(self._seconds):
            self.ship()
        self.ship()
