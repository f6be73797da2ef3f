"""Statements in as many policies as IAM's limits ask for: split, never widened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["POLICIES", "POLICY_CHARACTERS", "ROLE_CHARACTERS", "by_noun", "filled", "packed", "size"]

# docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, white space not counted.
ROLE_CHARACTERS = 10_240
"""All inline policies of a role together."""
POLICY_CHARACTERS = 6_144
"""One managed policy."""
POLICIES = 10
"""How many managed policies a role may have."""
_AROUND = len('{"Version":"2012-10-17","Statement":[]}')
_SPARE = _AROUND + 10  # and the number after a part's Sid

Statement = Mapping[str, Any]


def packed(statements: Sequence[Statement]) -> list[list[Statement]]:
    """The statements in their order, in as few managed policies as hold them.

    Args:
        statements: one that is longer than a policy becomes several, each with a part of its resources and a number
            after its Sid; one that stands under a condition of the template stays whole.
    """
    parts: list[list[Statement]] = []
    used = POLICY_CHARACTERS
    for statement in _pieces(statements):
        length = size(statement) + 1
        if used + length > POLICY_CHARACTERS:
            parts.append([])
            used = _AROUND
        parts[-1].append(statement)
        used += length
    return parts


def by_noun(groups: Mapping[str, Sequence[Statement]]) -> dict[str, list[Statement]]:
    """Statements in managed policies by name: one a noun, or several; filled over nouns where a role takes no more.

    Args:
        groups: the statements by noun.
    """
    parts = {
        noun if number == 1 else f"{noun}-{number}": part
        for noun, statements in groups.items()
        for number, part in enumerate(packed(statements), start=1)
    }
    if len(parts) <= POLICIES:
        return parts
    every = [statement for statements in groups.values() for statement in statements]
    return {f"part-{number}": part for number, part in enumerate(filled(every), start=1)}


def filled(statements: Sequence[Statement]) -> list[list[Statement]]:
    """The statements in their order, each policy filled up: a statement goes on in the next with its other resources.

    Args:
        statements: one that does not fit becomes several, as with `packed`.
    """
    parts: list[list[Statement]] = []
    room = 0
    for statement in statements:
        left, number = statement, 1
        while left:
            fits, rest = _divided(left, room)
            if fits:
                named = {**fits, "Sid": f"{statement['Sid']}{number}"} if number > 1 else fits
                parts[-1].append(named)
                room -= size(named) + 1
                number += 1
            if rest:
                parts.append([])
                room = POLICY_CHARACTERS - _AROUND
            left = rest
    return parts


def _divided(statement: Statement, room: int) -> tuple[Statement, Statement]:
    """What of a statement fits into some characters, and the rest; empty where there is none."""
    resources = statement.get("Resource")
    room -= _SPARE - _AROUND + 1
    if size(statement) <= room:
        return statement, {}
    if not isinstance(resources, list) or len(resources) == 1:
        if room >= POLICY_CHARACTERS - 2 * _AROUND:  # an empty policy: nothing is gained by a further one
            return statement, {}
        return {}, statement
    used, count = size({**statement, "Resource": []}), 0
    while used + size(resources[count]) + 1 <= room:
        used += size(resources[count]) + 1
        count += 1
    if not count:
        return {}, statement
    return {**statement, "Resource": resources[:count]}, {**statement, "Resource": resources[count:]}


def size(content: Any) -> int:
    """The characters of a statement, or of several, once CloudFormation has resolved it; or a few more."""
    return len(json.dumps(_plain(content), separators=(",", ":")))


def _pieces(statements: Sequence[Statement]) -> Iterator[Statement]:
    """Each statement, or where it is too long for a policy several with a part of its resources each."""
    for statement in statements:
        resources = statement.get("Resource")
        if not isinstance(resources, list):
            yield statement
            continue
        count = 1
        parts = [resources]
        while any(size({**statement, "Resource": part}) > POLICY_CHARACTERS - _SPARE for part in parts):
            count += 1
            parts = [resources[start::count] for start in range(count)]
        for number, part in enumerate(parts, start=1):
            sid = statement["Sid"] if number == 1 else f"{statement['Sid']}{number}"
            yield {**statement, "Sid": sid, "Resource": part}


def _plain(content: Any) -> Any:
    """Content with each `Fn::Sub` as its text: a pseudo parameter's name is no shorter than its values."""
    if isinstance(content, Mapping):
        if set(content) == {"Fn::Sub"}:
            return content["Fn::Sub"]
        return {key: _plain(value) for key, value in content.items()}
    return [_plain(item) for item in content] if isinstance(content, list | tuple) else content
