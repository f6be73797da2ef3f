"""A hand-written stand-in for `Sessions`: answers are given to it, failures scripted, calls kept.

It knows nothing of AWS. A call without an answer is a fault of the test, and raises at once.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from crosswind.aws.sessions import Identity
from crosswind.errors import WrongAccountError

__all__ = ["Answer", "FakeCall", "FakeSessions", "client_error"]


@dataclass(frozen=True)
class FakeCall:
    """One call that was made. `operation` is the method's name in boto3, such as `put_object`."""

    service: str
    operation: str
    account: str
    region: str
    parameters: Mapping[str, Any]


Answer = Callable[[FakeCall], Mapping[str, Any]]


def client_error(code: str, message: str = "", operation: str = "", **more: Any) -> ClientError:
    """An error as boto3 raises it; `more` are members that the service puts beside `Error`."""
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, operation)


class FakeSessions:
    """Sessions whose clients answer from memory. Safe to use from several threads.

    Args:
        endpoint: what `endpoint` says.
        callers: the account in which the credentials of an account really act, where that is another one.
    """

    def __init__(self, endpoint: str = "http://fake", callers: Mapping[str, str] | None = None) -> None:
        self.endpoint = endpoint
        self.calls: list[FakeCall] = []
        self._callers = dict(callers or {})
        self._answers: dict[tuple[str, str], Answer] = {}
        self._scripts: dict[tuple[str, str], deque[Exception | Mapping[str, Any]]] = defaultdict(deque)
        self._lock = threading.RLock()

    def answer(self, service: str, operation: str, answer: Answer | Mapping[str, Any]) -> None:
        """Answer every call of an operation, by a function of the call or with always the same."""
        made = answer if callable(answer) else _always(answer)
        self._answers[service, operation] = made

    def script(self, service: str, operation: str, *outcomes: Exception | Mapping[str, Any]) -> None:
        """Let the next calls of an operation end so, one outcome a call, before its answer holds again."""
        self._scripts[service, operation].extend(outcomes)

    def made(self, service: str, operation: str = "") -> list[FakeCall]:
        """The calls of a service, or of one operation of it, in order."""
        with self._lock:
            return [call for call in self.calls if call.service == service and operation in {"", call.operation}]

    def client(self, service: str, account: str, region: str) -> Any:
        """A client whose methods are those that have answers."""
        self.identity(account)
        return _Client(self, service, account, region)

    def identity(self, account: str) -> Identity:
        """The account's root, unless `callers` says otherwise."""
        acts_in = self._callers.get(account, account)
        if acts_in != account:
            raise WrongAccountError(f"credentials for account {account} act in account {acts_in}")
        return Identity(account, f"arn:aws:iam::{account}:root")

    def call(self, call: FakeCall) -> Mapping[str, Any]:
        """Answer one call."""
        key = (call.service, call.operation)
        with self._lock:
            self.calls.append(call)
            if self._scripts[key]:
                outcome = self._scripts[key].popleft()
                if isinstance(outcome, Exception):
                    raise outcome
                return outcome
            if key not in self._answers:
                raise LookupError(f"the fake has no answer for {call.service}:{call.operation}")
            return self._answers[key](call)


class _Client:
    """One client; every attribute is an operation."""

    def __init__(self, sessions: FakeSessions, service: str, account: str, region: str) -> None:
        self._sessions, self._service, self._account, self._region = sessions, service, account, region

    def __getattr__(self, operation: str) -> Callable[..., Mapping[str, Any]]:
        def method(**parameters: Any) -> Mapping[str, Any]:
            return self._sessions.call(FakeCall(self._service, operation, self._account, self._region, parameters))

        return method

    def get_paginator(self, operation: str) -> _Paginator:
        """A paginator of one page."""
        return _Paginator(getattr(self, operation))


class _Paginator:
    """Gives the answer of one call as the only page."""

    def __init__(self, method: Callable[..., Mapping[str, Any]]) -> None:
        self._method = method

    def paginate(self, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        """The one page."""
        yield self._method(**parameters)


def _always(answer: Mapping[str, Any]) -> Answer:
    return lambda _: answer
