"""Where the local world keeps its things on disk."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Running", "StateFolder"]


@dataclass(frozen=True)
class Running:
    """A world that runs: its process, and where it answers."""

    pid: int
    endpoint: str
    started: float


@dataclass(frozen=True)
class StateFolder:
    """The state folder, private to its user (mode 0700).

    Args:
        root: the folder; made when missing.
        cache: what several worlds share (Airflow's base environments); made when missing.
    """

    root: Path
    cache: Path

    def make(self) -> StateFolder:
        """Make the folders."""
        for folder in (self.root, self.cache, self.jobs, self.airflow, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        os.chmod(self.root, 0o700)
        return self

    @property
    def jobs(self) -> Path:
        """One folder a remote job that ran here."""
        return self.root / "jobs"

    @property
    def airflow(self) -> Path:
        """One folder an MWAA environment."""
        return self.root / "airflow"

    @property
    def logs(self) -> Path:
        """The world's own log and those of its parts."""
        return self.root / "logs"

    @property
    def requests(self) -> Path:
        """The request log, one JSON object a line."""
        return self.root / "requests.jsonl"

    def write(self, running: Running) -> None:
        """Say which world runs here; atomic, so that a reader never sees half of it."""
        draft = self.root / "world.json.new"
        draft.write_text(json.dumps(asdict(running)))
        draft.replace(self._file)

    def read(self) -> Running | None:
        """Which world runs here; None when none does, or when its process is gone."""
        try:
            running = Running(**json.loads(self._file.read_text()))
        except FileNotFoundError:
            return None
        return running if _alive(running.pid) else None

    def clear(self) -> None:
        """Say that no world runs here."""
        self._file.unlink(missing_ok=True)

    @property
    def _file(self) -> Path:
        return self.root / "world.json"


def _alive(pid: int) -> bool:
    """Whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process: it exists
        return True
    return True
