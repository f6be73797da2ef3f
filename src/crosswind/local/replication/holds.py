"""Replicas held back, lost, late or failed on demand: an operation of this world alone, for tests and demonstrations.

`POST /_crosswind/replication` with `{"match": "transformed/*train*", "effect": "hold"}`; `GET` tells what stands.

| effect | what happens to replicas whose keys match |
|---|---|
| `hold` | they stay PENDING until `release` |
| `lose` | they stay PENDING for ever |
| `delay` | they come `seconds` later |
| `fail` | they end as FAILED with `reason`, one of S3's own, and S3's event is sent |
| `release` | ends what was said for this same `match` (`*`: everything), and replicates what is held and matches |

`match` is a pattern as shells have it, over the whole key; `count` limits an effect to the first so many versions. What
was said first counts first. It touches no version that has arrived.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from crosswind.local.replication.failures import REASONS

__all__ = ["Effect", "Hold", "HoldError", "Holds", "order_of"]

_MEMBERS = {"match": str, "effect": str, "seconds": (int, float), "count": int, "reason": str}


class Effect(StrEnum):
    """What happens to a replica; `release` ends the others."""

    HOLD = "hold"
    LOSE = "lose"
    DELAY = "delay"
    FAIL = "fail"
    RELEASE = "release"


class HoldError(Exception):
    """An order that cannot be understood."""


@dataclass(frozen=True)
class Hold:
    """One order.

    Args:
        match: a shell's pattern, over the key.
        effect: what happens.
        seconds: how much later, for `delay`.
        count: how many more versions it is for; None for all.
        reason: S3's failure reason, for `fail`.
    """

    match: str
    effect: Effect
    seconds: float = 0.0
    count: int | None = None
    reason: str = "DstPutObjectNotPermitted"

    def document(self) -> dict[str, Any]:
        """The order as plain data."""
        return asdict(self)


def order_of(body: bytes) -> Hold:
    """The order in a request's body.

    Raises:
        HoldError: it is none, with what would be.
    """
    try:
        document = json.loads(body)
    except ValueError:
        raise HoldError("the body is not JSON") from None
    if not isinstance(document, Mapping) or not {"match", "effect"} <= document.keys():
        raise HoldError('give an object with "match" and "effect"')
    given = {name: value for name, value in document.items() if value is not None}
    for name, value in given.items():
        if name not in _MEMBERS or isinstance(value, bool) or not isinstance(value, _MEMBERS[name]):  # type: ignore[arg-type] # a type, or two
            raise HoldError(f"{name}: {value!r} is not valid; valid: {', '.join(_MEMBERS)}")
    if given["effect"] not in set(Effect):
        raise HoldError(f"effect: {given['effect']!r} is not valid; valid: {', '.join(Effect)}")
    order = Hold(**{**given, "effect": Effect(given["effect"])})
    if not order.match or (order.count is not None and order.count < 1) or order.seconds < 0:
        raise HoldError('"match" may not be empty, "count" is 1 or more, "seconds" 0 or more')
    if order.effect is Effect.DELAY and not order.seconds:
        raise HoldError('"delay" needs "seconds"')
    if order.effect is Effect.FAIL and order.reason not in REASONS:
        raise HoldError(f"reason: {order.reason!r} is not valid; valid: {', '.join(sorted(REASONS))}")
    return order


class Holds:
    """The orders that stand. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Hold] = []

    def give(self, order: Hold) -> None:
        """Let an order stand; `release` ends those of its pattern."""
        with self._lock:
            if order.effect is Effect.RELEASE:
                self._orders = [one for one in self._orders if order.match not in ("*", one.match)]
            else:
                self._orders.append(order)

    def taken(self, key: str) -> Hold | None:
        """The first order for a key, counted down; None when its replica may go."""
        with self._lock:
            for index, one in enumerate(self._orders):
                if fnmatchcase(key, one.match):
                    if one.count == 1:
                        del self._orders[index]
                    elif one.count is not None:
                        self._orders[index] = replace(one, count=one.count - 1)
                    return one
        return None

    def standing(self) -> list[dict[str, Any]]:
        """The orders that stand, as plain data."""
        with self._lock:
            return [one.document() for one in self._orders]
