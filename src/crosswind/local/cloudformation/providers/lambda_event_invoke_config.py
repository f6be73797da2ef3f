"""AWS::Lambda::EventInvokeConfig."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import offering, picked, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError

__all__ = ["LambdaEventInvokeConfig"]

_NAMES = ("FunctionName", "Qualifier")
_SETTINGS = ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")


class LambdaEventInvokeConfig:
    """How often and how long Lambda tries a function's asynchronous events."""

    type_name = "AWS::Lambda::EventInvokeConfig"
    offers = offering(*_NAMES, *_SETTINGS)
    attributes: frozenset[str] = frozenset()
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        client, names = context.client("lambda"), picked(properties, *_NAMES)
        physical_id = f"{properties['FunctionName']}|{properties['Qualifier']}"
        there = False
        with unless_gone():
            client.get_function_event_invoke_config(**names)
            there = True
        if there:
            raise ResourceError(f"{physical_id} already exists", "AlreadyExists")
        client.put_function_event_invoke_config(**names, **_settings(properties))
        context.made(physical_id)
        return Made(physical_id)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        # Put, not update: what the template drops goes back to AWS's own.
        context.client("lambda").put_function_event_invoke_config(**picked(new, *_NAMES), **_settings(new))
        return Made(physical_id)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("lambda").delete_function_event_invoke_config(**picked(properties, *_NAMES))


def _settings(properties: Properties) -> dict[str, int]:
    return {name: int(value) for name, value in picked(properties, *_SETTINGS).items()}
