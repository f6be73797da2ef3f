"""Answers held back on demand, the work behind them done: an operation of this world alone, for tests and demos.

A client that dies while its answer is held has sent a request that took effect and never learned so: the moment at
which a job is started and forgotten.

`POST /_crosswind/answers` with `{"service": "sagemaker", "operation": "CreateTrainingJob", "seconds": 30}` holds the
next such answer (`count` of them) for that long; with `"principal": "text"` only those of callers in whose ARN the text
is. `{"release": true}` lets all go, and forgets what was asked. `GET` tells which answers are being held.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crosswind.local.edge.call import Call, HttpRequest, HttpResponse
from crosswind.local.edge.routes import LocalRoute, json_response

__all__ = ["HeldAnswers"]

_LONGEST = 600.0
_MEMBERS = ("service", "operation", "principal", "seconds", "count")


@dataclass(frozen=True)
class _Order:
    service: str
    operation: str
    seconds: float
    principal: str = ""
    count: int = 1

    def meets(self, call: Call) -> bool:
        named = (call.service, call.operation) == (self.service, self.operation)
        return named and self.principal in call.principal.arn


class HeldAnswers:
    """The orders that stand, and the answers that wait. Thread-safe.

    Put it behind the edge as the last of its hooks, with `add_hook(after_call)`, and mount `routes`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []
        self._held: dict[str, Mapping[str, str]] = {}
        self._released = threading.Event()

    @property
    def routes(self) -> Mapping[str, LocalRoute]:
        """The path to ask at."""
        return {"/_crosswind/answers": self._route}

    def after_call(self, call: Call, _: HttpResponse) -> None:
        """Hold the answer of a call that an order is for (an edge's AfterCall)."""
        with self._lock:
            order = next((each for each in self._orders if each.meets(call)), None)
            if order is None:
                return
            at = self._orders.index(order)
            self._orders[at : at + 1] = [replace(order, count=order.count - 1)] if order.count > 1 else []
            released = self._released
            self._held[call.id] = {
                "service": call.service,
                "operation": call.operation,
                "principal": call.principal.arn,
            }
        released.wait(order.seconds)
        with self._lock:
            del self._held[call.id]

    def _route(self, http: HttpRequest) -> HttpResponse:
        if http.method == "POST":
            try:
                self._take(json.loads(http.body))
            except (TypeError, ValueError) as error:
                return json_response({"message": f"{error}; members: {', '.join(_MEMBERS)}, or release"}, 400)
        elif http.method != "GET":
            return json_response({"message": "use GET or POST"}, 405)
        with self._lock:
            held = [{"id": name, **call} for name, call in self._held.items()]
            return json_response({"schema_version": 1, "held": held, "orders": len(self._orders)})

    def _take(self, asked: Any) -> None:
        if not isinstance(asked, Mapping):
            raise TypeError("the body is not an object")
        if asked.get("release") is True:
            with self._lock:
                self._orders.clear()
                self._released.set()
                self._released = threading.Event()
            return
        order = _Order(**asked)
        words = (order.service, order.operation, order.principal)
        if not all(isinstance(word, str) for word in words) or not 0 < order.seconds <= _LONGEST or order.count < 1:
            raise ValueError(f'"seconds" is above 0 and at most {_LONGEST:.0f}, "count" 1 or more, the others are text')
        with self._lock:
            self._orders.append(order)
