"""Which statement came closest to allowing a request, and what it lacked first.

Nothing is decided here: the outcome of each element is read from the Decision. Patterns are compared with the
request only to say in which part of an ARN the two differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crosswind.iam.decision import ConditionResult, Decision, LayerResult, StatementResult
from crosswind.iam.explanation import Document, Mismatch, NearMiss
from crosswind.iam.match import glob
from crosswind.iam.policy import Statement
from crosswind.iam.variables import Piece, Template, Values

__all__ = ["nearest", "shown"]

_KEPT = 5
_PARTS = (Mismatch.PARTITION, Mismatch.SERVICE, Mismatch.REGION, Mismatch.ACCOUNT)
_WITHHELD = ("(withheld)",)
_SECRET = re.compile(r"(tag/|encryptioncontext:).*(secret|password|passwd|token|credential|private)", re.IGNORECASE)


@dataclass(frozen=True)
class _Failed:
    """An element that does not hold."""

    element: str
    expected: tuple[str, ...]
    actual: tuple[str, ...] | None
    mismatch: Mismatch
    operator: str = ""
    key: str = ""


def nearest(decision: Decision, layer: LayerResult, document: Document) -> NearMiss | None:
    """The Allow statement of a layer that came closest to matching.

    Ranked by the number of elements that hold; of equals, one whose Action holds comes first, then its principal,
    then its resource, then the statement that is most like the request, then the first.

    Args:
        decision: whose request.
        layer: that does not allow.
        document: the layer's, without a statement.

    Returns:
        None when no statement is near: none names the action, or the resource for another action.
    """
    near = [each for each in layer.statements if each.statement.effect == "Allow" and _is_near(decision, each)]
    if not near:
        return None
    best = max(near, key=lambda each: _rank(decision, each))
    failed = _first_failed(decision, best)
    if failed is None:
        return None
    statement = best.statement
    return NearMiss(
        document=Document(
            document.kind,
            document.name,
            document.layer,
            document.account,
            statement.policy or document.policy,
            statement.index,
            statement.sid,
        ),
        matched=_matched(best),
        element=failed.element,
        expected=failed.expected,
        actual=failed.actual,
        mismatch=failed.mismatch,
        operator=failed.operator,
        key=failed.key,
    )


def shown(key: str, values: Sequence[str]) -> tuple[str, ...]:
    """A condition key's values as they may be shown: a tag or encryption context named like a secret is withheld."""
    return _WITHHELD if values and _SECRET.search(key) else tuple(values)


def _matched(result: StatementResult) -> tuple[str, ...]:
    held = (
        ("Principal", result.principal is True),
        ("Action", result.action),
        ("Resource", result.resource is True),
        ("Condition", bool(result.conditions) and all(each.met for each in result.conditions or ())),
    )
    return tuple(name for name, holds in held if holds)


def _is_near(decision: Decision, result: StatementResult) -> bool:
    if result.matched:
        return False
    if result.action:
        return True
    patterns = [each for each in result.statement.resources if each != "*"]
    return result.resource is True and bool(patterns) and _service_of(decision) in _services(result.statement)


def _rank(decision: Decision, result: StatementResult) -> tuple[int, bool, bool, bool, int, int]:
    return (
        len(_matched(result)),
        result.action,
        result.principal is True,
        result.resource is True,
        _likeness(decision, result.statement),
        -result.statement.index,
    )


def _likeness(decision: Decision, statement: Statement) -> int:
    resource = max((_common(each, decision.request.resource) for each in statement.resources), default=0)
    action = max((_common(each.lower(), decision.request.action.lower()) for each in statement.actions), default=0)
    return resource + action


def _first_failed(decision: Decision, result: StatementResult) -> _Failed | None:
    if result.principal is False:
        return _principal(decision, result.statement)
    if not result.action:
        return _action(decision, result.statement)
    if result.resource is False:
        return _resource(decision, result.statement)
    return next((_condition(each) for each in result.conditions or () if not each.met), None)


def _principal(decision: Decision, statement: Statement) -> _Failed:
    caller = decision.request.principal
    actual = (caller.arn or "anonymous",)
    if statement.not_principals:
        return _Failed("NotPrincipal", statement.not_principals[:_KEPT], actual, Mismatch.PRINCIPAL)
    wanted = tuple(sorted(statement.principals, key=lambda each: -_common(each, caller.arn)))
    if {caller.arn, caller.role_arn} & set(wanted):
        mismatch = Mismatch.PRINCIPAL_ID
    elif caller.account and not any(caller.account in each for each in wanted):
        mismatch = Mismatch.ACCOUNT
    else:
        mismatch = Mismatch.PRINCIPAL
    return _Failed("Principal", wanted[:_KEPT], actual, mismatch)


def _action(decision: Decision, statement: Statement) -> _Failed:
    action = decision.request.action
    if statement.not_actions:
        return _Failed("NotAction", statement.not_actions[:_KEPT], (action,), Mismatch.ACTION)
    wanted = tuple(sorted(statement.actions, key=lambda each: -_common(each.lower(), action.lower())))
    known = _service_of(decision) in _services(statement)
    return _Failed("Action", wanted[:_KEPT], (action,), Mismatch.ACTION if known else Mismatch.SERVICE)


def _resource(decision: Decision, statement: Statement) -> _Failed:
    arn = decision.request.resource
    if statement.not_resources:
        excluded = _resolved(decision, statement.not_resources)
        return _Failed("NotResource", excluded[:_KEPT], (arn,), Mismatch.RESOURCE_ID)
    patterns = _resolved(decision, statement.resources)
    wanted = tuple(sorted(patterns, key=lambda each: (-_agreeing(each, arn), -_common(each, arn))))
    return _Failed("Resource", wanted[:_KEPT], (arn,), _part(wanted[0], arn) if wanted else Mismatch.RESOURCE_ID)


def _resolved(decision: Decision, patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns with their policy variables filled in; one that cannot be filled stays as it is written."""
    context = decision.request.context
    values: Values = {key.lower(): each if isinstance(each, str) else tuple(each) for key, each in context.items()}
    found = []
    for pattern in patterns:
        template = Template.of(pattern)
        pieces = template.resolve(values) if template else None
        found.append(pattern if pieces is None else "".join(piece.text for piece in pieces))
    return tuple(found)


def _condition(result: ConditionResult) -> _Failed:
    absent = result.actual is None
    return _Failed(
        "Condition",
        shown(result.key, result.wanted)[:_KEPT],
        None if result.actual is None else shown(result.key, result.actual)[:_KEPT],
        Mismatch.KEY_ABSENT if absent else Mismatch.KEY_DIFFERS,
        result.operator,
        result.key,
    )


def _part(pattern: str, arn: str) -> Mismatch:
    """The first part of an ARN that differs."""
    wanted, actual = pattern.split(":", 5), arn.split(":", 5)
    if len(wanted) == len(actual) == 6:
        for mismatch, want, have in zip(_PARTS, wanted[1:5], actual[1:5], strict=True):
            if not _like(want, have):
                return mismatch
    return Mismatch.RESOURCE_ID


def _agreeing(pattern: str, arn: str) -> int:
    """How many parts of an ARN agree with a pattern."""
    return sum(_like(want, have) for want, have in zip(pattern.split(":", 5), arn.split(":", 5), strict=False))


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(glob((Piece(pattern, literal=False),)), re.DOTALL)


def _like(pattern: str, value: str) -> bool:
    return pattern == value or bool(_expression(pattern).fullmatch(value))


def _common(one: str, other: str) -> int:
    """The length of what two texts begin with alike."""
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))


def _service_of(decision: Decision) -> str:
    return decision.request.action.partition(":")[0].lower()


def _services(statement: Statement) -> set[str]:
    named: Iterable[str] = (*statement.actions, *statement.not_actions)
    return {each.partition(":")[0].lower() for each in named}
