"""Make a case as small as it gets while something still holds of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["derived", "minimized"]

Case = dict[str, Any]
# The members of documents, statements and levels: none may go (but Condition).
_KEPT = {"Statement", "Effect", "Action", "NotAction", "policies"}
_EMPTY: dict[str, Any] = {
    "identityPolicies": [],
    "resourcePolicy": None,
    "boundary": None,
    "sessionPolicy": None,
    "scps": [],
    "rcps": [],
    "endpointPolicies": [],
    "blockPublicAccess": False,
}


def minimized(case: Case, holds: Callable[[Case], bool]) -> Case:
    """The smallest case found by leaving parts away, one at a time, while `holds` stays true.

    Args:
        case: a case of which `holds` is true; it is not changed.
        holds: asked of every candidate.
    """
    current = case
    while True:
        smaller = next((each for each in _smaller(current) if holds(each)), None)
        if smaller is None:
            return current
        current = smaller


def _smaller(case: Case) -> Iterator[Case]:
    """Candidates with one part less, the largest parts first."""
    # What a root user may do is an identity policy to the engine: without it the case would be another one.
    parts = {name: empty for name, empty in _EMPTY.items() if name != "identityPolicies" or not _root(case)}
    for name, empty in parts.items():
        if case.get(name, empty) != empty:
            yield case | {name: empty}
    for name in parts:
        if isinstance(case.get(name), list | dict):
            for part in _without_one(case[name]):
                yield case | {name: part}
    request = case["request"]
    for key in request["context"]:
        if not derived(key):
            yield case | {"request": request | {"context": {k: v for k, v in request["context"].items() if k != key}}}


def _root(case: Case) -> bool:
    return str(case["request"]["principal"]).endswith(":root")


def _without_one(value: Any) -> Iterator[Any]:
    """The value without one of its parts, at any depth; single values come out of their lists."""
    if isinstance(value, list):
        yield from _shorter_list(value)
    elif isinstance(value, dict):
        yield from _smaller_object(value)


def _shorter_list(value: list[Any]) -> Iterator[Any]:
    if len(value) > 1:
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]
    elif value and isinstance(value[0], str):
        yield value[0]
    for index, part in enumerate(value):
        for smaller in _without_one(part):
            yield [*value[:index], smaller, *value[index + 1 :]]


def _smaller_object(value: dict[str, Any]) -> Iterator[Any]:
    for name in value:
        if len(value) > 1 and (name == "Condition" or _is_free(value)):
            yield {key: part for key, part in value.items() if key != name}
    for name, part in value.items():
        for smaller in _without_one(part):
            yield value | {name: smaller}


def _is_free(value: dict[str, Any]) -> bool:
    """Whether any member may go: a Condition element, one operator's block, or a Principal with several kinds."""
    return not value.keys() & _KEPT


def derived(key: str) -> bool:
    """Whether AWS itself adds this condition key to a request; the engine adds none, so a case keeps it."""
    return key.lower() in {
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principaltype",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:resourceaccount",
        "aws:userid",
        "aws:username",
    }
