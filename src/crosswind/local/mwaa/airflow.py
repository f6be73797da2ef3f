"""A running Airflow: started from a build, asked for its health, stopped with everything it started."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crosswind.errors import AirflowStartError
from crosswind.local.mwaa.image import python_of
from crosswind.local.mwaa.overlay import Build

__all__ = ["Airflow", "Keys", "free_port", "load_keys"]

_COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
_HEALTHY = ("metadatabase", "scheduler", "triggerer", "dag_processor")
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Keys:
    """The secrets of one environment, made once and kept in a file of mode 0600."""

    fernet: str
    jwt: str
    secret: str
    tokens: str


def load_keys(home: Path) -> Keys:
    """The keys in `keys.json` of AIRFLOW_HOME; made when there are none."""
    path = home / "keys.json"
    if not path.exists():
        fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        made = {
            "fernet": fernet,
            "jwt": secrets.token_hex(64),
            "secret": secrets.token_hex(32),
            "tokens": secrets.token_hex(32),
        }
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(made, file)
    return Keys(**json.loads(path.read_text()))


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Airflow:
    """One Airflow.

    Args:
        home: AIRFLOW_HOME, with `keys.json` in it.
        logs: takes one file a component.
        port: the loopback port of its API server.
    """

    def __init__(self, home: Path, logs: Path, port: int) -> None:
        self.home = home
        self.logs = logs
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        """Where the UI and the REST API answer."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The launcher's process id, which is also its session's; 0 when it does not run."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Whether the launcher runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, build: Build, environment: Mapping[str, str]) -> None:
        """Start the launcher with the build's Python.

        Args:
            build: the build.
            environment: the whole environment of the processes.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        launcher = build.folder / "launcher.py"
        shutil.copy(Path(__file__).with_name("launcher.py"), launcher)
        with (self.logs / "launcher.log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(python_of(build.venv)), str(launcher), str(self.home), str(self.logs)],
                env=dict(environment),
                cwd=self.home,
                stdin=subprocess.PIPE,  # closes when the world ends, however it ends
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_healthy(self, seconds: float) -> None:
        """Wait until every component reports itself healthy and the first task will not have to wait.

        Raises:
            AirflowStartError: it ended, or is not healthy in time; with the end of the log that says why.
        """
        deadline = time.monotonic() + seconds
        warm = False
        while time.monotonic() < deadline and not self._stopping.is_set():
            if not self.running:
                raise self._fault("Airflow ended while it started")
            # The API that tasks talk to is built on its first request, in seconds: no task shall wait.
            warm = warm or self._get("/execution/health", 60) is not None
            if warm and self._healthy():
                return
            self._stopping.wait(0.1)
        raise self._fault(f"Airflow was not healthy within {seconds:.0f} s")

    def stop(self) -> None:
        """Stop every process that belongs to this Airflow."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()
        # Components and tasks have process groups of their own, but the launcher's session.
        for pid in session_members(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process = None

    def tail(self, lines: int = 15) -> str:
        """The last lines of the component that ended first; of all, when the launcher names none."""
        launcher = self._last_lines("launcher", 200)
        for line in launcher:
            ended = re.fullmatch(r"launcher: (\S+) ended with .*", line)
            if ended:
                return "\n".join([line, *self._last_lines(ended.group(1), lines)])
        parts = []
        for name in ("launcher", *_COMPONENTS):
            parts += [f"--- {name}", *self._last_lines(name, lines)]
        return "\n".join(parts)

    def _last_lines(self, name: str, lines: int) -> list[str]:
        path = self.logs / f"{name}.log"
        return path.read_text(errors="replace").strip().splitlines()[-lines:] if path.exists() else []

    def _healthy(self) -> bool:
        answer = self._get("/api/v2/monitor/health", 10)
        if answer is None:
            return False
        report = json.loads(answer)
        return all((report.get(part) or {}).get("status") == "healthy" for part in _HEALTHY)

    def _get(self, path: str, timeout: float) -> bytes | None:
        """The answer's body; None when there is none yet."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout) as answer:  # noqa: S310 - loopback
                body: bytes = answer.read()
                return body
        except (urllib.error.URLError, OSError, http.client.HTTPException):
            return None

    def _fault(self, what: str) -> AirflowStartError:
        return AirflowStartError(f"{what}\n{self.tail()}", hint=f"read the logs in {self.logs}")


def session_members(session: int) -> list[int]:
    """The processes of a session, from /proc; none where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # Field 6 is the session; the name in field 2 may hold blanks and parentheses.
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(entry.parent.name))
    return found
