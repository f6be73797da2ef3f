"""Child processes of the world: a clean environment, a process group each, and nothing that outlives it.

A child starts in a session of its own, so that stopping it stops all that it started. `Children` keeps the
list; when the world ends in order it calls `stop`, and when the world is killed a watcher process, which
holds the other end of a pipe, sees the pipe close and kills what is left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

__all__ = ["Child", "Children", "Halt", "clean_environment"]

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")

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


def clean_environment(extra: Mapping[str, str], *, home: Path, endpoint: str = "", region: str = "") -> dict[str, str]:
    """The environment of a child: what is meant and nothing inherited by chance.

    No `AWS_*` variable of the world's own process passes. The shared credentials and configuration files are
    the null device, since botocore reads them before it asks a container-credentials endpoint.

    Args:
        extra: variables of the caller's own, which win over all others.
        home: the job's folder; HOME, and its `tmp` is TMPDIR.
        endpoint: the edge's URL; empty for a child that calls no AWS service.
        region: the child's Region; empty for none.

    Returns:
        The whole environment.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment.setdefault("PATH", os.defpath)
    environment.setdefault("LANG", "C.UTF-8")
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    environment |= {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }
    if endpoint:
        environment["AWS_ENDPOINT_URL"] = endpoint
        # Sail's object store refuses plain HTTP otherwise.
        environment["AWS_ALLOW_HTTP"] = "true"
    if region:
        environment |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return environment | dict(extra)


class Child:
    """One process group. Made by `Children.start`.

    Args:
        process: the leader, already started as the leader of its own session.
        on_line: called with each line of the combined output (without its end), in a thread of its own.
        on_exit: called once, when the leader has ended and the group is gone.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        on_line: Callable[[str], None] | None,
        on_exit: Callable[[Child], None],
    ) -> None:
        self.pid = process.pid
        self._process = process
        self._on_line = on_line
        self._on_exit = on_exit
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, name=f"child-{self.pid}-output", daemon=True)
        self._reaper = threading.Thread(target=self._reap, name=f"child-{self.pid}", daemon=True)
        self._reader.start()
        self._reaper.start()

    @property
    def running(self) -> bool:
        """Whether the leader still runs."""
        return not self._ended.is_set()

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end.

        Args:
            timeout: seconds; None waits for ever.

        Returns:
            The exit code (negative: the signal that ended it), or None when the time is over.
        """
        return self._process.returncode if self._ended.wait(timeout) else None

    def stop(self, grace: float = 5.0) -> int:
        """End the whole group: SIGTERM, then SIGKILL after `grace` seconds.

        Returns:
            The exit code.
        """
        self._signal(signal.SIGTERM)
        if not self._ended.wait(grace):
            self._signal(signal.SIGKILL)
            self._ended.wait()
        return int(self._process.returncode)

    def terminate(self) -> None:
        """Ask the whole group to end, without waiting."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # PermissionError: macOS answers so for a group of which only a zombie is left.
            os.killpg(self.pid, number)

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None or self._on_line is None:
            return
        for line in stream:
            self._on_line(line.decode(errors="replace").rstrip("\r\n"))
        stream.close()

    def _reap(self) -> None:
        self._process.wait()
        # The leader may have left processes of its own; a job's end is the end of all of them.
        self._signal(signal.SIGKILL)
        self._reader.join(timeout=5)
        self._on_exit(self)
        self._ended.set()


class Children:
    """All children of the world.

    Thread-safe. After `stop` no new child starts.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alive: dict[int, Child] = {}
        self._watcher: subprocess.Popen[str] | None = None
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
            self._tell_watcher(f"+{process.pid}")
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
            watcher, self._watcher = self._watcher, None
        if watcher and watcher.stdin:
            watcher.stdin.close()
            watcher.wait(timeout=10)

    def _forget(self, child: Child) -> None:
        with self._lock:
            self._alive.pop(child.pid, None)
            self._tell_watcher(f"-{child.pid}")

    def _tell_watcher(self, line: str) -> None:
        if self._watcher is None:
            if line.startswith("-"):
                return
            self._watcher = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _WATCHER],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        if self._watcher.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._watcher.stdin.write(line + "\n")
                self._watcher.stdin.flush()


class Halt:
    """A request to end a job, that holds also for a child which the job starts later.

    Args:
        grace: seconds between SIGTERM and SIGKILL.
    """

    def __init__(self, grace: float = 5.0) -> None:
        self._grace = grace
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._child: Child | None = None

    def asked(self) -> bool:
        """Whether the end was asked for."""
        return self._asked.is_set()

    def attach(self, child: Child) -> None:
        """Name the child to end; it ends at once when the end was already asked for."""
        with self._lock:
            self._child = child
        if self.asked():
            child.stop(self._grace)

    def ask(self) -> None:
        """Ask for the end, and end the attached child; returns when it has ended."""
        with self._lock:
            self._asked.set()
            child = self._child
        if child:
            child.stop(self._grace)
