"""Blocking calls out of a trigger."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async  # type: ignore[import-not-found, unused-ignore]  # Airflow brings it

__all__ = ["in_thread"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


async def in_thread(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Run a blocking function in a thread, so that the triggerer's other triggers go on.

    Not `asyncio.to_thread`: up to Airflow 3.2 a trigger's connection is asked for by `async_to_sync`, which finds the
    triggerer's event loop from asgiref's own threads only; elsewhere it fails with "attached to a different loop".
    A thread cannot be cancelled: the function goes on when the trigger is, so it must be safe to finish alone.
    """
    result: _R = await sync_to_async(function, thread_sensitive=False)(*args, **kwargs)
    return result
