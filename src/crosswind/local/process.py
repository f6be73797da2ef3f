"""A world in a process of its own: started and stopped from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from crosswind.errors import PortInUseError, WorldError
from crosswind.local.line import WorldLine
from crosswind.local.state import Running, StateFolder

__all__ = ["WorldProcess"]

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class WorldProcess(WorldLine):
    """The world of a state folder, started, asked and stopped from another process.

    Args:
        state: the state folder.
        command: the command line that runs a world in the foreground; `--port N` is added.
        start_seconds: how long a world may take to answer.
    """

    def __init__(self, state: StateFolder, command: Sequence[str], start_seconds: float = 60) -> None:
        super().__init__(state)
        self._command = tuple(command)
        self._start_seconds = start_seconds

    def start(self, port: int) -> Running:
        """Start a world and wait until it answers.

        Args:
            port: the loopback port; 0 for a free one.

        Raises:
            PortInUseError: another process listens on the port.
            WorldError: a world runs already in this folder, or the new one did not come up.
        """
        running = self.state.read()
        if running:
            raise WorldError(
                f"a local world runs already at {running.endpoint} (process {running.pid})",
                hint="use it, or stop it with `crosswind local down`",
            )
        if port:
            _refuse_port_in_use(port)
        self.state.make().clear()
        process: subprocess.Popen[bytes] | None = None
        try:
            with _uninterrupted(), (self.state.logs / "world.log").open("ab") as log:
                process = subprocess.Popen(
                    [*self._command, "--port", str(port)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            return self._wait_until_up(process)
        except BaseException:  # Ctrl-C too: a world that nobody waits for must not come up later
            if process:
                process.kill()
                process.wait()
            raise

    def stop(self, seconds: float = 30) -> bool:
        """Stop the world and all that it started.

        Args:
            seconds: how long it may take before it is killed.

        Returns:
            Whether a world ran.
        """
        running = self.state.read()
        if running is None:
            self.state.clear()
            return False
        # A second Ctrl-C may not leave half a world; ProcessLookupError: it ended by itself meanwhile.
        with _uninterrupted(), suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGTERM)
            if not _gone(running.pid, seconds):
                os.kill(running.pid, signal.SIGKILL)
                _gone(running.pid, 5)
        self.state.clear()
        return True

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> Running:
        pause = threading.Event()
        deadline = time.monotonic() + self._start_seconds
        while time.monotonic() < deadline:
            running = self.state.read()
            if running is not None and running.pid == process.pid:
                return running
            if process.poll() is not None:
                break
            pause.wait(0.05)
        log = self.state.logs / "world.log"
        last = (log.read_text(errors="replace").strip().splitlines() or ["it wrote nothing"])[-1]
        raise WorldError(f"the local world did not come up: {last}", hint=f"read {log}")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Take Ctrl-C and its like after the block, in whose midst they would leave a process that nobody knows."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's alone
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in _ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for pressed in came:
        handler = before[signal.Signals(pressed)]
        if callable(handler):
            handler(pressed, None)


def _refuse_port_in_use(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUseError(
                f"port {port} on 127.0.0.1 is taken by another process",
                hint="choose another with `--port N`, or `--port 0` for a free one",
            ) from error


def _gone(pid: int, seconds: float) -> bool:
    """Wait until a process has ended; True when it has."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
            if ended:
                return True
        except ChildProcessError:  # not a child of ours: it was started by an earlier command
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
        pause.wait(0.05)
    return False
