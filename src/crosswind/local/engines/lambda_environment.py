"""A Lambda execution environment: a process that answers one event after another, and the log it writes."""

from __future__ import annotations

import secrets
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from crosswind.local.children import Child, Children, clean_environment
from crosswind.local.engines.runtime_api import Answer, Invocation, RuntimeApi
from crosswind.local.engines.sessions import RoleSession
from crosswind.local.logstream import LogStream

__all__ = ["Environment", "LambdaJob"]


@dataclass(frozen=True)
class LambdaJob:
    """One invocation.

    Args:
        id: the request id.
        account: whose function.
        region: where.
        code: the function's zip.
        configuration: as GetFunctionConfiguration returns it.
        event: JSON.
        arn: the ARN that was invoked.
        client_context: JSON; empty for none.
    """

    id: str
    account: str
    region: str
    code: bytes = field(repr=False)
    configuration: Mapping[str, Any]
    event: bytes
    arn: str
    client_context: str = ""

    @property
    def name(self) -> str:
        """FunctionName."""
        return str(self.configuration["FunctionName"])

    @property
    def timeout(self) -> int:
        """Seconds."""
        return int(self.configuration.get("Timeout") or 3)


class Environment:
    """One execution environment: a process, its Runtime API, its log stream.

    Args:
        job: the invocation that needs it: its code and configuration.
        session: the function's role.
        children: starts the process.
        endpoint: the edge's URL.
        folder: an empty folder.
    """

    def __init__(self, job: LambdaJob, session: RoleSession, children: Children, endpoint: str, folder: Path) -> None:
        self.session = session
        self._log = folder / "output.log"
        self._log.touch()
        self._read_to = 0
        code = folder / "code"
        with zipfile.ZipFile(BytesIO(job.code)) as archive:
            archive.extractall(code)
        self.api = RuntimeApi()
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{secrets.token_hex(16)}"
        group = f"/aws/lambda/{job.name}"
        self._stream = LogStream(session.client("logs"), group, stream)
        variables = {
            **(job.configuration.get("Environment", {}).get("Variables") or {}),
            **session.environment(),
            "AWS_LAMBDA_FUNCTION_NAME": job.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(job.configuration.get("MemorySize") or 128),
            "AWS_LAMBDA_LOG_GROUP_NAME": group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_RUNTIME_API": self.api.address,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{job.configuration.get('Runtime', '')}",
            "LAMBDA_TASK_ROOT": str(code),
            "LAMBDA_RUNTIME_DIR": str(code),
            "_HANDLER": str(job.configuration["Handler"]),
            "TZ": ":UTC",
        }
        self._child: Child = children.start(
            [sys.executable, "-m", "awslambdaric", str(job.configuration["Handler"])],
            environment=clean_environment(variables, home=folder, endpoint=endpoint, region=job.region),
            folder=code,
            stdout=self._log,
        )

    @property
    def usable(self) -> bool:
        """Whether it can take another event."""
        fresh = not self.session.credentials.expires or self.session.credentials.expires - time.time() > 900
        return self._child.running and fresh

    def log(self, lines: list[str]) -> str:
        """Add the platform's lines around what the process printed since last time; ship and return all."""
        with self._log.open("rb") as file:
            file.seek(self._read_to)
            new = file.read()
        self._read_to += len(new)
        # awslambdaric joins the lines of an error by carriage returns, so that it stays one log event.
        printed = [line.replace("\r", "\n") for line in new.decode(errors="replace").split("\n") if line]
        whole = [lines[0], *printed, *lines[1:]]
        self._stream.put(whole)
        return "\n".join(whole) + "\n"

    def wait_ready(self, seconds: float) -> bool:
        """Wait for the end of initialisation; False when it failed or took too long."""
        end = time.monotonic() + seconds
        while not self.api.ready.wait(0.02):
            if not self._child.running or time.monotonic() > end:
                return False
        return not self.api.init_error

    def answer(self, invocation: Invocation, seconds: float) -> Answer | None:
        """Send an event and wait; None when the time is over or the process is gone."""
        self.api.send(invocation)
        end = time.monotonic() + seconds
        while not invocation.answered.wait(min(0.05, max(0.0, end - time.monotonic()))):
            if time.monotonic() >= end or not self._child.running:
                return invocation.answer
        return invocation.answer

    @property
    def exit_code(self) -> int | None:
        """The process's exit code, when it has ended."""
        return self._child.wait(0)

    def close(self) -> None:
        """End the process and its server."""
        self._child.stop(grace=0.5)
        self.api.close()
