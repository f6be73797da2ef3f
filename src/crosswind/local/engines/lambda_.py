"""The Lambda engine: execution environments that stay warm, each a process with the function's own role."""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from crosswind.local.children import Child, Children, clean_environment
from crosswind.local.engines.logs import LogStream
from crosswind.local.engines.runtime_api import Answer, Invocation, RuntimeApi
from crosswind.local.engines.sessions import Roles, RoleSession

__all__ = ["LambdaEngine", "LambdaJob", "LambdaOutcome"]

# Lambda allows 10 seconds for the initialisation of an environment
# (docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html).
_INIT_SECONDS = 10
_KEPT_WARM = 8
_CREDENTIAL_SECONDS = 43_200


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


@dataclass(frozen=True)
class LambdaOutcome:
    """What came of an invocation.

    Args:
        payload: JSON: the function's answer, or the error.
        error: FunctionError: `Unhandled`, or empty.
        log: what the invocation logged.
        cold: whether an environment had to be started.
    """

    payload: bytes
    error: str = ""
    log: str = ""
    cold: bool = False


class _Environment:
    """One execution environment: a process, its Runtime API, its log stream."""

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


class LambdaEngine:
    """Runs Python functions in awslambdaric, the runtime client that AWS's own Python image uses.

    Differences from AWS: the function runs on the world's own Python, whatever `Runtime` says, and with the
    world's packages; memory is not limited; layers, versions and aliases are refused by the service.

    Args:
        roles: issues the function's sessions, for `lambda`.
        children: starts processes.
        endpoint: the edge's URL.
        folder: where an environment's folder is made.
    """

    def __init__(self, roles: Roles, children: Children, endpoint: str, folder: Path) -> None:
        self._roles = roles
        self._children = children
        self._endpoint = endpoint
        self._folder = folder
        self._lock = threading.Lock()
        self._idle: list[tuple[str, _Environment]] = []
        self._busy: set[_Environment] = set()

    def run(self, job: LambdaJob) -> LambdaOutcome:
        """Execute one invocation.

        Raises:
            ServiceError: there is no such role.
        """
        key = _key(job)
        environment = self._take(key)
        cold = environment is None
        began = time.monotonic()
        if environment is None:
            environment = self._start(job)
            with self._lock:
                self._busy.add(environment)
        init = 0.0
        try:
            # An environment that did not get ready in time goes on within the function's own time-out.
            ready = not cold or environment.wait_ready(_INIT_SECONDS + job.timeout)
            init = (time.monotonic() - began) * 1000 if cold else 0.0
            return self._invoke(job, environment, key, ready=ready, init=init)
        finally:
            with self._lock:
                self._busy.discard(environment)

    def close(self) -> None:
        """End all environments."""
        with self._lock:
            environments = [environment for _, environment in self._idle] + list(self._busy)
            self._idle.clear()
        for environment in environments:
            environment.close()

    def _invoke(
        self, job: LambdaJob, environment: _Environment, key: str, *, ready: bool, init: float
    ) -> LambdaOutcome:
        started = time.monotonic()
        answer: Answer | None = None
        if ready:
            deadline = int((time.time() + job.timeout) * 1000)
            invocation = Invocation(job.id, job.event, job.arn, deadline, job.client_context)
            answer = environment.answer(invocation, job.timeout)
        took = (time.monotonic() - started) * 1000
        lines = [f"START RequestId: {job.id} Version: $LATEST"]
        error = ""
        if answer is None:
            error, answer = self._broken(job, environment, took)
            lines.append(error)
        memory = job.configuration.get("MemorySize") or 128
        report = (
            f"REPORT RequestId: {job.id}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms"
            f"\tMemory Size: {memory} MB\tMax Memory Used: {memory} MB"
        )
        lines += [f"END RequestId: {job.id}", report + (f"\tInit Duration: {init:.2f} ms" if init else "")]
        outcome = LambdaOutcome(
            answer.payload, "Unhandled" if answer.failed else "", environment.log(lines), cold=bool(init)
        )
        if error or not environment.usable:
            environment.close()
        else:
            self._give_back(key, environment)
        return outcome

    def _broken(self, job: LambdaJob, environment: _Environment, took: float) -> tuple[str, Answer]:
        """Why there is no answer: initialisation failed, the process ended, or the time is over."""
        if environment.api.init_error:
            return f"INIT_REPORT RequestId: {job.id} Phase: init\tStatus: error", Answer(
                environment.api.init_error, failed=True
            )
        code = environment.exit_code
        if code is not None:
            what = (
                f"Runtime exited with error: exit status {code}"
                if code
                else "Runtime exited without providing a reason"
            )
            text = f"RequestId: {job.id} Error: {what}"
            kind = "Runtime.ExitError"
        else:
            text = f"RequestId: {job.id} Error: Task timed out after {job.timeout:.2f} seconds"
            kind = "Sandbox.Timedout"
        payload = json.dumps({"errorType": kind, "errorMessage": text}).encode()
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
        line = text if code is not None else f"{now} {job.id} Task timed out after {job.timeout:.2f} seconds"
        return line, Answer(payload, failed=True)

    def _start(self, job: LambdaJob) -> _Environment:
        session = self._roles.session(job.configuration["Role"], job.name, job.region, _CREDENTIAL_SECONDS)
        folder = self._folder / f"{job.account}-{job.region}-{job.name}" / secrets.token_hex(6)
        folder.mkdir(parents=True)
        return _Environment(job, session, self._children, self._endpoint, folder)

    def _take(self, key: str) -> _Environment | None:
        """An idle environment of the same code and configuration; those that ended are cleared away."""
        dead: list[_Environment] = []
        found: _Environment | None = None
        with self._lock:
            kept: list[tuple[str, _Environment]] = []
            for other, environment in reversed(self._idle):
                if not environment.usable:
                    dead.append(environment)
                elif found is None and other == key:
                    found = environment
                else:
                    kept.append((other, environment))
            self._idle = kept[::-1]
            if found:
                self._busy.add(found)
        for environment in dead:
            environment.close()
        return found

    def _give_back(self, key: str, environment: _Environment) -> None:
        """Keep it warm; the one idle for longest goes when there are too many."""
        with self._lock:
            self._idle.append((key, environment))
            over = [self._idle.pop(0)[1]] if len(self._idle) > _KEPT_WARM else []
        for old in over:
            old.close()


def _key(job: LambdaJob) -> str:
    """Function, code and configuration: a change of either needs a new environment."""
    settings = {
        name: job.configuration.get(name)
        for name in ("CodeSha256", "Handler", "Role", "Environment", "Timeout", "MemorySize", "RevisionId")
    }
    return f"{job.account} {job.region} {job.name} {json.dumps(settings, sort_keys=True, default=str)}"
