"""What ends the children of a world that was killed."""

from __future__ import annotations

import contextlib
import subprocess
import sys

__all__ = ["Watcher"]

# Runs as `python -S -c`: reads "+pgid" and "-pgid" lines; at the end of the pipe kills the groups it knows.
_WATCHER = """
import os, signal, sys, time
groups = set()
for line in sys.stdin:
    sign, group = line[0], int(line[1:])
    groups.add(group) if sign == "+" else groups.discard(group)
for number in (signal.SIGTERM, signal.SIGKILL):
    for group in groups:
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            pass
    if groups and number == signal.SIGTERM:
        time.sleep(2)
"""


class Watcher:
    """A process that holds the other end of a pipe; it starts with the first group that it is told of.

    Not thread-safe: `Children` holds its lock.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def add(self, group: int) -> None:
        """Kill this process group when the world is gone."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _WATCHER],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        self._tell(f"+{group}")

    def discard(self, group: int) -> None:
        """The group has ended; its number may soon be another's."""
        self._tell(f"-{group}")

    def stop(self) -> None:
        """End the watcher; it kills what it still knows."""
        process, self._process = self._process, None
        if process and process.stdin:
            process.stdin.close()
            process.wait(timeout=10)

    def _tell(self, line: str) -> None:
        if self._process and self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()
