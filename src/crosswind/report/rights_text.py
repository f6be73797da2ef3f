"""What a role may do, and why, for the terminal. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosswind.prove import Call
from crosswind.report.rights import Asked, Right, RoleRights

__all__ = ["head", "headline", "lines"]

_STEP = "    "
_NARROWEST = 60


def headline(role: RoleRights) -> str:
    """A role in a line."""
    serves = f", for {', '.join(role.declared)}" if role.declared else ""
    return f"{role.name} in {role.account}{serves}"


def head(role: RoleRights, width: int) -> Iterator[str]:
    """What belongs below the headline: the ARN, and the templates that hold it."""
    yield f"{_STEP}{role.arn}"
    yield from _labelled("in", sorted({right.origin.file for right in role.rights}), width)


def lines(right: Right, width: int) -> Iterator[str]:
    """A statement: its name, then what it means, then why, each below the other.

    Args:
        right: the statement.
        width: of the terminal, in columns. An ARN that is longer stays whole, so that it can be copied.
    """
    width = max(width, _NARROWEST)
    statement = right.statement
    title = "who may take it" if right.kind == "trust" else right.policy
    yield title if right.kind == "trust" and not statement.sid else f"{statement.sid or 'statement'} ({title})"
    if statement.effect == "Deny":
        yield f"{_STEP}refuses"
    for label, meant, spared in (
        ("who", statement.principals, statement.not_principals),
        ("on", statement.resources, statement.not_resources),
    ):
        yield from _labelled(label, [*meant, *(f"all but {each}" for each in spared)], width)
    yield from _labelled("if", list(_conditions(statement.raw.get("Condition", {}))), width)
    if right.kind == "boundary":
        yield from _wrapped(
            ", ".join([*statement.actions, *(f"all but {a}" for a in statement.not_actions)]), _STEP, width
        )
    if right.reason:
        yield from _wrapped(f"stands for a reason: {right.reason}", _STEP, width)
    for actions, asked in right.alike:
        yield from _wrapped(", ".join(actions), _STEP, width)
        if not asked and not right.reason:
            yield f"{_STEP * 2}no flow needs it: see crosswind prove"
        for each in asked:
            yield from _wrapped(str(each.place), _STEP * 2, width)
            yield from _wrapped(told(each, own=right.kind != "trust"), _STEP * 3, width)


def told(asked: Asked, *, own: bool) -> str:
    """What is done, in a sentence without its end; who does it, unless it is the role itself."""
    by_who: dict[str, list[Call]] = {}
    for call in asked.calls:
        by_who.setdefault("" if own else _short(call.flow.who), []).append(call)
    return "; ".join(f"{who} {_words(calls)}".strip() for who, calls in by_who.items())


def _words(calls: Sequence[Call]) -> str:
    """What calls do; those that differ in their last word alone share the others: `deploys the stack one, two`."""
    alike: dict[str, dict[str, None]] = {}
    for call in calls:
        rest, _, last = call.flow.does.rpartition(" ")
        alike.setdefault(rest, {})[last] = None
    return "; ".join(f"{rest} {', '.join(last)}" for rest, last in alike.items())


def _short(who: str) -> str:
    return who.rpartition("/")[2] if ":role/" in who else who


def _conditions(written: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for operator, keys in written.items():
        for key, values in keys.items():
            yield f"{operator} {key} {values if isinstance(values, str) else ' or '.join(values)}"


def _labelled(label: str, texts: Sequence[str], width: int) -> Iterator[str]:
    for index, text in enumerate(texts):
        head = f"{_STEP}{label if index == 0 else '':<5}"
        yield from textwrap.wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head), **_WHOLE_WORDS)


def _wrapped(text: str, indent: str, width: int) -> Iterator[str]:
    yield from textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=f"{indent}  ", **_WHOLE_WORDS)


_WHOLE_WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
