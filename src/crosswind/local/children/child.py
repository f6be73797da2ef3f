"""One child: a process and all that it starts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable

__all__ = ["Child"]


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
