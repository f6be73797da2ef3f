"""boto3-shaped clients of the simulated AWS, and the boundary that every call crosses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError

from tests.simulator.aws.errors import expired, lost, throttled
from tests.simulator.clock import Clock

__all__ = ["Blow", "Caller", "Client", "Crash", "Steady"]

# botocore's legacy mode: five tries in all.
_TRIES = 5
_SESSION_LOADER = botocore.session.Session()


class Crash(BaseException):
    """The process is gone. Derived from BaseException: no `except Exception` saves it."""


class Blow(StrEnum):
    """What a call may meet."""

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    LOST = "answer lost"
    RESENT = "answer lost, and sent again by the client"
    THROTTLED = "throttled"
    EXPIRED = "session expired"
    DELAYED = "delayed"


class Caller(Protocol):
    """Who calls: a process of the simulated Airflow."""

    def enter(self, service: str, operation: str) -> Blow | None:
        """Called before every call. May let time pass, run others meanwhile, or raise Crash."""

    def leave(self, blow: Blow | None) -> None:
        """Called after every call that was carried out."""


class Steady:
    """A caller whom nothing happens to."""

    def enter(self, service: str, operation: str) -> Blow | None:
        return None

    def leave(self, blow: Blow | None) -> None:
        return None


class Service(Protocol):
    """One AWS service: a method an operation, named as in boto3, which takes the parameters as a mapping."""

    name: str
    patience: float
    """Seconds for which the client at hand waits for an answer."""


class Client:
    """One client. Attributes are operations.

    Args:
        service: whose handlers answer.
        clock: settled before every call.
        caller: who calls.
        once: whether the client never sends a call twice (botocore's retries are switched off).
        patience: seconds for which it waits for an answer.
    """

    def __init__(
        self, service: Service, clock: Clock, caller: Caller, *, once: bool = False, patience: float = 60.0
    ) -> None:
        self._service = service
        self._clock = clock
        self._caller = caller
        self._once = once
        self._patience = patience

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        if operation.startswith("_"):
            raise AttributeError(operation)
        handler: Callable[[Mapping[str, Any]], dict[str, Any]] = getattr(self._service, operation)
        name = self._service.name
        allowed, required = members(name, operation)
        clock, enter, leave, once = self._clock, self._caller.enter, self._caller.leave, self._once
        service, patience = self._service, self._patience

        def call(**parameters: Any) -> dict[str, Any]:
            given = parameters.keys()
            if not (given <= allowed and required <= given):
                raise ParamValidationError(report=f"{operation}: {sorted(given ^ required)}")
            blow = enter(name, operation)
            if blow is not None:
                if once and blow is Blow.RESENT:
                    blow = Blow.LOST
                _before(blow, name, operation)
            clock.settle()
            service.patience = patience
            try:
                answer = _sent(handler, parameters, 1 if once else _TRIES)
                if blow is Blow.RESENT:
                    answer = handler(parameters)
            except (ClientError, ReadTimeoutError):
                leave(blow)
                if blow is Blow.LOST:
                    raise lost(operation) from None
                raise
            leave(blow)
            if blow is Blow.LOST:
                raise lost(operation)
            return answer

        setattr(self, operation, call)
        return call

    @property
    def meta(self) -> SimpleNamespace:
        """The service's model, as boto3 has it."""
        return SimpleNamespace(service_model=_SESSION_LOADER.get_service_model(self._service.name))

    def get_paginator(self, operation: str) -> Paginator:
        """A paginator, as boto3's."""
        return Paginator(getattr(self, operation), _TOKENS[operation])

    def close(self) -> None:
        """Nothing is open."""


class Paginator:
    """Follows an operation's tokens."""

    def __init__(self, method: Callable[..., dict[str, Any]], tokens: tuple[tuple[str, str], ...]) -> None:
        self._method, self._tokens = method, tokens

    def paginate(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        """The pages."""
        config = parameters.pop("PaginationConfig", {})
        left = config.get("MaxItems")
        while True:
            page = self._method(**parameters)
            yield page
            found = {name: page[token] for name, token in self._tokens if page.get(token)}
            if not found or left is not None:
                return
            parameters.update(found)


_NEXT = (("NextToken", "NextToken"),)
_TOKENS: dict[str, tuple[tuple[str, str], ...]] = {
    "list_objects_v2": (("ContinuationToken", "NextContinuationToken"),),
    "list_object_versions": (("KeyMarker", "NextKeyMarker"), ("VersionIdMarker", "NextVersionIdMarker")),
    "list_parts": (("PartNumberMarker", "NextPartNumberMarker"),),
    "list_multipart_uploads": (("KeyMarker", "NextKeyMarker"), ("UploadIdMarker", "NextUploadIdMarker")),
    "get_job_runs": _NEXT,
    "list_training_jobs": _NEXT,
    "list_processing_jobs": _NEXT,
    "list_tags": _NEXT,
    "filter_log_events": (("nextToken", "nextToken"),),
    "describe_log_streams": (("nextToken", "nextToken"),),
}


@cache
def members(service: str, operation: str) -> tuple[frozenset[str], frozenset[str]]:
    """The parameters that an operation knows, and those that it needs: boto3 refuses others before it sends."""
    for name, shape in _operations(service):
        if name == operation:
            return frozenset(shape.members), frozenset(shape.required_members)
    raise LookupError(f"{service} has no operation {operation}")


@cache
def _operations(service: str) -> tuple[tuple[str, Any], ...]:
    model = _SESSION_LOADER.get_service_model(service)
    return tuple((xform_name(name), model.operation_model(name).input_shape) for name in model.operation_names)


def _sent(handler: Callable[[Mapping[str, Any]], dict[str, Any]], parameters: Mapping[str, Any], tries: int) -> Any:
    """The answer; a call that takes longer than the client waits is sent again, as botocore does."""
    while True:
        try:
            return handler(parameters)
        except ReadTimeoutError:
            tries -= 1
            if tries <= 0:
                raise


def _before(blow: Blow, service: str, operation: str) -> None:
    if blow is Blow.CRASH_BEFORE:
        raise Crash
    if blow is Blow.THROTTLED:
        raise throttled(service, operation)
    if blow is Blow.EXPIRED:
        raise expired(service, operation)
