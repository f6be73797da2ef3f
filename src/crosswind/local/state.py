"""Where the local world keeps its things on disk."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from crosswind.errors import WorldError

__all__ = ["Running", "StateFolder"]


# Who asks whether a world runs holds the lock for an instant; a world that claims it waits that instant out.
_CLAIM_TRIES, _CLAIM_PAUSE = 20, 0.05


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
        """Make the folders; git does not see them, wherever they are."""
        for folder in (self.root, self.cache, self.jobs, self.airflow, self.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.chmod(self.root, 0o700)
        for folder in (self.root, self.cache):
            (folder / ".gitignore").write_text("*\n")
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
    def decisions(self) -> Path:
        """Every denial with its explanation, as JSON lines."""
        return self.root / "decisions.jsonl"

    @property
    def requests(self) -> Path:
        """The request log, one JSON object a line."""
        return self.root / "requests.jsonl"

    def claim(self) -> IO[bytes]:
        """Become the one world of this folder, until the file that is returned is closed or this process ends.

        Raises:
            WorldError: another world holds the folder.
        """
        claim = self._lock.open("ab")
        pause = threading.Event()
        for _ in range(_CLAIM_TRIES):
            if _locks(claim, fcntl.LOCK_EX):
                return claim
            pause.wait(_CLAIM_PAUSE)
        claim.close()
        raise WorldError(f"another local world uses {self.root}", hint="stop it with `crosswind local down`")

    def write(self, running: Running) -> None:
        """Say which world runs here; atomic, so that a reader never sees half of it."""
        draft = self.root / "world.json.new"
        draft.write_text(json.dumps(asdict(running)))
        draft.replace(self._file)

    def read(self) -> Running | None:
        """Which world runs here; None when none does.

        A world that was killed leaves its file behind, and its process id to a stranger: the lock tells, which
        ends with its process.
        """
        try:
            running = Running(**json.loads(self._file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):  # none, or damaged: no world of ours writes such a file
            return None
        return running if self._claimed() else None

    def clear(self) -> None:
        """Say that no world runs here."""
        self._file.unlink(missing_ok=True)

    def _claimed(self) -> bool:
        try:
            with self._lock.open("rb") as probe:
                return not _locks(probe, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    @property
    def _file(self) -> Path:
        return self.root / "world.json"

    @property
    def _lock(self) -> Path:
        return self.root / "world.lock"


def _locks(file: IO[bytes], kind: int) -> bool:
    """Try to lock a file; whether it is locked now."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
