"""Lambda: synchronous and asynchronous invocations; a function is a Python callable, its log has START and REPORT.

Source: docs.aws.amazon.com/lambda/latest/dg/invocation-async.html (at least once; more tries after an error).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from tests.simulator.aws.errors import lost, refused
from tests.simulator.aws.small import Logs
from tests.simulator.clock import Clock

__all__ = ["Functions", "Invocation", "Way"]


@dataclass(frozen=True)
class Way:
    """How an execution goes.

    Args:
        waits: seconds in the queue of asynchronous events.
        runs: seconds of execution.
        fails: whether it ends with an error.
        twice: whether an asynchronous event is delivered twice.
    """

    waits: float = 1.0
    runs: float = 2.0
    fails: bool = False
    twice: bool = False


class Invocation:
    """One execution of a function, from `began` until `ended`."""

    __slots__ = ("answer", "began", "ended", "error", "function", "payload", "request")

    def __init__(self, function: str, payload: Mapping[str, Any], request: str, began: float) -> None:
        self.function, self.payload, self.request, self.began = function, payload, request, began
        self.ended: float | None = None
        self.answer: Any = None
        self.error = ""

    @property
    def live(self) -> bool:
        return self.ended is None


class Functions:
    """The Lambda of one account and Region.

    Args:
        clock: the time.
        logs: where executions are logged.

    Attributes:
        code: the functions.
        way: how each execution goes.
        retries: how often Lambda tries an asynchronous event again after an error (MaximumRetryAttempts).
        executions: all there were.
        patience: seconds for which the client at hand waits for an answer.
    """

    name = "lambda"

    def __init__(self, clock: Clock, logs: Logs) -> None:
        self.clock, self.logs = clock, logs
        self.code: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
        self.way: Callable[[str, Mapping[str, Any]], Way] = lambda name, payload: Way()
        self.retries = 2
        self.executions: list[Invocation] = []
        self.patience = 60.0
        self._requests = 0

    def invoke(self, p: Mapping[str, Any]) -> dict[str, Any]:
        name = p["FunctionName"].rsplit(":function:", 1)[-1]
        if name not in self.code:
            raise refused("ResourceNotFoundException", "Invoke", f"Function not found: {name}", 404)
        payload = json.loads(p.get("Payload") or b"{}")
        way = self.way(name, payload)
        self._requests += 1
        request = f"request-{self._requests}"
        metadata = {"HTTPStatusCode": 200, "RequestId": request, "HTTPHeaders": {}}
        if p.get("InvocationType") == "Event":
            for _ in range(2 if way.twice else 1):
                self.clock.after(way.waits, lambda: self._begin(name, payload, request, way, self.retries))
            return {"StatusCode": 202, "Payload": BytesIO(b""), "ResponseMetadata": metadata}
        execution = self._begin(name, payload, request, way, 0)
        if way.runs > self.patience:
            self.clock.advance(self.patience)
            raise lost("Invoke")
        self.clock.advance(way.runs)
        if execution.error:
            body = json.dumps({"errorMessage": execution.error, "errorType": "Error"})
            answer = {"FunctionError": "Unhandled", "Payload": BytesIO(body.encode())}
        else:
            answer = {"ExecutedVersion": "$LATEST", "Payload": BytesIO(json.dumps(execution.answer).encode())}
        return {"StatusCode": 200, "ResponseMetadata": metadata, **answer}

    def _begin(self, name: str, payload: Mapping[str, Any], request: str, way: Way, retries: int) -> Invocation:
        execution = Invocation(name, payload, request, self.clock.now)
        self.executions.append(execution)
        lines = self.logs.streams.setdefault((f"/aws/lambda/{name}", f"stream-{len(self.executions)}"), [])
        lines.append(f"START RequestId: {request} Version: $LATEST\n")

        def end() -> None:
            self._run(execution, fails=way.fails)
            lines.append(f"END RequestId: {request}\n")
            lines.append(f"REPORT RequestId: {request}\tDuration: {way.runs * 1000:.2f} ms\n")
            if execution.error and retries > 0:
                self.clock.after(60.0, lambda: self._begin(name, payload, request, way, retries - 1))

        self.clock.after(way.runs, end)
        return execution

    def _run(self, execution: Invocation, *, fails: bool) -> None:
        execution.ended = self.clock.now
        if fails:
            execution.error = "the function failed"
            return
        try:
            execution.answer = self.code[execution.function](execution.payload)
        except Exception as error:  # noqa: BLE001 - a function's error is its answer
            execution.error = str(error)
