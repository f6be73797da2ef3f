"""The Lambda engine: execution environments that stay warm, each a process with the function's own role."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crosswind.local.children import Children
from crosswind.local.edge.call import ServiceError
from crosswind.local.engines.lambda_environment import Environment, LambdaJob
from crosswind.local.engines.runtime_api import Answer, Invocation
from crosswind.local.engines.sessions import Roles
from crosswind.local.partitions import partition_of

__all__ = ["LambdaEngine", "LambdaJob", "LambdaOutcome"]

# Lambda allows 10 seconds for the initialisation of an environment
# (docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html).
_INIT_SECONDS = 10
_KEPT_WARM = 8
_CREDENTIAL_SECONDS = 43_200


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
        self._idle: list[tuple[str, Environment]] = []
        self._busy: set[Environment] = set()

    def run(self, job: LambdaJob) -> LambdaOutcome:
        """Execute one invocation.

        Raises:
            ServiceError: AccessDeniedException when Lambda may not assume the function's role, or there is none.
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

    def _invoke(self, job: LambdaJob, environment: Environment, key: str, *, ready: bool, init: float) -> LambdaOutcome:
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

    def _broken(self, job: LambdaJob, environment: Environment, took: float) -> tuple[str, Answer]:
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

    def _start(self, job: LambdaJob) -> Environment:
        arn = f"arn:{partition_of(job.region)}:lambda:{job.region}:{job.account}:function:{job.name}"
        try:
            session = self._roles.session(
                job.configuration["Role"], job.name, job.region, _CREDENTIAL_SECONDS, source_arn=arn
            )
        except ServiceError as error:
            text = "The role defined for the function cannot be assumed by Lambda."
            raise ServiceError("AccessDeniedException", text, 403) from error
        folder = self._folder / f"{job.account}-{job.region}-{job.name}" / secrets.token_hex(6)
        folder.mkdir(parents=True)
        return Environment(job, session, self._children, self._endpoint, folder)

    def _take(self, key: str) -> Environment | None:
        """An idle environment of the same code and configuration; those that ended are cleared away."""
        dead: list[Environment] = []
        found: Environment | None = None
        with self._lock:
            kept: list[tuple[str, Environment]] = []
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

    def _give_back(self, key: str, environment: Environment) -> None:
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
