"""All children of the world."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from crosswind.local.children.child import Child
from crosswind.local.children.watcher import Watcher

__all__ = ["Children"]


class Children:
    """All children of the world.

    Thread-safe. After `stop` no new child starts.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alive: dict[int, Child] = {}
        self._watcher = Watcher()
        self._closed = False

    def start(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        stdout: Path | None = None,
        stderr: Path | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Child:
        """Start a child in a session of its own.

        Args:
            arguments: program and arguments; no shell.
            environment: the whole environment, from `clean_environment`.
            folder: the working directory.
            stdout: a file to append standard output to; the null device when neither it nor `on_line` is given.
            stderr: a file to append standard error to; goes where standard output goes when not given.
            on_line: called with each output line instead of writing to files.

        Returns:
            The running child.

        Raises:
            OSError: the program cannot be started.
            RuntimeError: the world is stopping.
        """
        with self._lock, contextlib.ExitStack() as files:
            if self._closed:
                raise RuntimeError("the world is stopping: no new child starts")
            out: int | IO[bytes] = subprocess.PIPE if on_line else subprocess.DEVNULL
            if stdout:
                out = files.enter_context(stdout.open("ab"))
            process = subprocess.Popen(
                list(arguments),
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=files.enter_context(stderr.open("ab")) if stderr else subprocess.STDOUT,
                start_new_session=True,
            )
            self._watcher.add(process.pid)
            child = Child(process, on_line, self._forget)
            if child.running:
                self._alive[child.pid] = child
            return child

    def stop(self, grace: float = 5.0) -> None:
        """End every child: SIGTERM to all, then SIGKILL to those left after `grace` seconds."""
        with self._lock:
            self._closed = True
            left = list(self._alive.values())
        for child in left:
            child.terminate()
        for child in left:
            child.stop(grace)
        with self._lock:
            self._watcher.stop()

    def _forget(self, child: Child) -> None:
        with self._lock:
            self._alive.pop(child.pid, None)
            self._watcher.discard(child.pid)
