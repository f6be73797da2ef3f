"""CloudWatch Logs as a job writes them: what its processes print, shipped while they run, as its own role."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from crosswind.local.logstream import LogStream

__all__ = ["LogShipper", "LogStream"]


class LogShipper:
    """Follows files and sends their new lines; use as a context, whose end sends what is left.

    Args:
        files: which file goes to which stream; a file may appear later.
        seconds: how often to look.
    """

    def __init__(self, files: Sequence[tuple[Path, LogStream]], seconds: float = 1.0) -> None:
        self._files = tuple(files)
        self._seconds = seconds
        self._offsets = dict.fromkeys((path for path, _ in files), 0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="log-shipper", daemon=True)

    def __enter__(self) -> LogShipper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._ship(whole_lines=False)

    def _follow(self) -> None:
        while not self._over.wait(self._seconds):
            self._ship(whole_lines=True)

    def _ship(self, *, whole_lines: bool) -> None:
        for path, stream in self._files:
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(self._offsets[path])
                new = file.read()
            if whole_lines:
                new = new[: new.rfind(b"\n") + 1]
            self._offsets[path] += len(new)
            if new:
                stream.put(new.decode(errors="replace").splitlines())
