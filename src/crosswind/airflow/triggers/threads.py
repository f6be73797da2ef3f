"""Blocking calls out of a trigger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async

__all__ = ["in_thread", "in_thread_of_kills"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

# The event loop's own threads are few (the processors and 4) and Airflow's too: looks at a Region that does not answer
# would hold them all. A kill has 30 seconds (`triggerer.on_kill_timeout`), so it waits behind no look.
_LOOKS = ThreadPoolExecutor(64, thread_name_prefix="crosswind-look")
_KILLS = ThreadPoolExecutor(8, thread_name_prefix="crosswind-kill")


async def in_thread(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Run a blocking function in a thread, so that the triggerer's other triggers go on.

    A thread cannot be cancelled: the function goes on when the trigger is, so it must be safe to finish alone.
    """
    return await _run(_LOOKS, function, *args, **kwargs)


async def in_thread_of_kills(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """`in_thread`, for what ends a job."""
    return await _run(_KILLS, function, *args, **kwargs)


async def _run(pool: ThreadPoolExecutor, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    # Not `asyncio.to_thread`: up to Airflow 3.2 a trigger's connection is asked for by `async_to_sync`, which finds the
    # triggerer's event loop from asgiref's own threads only; elsewhere it fails with "attached to a different loop".
    threaded = sync_to_async(function, thread_sensitive=False, executor=pool)
    # A shield, since asgiref swallows the message of a cancellation, by which Airflow knows a person's act (on_kill).
    result: _R = await asyncio.shield(asyncio.ensure_future(threaded(*args, **kwargs)))
    return result
