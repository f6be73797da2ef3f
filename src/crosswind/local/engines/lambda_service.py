"""Lambda's Invoke at the edge, and how often an event is tried. Functions themselves stay in moto.

Rules: docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.local.edge.call import Call, Handler, ServiceError
from crosswind.local.engines.lambda_ import LambdaJob, LambdaOutcome
from crosswind.local.engines.lambda_names import named_function
from crosswind.local.engines.lambda_retries import EventInvokeConfigs
from crosswind.local.engines.seams import Definitions, Engine

__all__ = ["LambdaService"]

# Bytes of an event: synchronous 6 MB, asynchronous 1 MB
# (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
_EVENT_BYTES = {"RequestResponse": 6_291_456, "Event": 1_048_576, "DryRun": 6_291_456}
_TAIL = 4096


class LambdaService:
    """The edge service for invocations.

    Args:
        engine: executes invocations.
        definitions: the functions that moto keeps.
        retry_seconds: pauses before the second and third attempt of an asynchronous invocation that failed;
            AWS's own are one and two minutes. How many of them there are is the function's to say.
    """

    name = "lambda"

    def __init__(
        self,
        engine: Engine[LambdaJob, LambdaOutcome],
        definitions: Definitions,
        *,
        retry_seconds: Sequence[float] = (60, 120),
    ) -> None:
        self._engine = engine
        self._definitions = definitions
        self._retry_seconds = tuple(retry_seconds)
        self._over = threading.Event()
        self._configs = EventInvokeConfigs(definitions)
        self.operations: Mapping[str, Handler] = {"Invoke": self.invoke, **self._configs.operations}

    def invoke(self, call: Call) -> Mapping[str, Any]:
        """Invoke: RequestResponse, Event or DryRun."""
        parameters = call.parameters
        kind = parameters.get("InvocationType") or "RequestResponse"
        if kind not in _EVENT_BYTES:
            raise ServiceError("InvalidParameterValueException", f"InvocationType {kind!r} is not valid")
        job = self._job(call)
        if kind == "DryRun":
            return {"StatusCode": 204, "ExecutedVersion": "$LATEST", "Payload": b""}
        if len(job.event) > _EVENT_BYTES[kind]:
            raise ServiceError(
                "RequestTooLargeException",
                f"{len(job.event)} byte payload is too large for the {kind} invocation type"
                f" (limit {_EVENT_BYTES[kind]} bytes)",
                413,
            )
        if kind == "Event":
            threading.Thread(target=self._in_background, args=(job,), name="lambda-event", daemon=True).start()
            return {"StatusCode": 202, "Payload": b""}
        outcome = self._engine.run(job)
        answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": outcome.payload}
        if outcome.error:
            answer["FunctionError"] = outcome.error
        if parameters.get("LogType") == "Tail":
            answer["LogResult"] = base64.b64encode(outcome.log.encode()[-_TAIL:]).decode()
        return answer

    def stop(self) -> None:
        """End all environments; called when the world stops."""
        self._over.set()
        self._engine.close()

    def _job(self, call: Call) -> LambdaJob:
        account, region, name, arn, qualifier = named_function(call)
        found = self._definitions.lambda_function(account, region, name)
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"Function not found: {arn}", 404)
        code, configuration = found
        _refuse(configuration)
        event = _bytes(call.parameters.get("Payload")) or b"{}"
        try:
            json.loads(event)
        except ValueError as error:
            raise ServiceError(
                "InvalidRequestContentException", f"Could not parse request body into json: {error}"
            ) from error
        context = call.parameters.get("ClientContext") or ""
        return LambdaJob(
            call.id, account, region, code, configuration, event,
            f"{arn}:{qualifier}" if qualifier else arn,
            base64.b64decode(context).decode() if context else "",
        )  # fmt: skip

    def _in_background(self, job: LambdaJob) -> None:
        """An asynchronous invocation: tried again when the function fails, with the same request id."""
        began, retries = time.monotonic(), self._configs.retries(job.account, job.region, job.name)
        for pause in (0.0, *self._retry_seconds)[: retries.attempts + 1]:
            if self._over.wait(pause) or time.monotonic() - began > retries.seconds:
                return
            try:
                if not self._engine.run(job).error:
                    return
            except ServiceError:
                # The role is gone: AWS retries such events too, and drops them in the end.
                continue
            except RuntimeError:
                # The world is stopping.
                return


def _refuse(configuration: Mapping[str, Any]) -> None:
    runtime = str(configuration.get("Runtime") or "")
    if configuration.get("PackageType", "Zip") != "Zip" or not runtime.startswith("python"):
        raise ServiceError(
            "InvalidRuntimeException",
            f"The local world runs Python functions from zip files, not {runtime or 'container images'}.",
            502,
        )
    if configuration.get("Layers"):
        raise ServiceError("ResourceConflictException", "The local world has no Lambda layers.", 409)


def _bytes(payload: Any) -> bytes:
    if payload is None:
        return b""
    if isinstance(payload, str):
        return payload.encode()
    return payload if isinstance(payload, bytes) else bytes(payload.read())
