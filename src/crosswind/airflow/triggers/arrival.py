"""The wait for handovers to arrive, in the triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.triggers.base import BaseTrigger, TriggerEvent

from crosswind.airflow.arrivals import ArrivalWatch, Awaited
from crosswind.airflow.hooks.cross_account import clients_of, forget
from crosswind.airflow.target import AwsTarget, Clients
from crosswind.airflow.triggers.threads import in_thread
from crosswind.errors import InputError, UnreachableError

__all__ = ["ArrivalTrigger"]


class ArrivalTrigger(BaseTrigger):
    """Look until all objects of the handovers are at the destination, one is known never to come, or time is up.

    Each way it ends in one event, `ArrivalStep.event`; a look that fails is a line in the log. What is proven is kept
    in memory: after a restart of the triggerer everything is looked at once more.

    Args:
        awaited: `Awaited.document()`: what for, where, until when.
    """

    def __init__(self, *, awaited: Mapping[str, Any]) -> None:
        super().__init__()
        self.awaited = Awaited.of(awaited)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The trigger as data."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"awaited": self.awaited.document()}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, with longer and longer pauses."""
        watch = ArrivalWatch(self.awaited, connect=_connected, renew=forget, log=self.log)
        while True:
            step = await in_thread(watch.step)
            if step.end is not None:
                yield TriggerEvent(step.event())
                return
            await asyncio.sleep(step.pause)


def _connected(target: AwsTarget) -> Clients:
    """A target's clients. The worker has used the same connection, so when it cannot be read now, it can be later."""
    try:
        clients = clients_of(target)
        clients.client("s3")
    except (AirflowRuntimeError, InputError) as error:
        raise UnreachableError(f"connection {target.connection!r} cannot be read: {error}") from error
    return clients
