"""How often and for how long Lambda tries an asynchronous event: a function's event invoke configuration.

Rules: docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html,
docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html. Destinations are not offered: nobody would
decide what Lambda sends there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crosswind.local.edge.call import Call, Handler, ServiceError
from crosswind.local.engines.lambda_names import NamedFunction, named_function
from crosswind.local.engines.seams import Definitions

__all__ = ["EventInvokeConfigs", "Retries"]

_MOST_ATTEMPTS, _SHORTEST, _LONGEST = 2, 60, 21_600
_SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")


@dataclass(frozen=True)
class Retries:
    """What is done about an event that the function failed on.

    Args:
        attempts: how often it is tried again.
        seconds: how old it may get.
    """

    attempts: int = _MOST_ATTEMPTS
    seconds: float = _LONGEST


class EventInvokeConfigs:
    """The edge service for event invoke configurations. They lie with the functions, in moto, and end with them.

    Args:
        definitions: the functions that moto keeps.
    """

    name = "lambda"

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self.operations: Mapping[str, Handler] = {
            "PutFunctionEventInvokeConfig": self._put,
            "UpdateFunctionEventInvokeConfig": self._update,
            "GetFunctionEventInvokeConfig": self._get,
            "DeleteFunctionEventInvokeConfig": self._delete,
            "ListFunctionEventInvokeConfigs": self._list,
        }

    def retries(self, account: str, region: str, name: str) -> Retries:
        """What is configured for a function, by its name; AWS's defaults where nothing is."""
        kept = self._definitions.event_invoke_config(account, region, name) or {}
        settings = Retries()
        return Retries(
            int(kept.get("MaximumRetryAttempts", settings.attempts)),
            float(kept.get("MaximumEventAgeInSeconds", settings.seconds)),
        )

    def _put(self, call: Call) -> Mapping[str, Any]:
        return self._keep(call, {})

    def _update(self, call: Call) -> Mapping[str, Any]:
        return self._keep(call, self._kept(call))

    def _get(self, call: Call) -> Mapping[str, Any]:
        return self._kept(call)

    def _delete(self, call: Call) -> Mapping[str, Any]:
        self._kept(call)
        account, region, name, *_ = self._function(call)
        self._definitions.put_event_invoke_config(account, region, name, None)
        return {}

    def _list(self, call: Call) -> Mapping[str, Any]:
        account, region, name, *_ = self._function(call)
        kept = self._definitions.event_invoke_config(account, region, name)
        return {"FunctionEventInvokeConfigs": [kept] if kept else []}

    def _keep(self, call: Call, before: Mapping[str, Any]) -> Mapping[str, Any]:
        account, region, name, arn, _ = self._function(call)
        given = {member: call.parameters[member] for member in _SETTINGS if member in call.parameters}
        _check(given)
        if any((call.parameters.get("DestinationConfig") or {}).values()):
            raise ServiceError("NotImplemented", "The local world sends no results of Lambda to destinations.", 501)
        kept = {
            **before,
            **given,
            "FunctionArn": f"{arn}:$LATEST",
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
            "LastModified": datetime.now(UTC),
        }
        self._definitions.put_event_invoke_config(account, region, name, kept)
        return kept

    def _kept(self, call: Call) -> Mapping[str, Any]:
        account, region, name, arn, _ = self._function(call)
        kept = self._definitions.event_invoke_config(account, region, name)
        if kept is None:
            text = f"The function {arn}:$LATEST doesn't have an EventInvokeConfig"
            raise ServiceError("ResourceNotFoundException", text, 404)
        return kept

    def _function(self, call: Call) -> NamedFunction:
        """The function, which is there."""
        named = named_function(call)
        if self._definitions.lambda_function(named.account, named.region, named.name) is None:
            raise ServiceError("ResourceNotFoundException", f"Function not found: {named.arn}", 404)
        return named


def _check(given: Mapping[str, Any]) -> None:
    for member, (least, most) in zip(_SETTINGS, ((0, _MOST_ATTEMPTS), (_SHORTEST, _LONGEST)), strict=True):
        if member in given and not least <= given[member] <= most:
            raise ServiceError(
                "InvalidParameterValueException", f"{member} must be between {least} and {most}, not {given[member]}."
            )
