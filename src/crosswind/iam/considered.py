"""What documents say together: every statement held against the question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from crosswind.iam.context import Question
from crosswind.iam.decision import Grantee, StatementResult
from crosswind.iam.policy import Policy, Statement

__all__ = ["Considered", "consider"]


class Considered(NamedTuple):
    """Documents of one layer, held against a question.

    Args:
        statements: every one, document by document.
        allowed: whether a statement with Allow matched.
        denied: whether a statement with Deny matched.
        grantees: by which forms of principal the matching Allow statements mean the caller; empty for documents that
            name no principal.
    """

    statements: tuple[StatementResult, ...]
    allowed: bool
    denied: bool
    grantees: frozenset[Grantee] = frozenset()


_NOBODY: frozenset[Grantee] = frozenset()
_NOTHING = Considered((), allowed=False, denied=False)


def consider(policies: Iterable[Policy], question: Question) -> Considered:
    """Hold every statement against the question.

    Action, Resource and Principal are always all looked at, for explanations; conditions only when these match. A
    question that is not put as a whole gets the same answer without the statements.

    Args:
        policies: of one layer.
        question: completed.
    """
    if not question.whole:
        return _weighed(policies, question)
    resource, values = question.request.resource, question.values
    results: list[StatementResult] = []
    allowed = denied = False
    grantees: list[Grantee] = []
    for policy in policies:
        for (statement, outcomes), action_met in zip(policy.ready, policy.about(question.action)[0], strict=True):
            resource_met = statement.covers(resource, values)
            result = outcomes[2 * action_met + resource_met]
            if statement.means_principal is not None:
                result = _with_principal(result, question)
            if action_met and resource_met and result.principal is not False:
                if statement.conditions:
                    result = _with_conditions(result, question)
                if not statement.conditions or result.matched:
                    denied = denied or statement.effect == "Deny"
                    allowed = allowed or statement.effect == "Allow"
                    if statement.effect == "Allow" and result.grantee is not None:
                        grantees.append(result.grantee)
            results.append(result)
    if not results:
        return _NOTHING
    return Considered(tuple(results), allowed, denied, frozenset(grantees) if grantees else _NOBODY)


def _weighed(policies: Iterable[Policy], question: Question) -> Considered:
    """What the statements say together: those about the action alone are looked at, and no further than it takes."""
    resource, values = question.request.resource, question.values
    allowed = denied = False
    grantees: list[Grantee] = []
    for policy in policies:
        for statement, _ in policy.about(question.action)[1]:
            if not statement.covers(resource, values):
                continue
            grantee = _grantee(statement, question) if statement.means_principal is not None else None
            if grantee is None and statement.means_principal is not None:
                continue
            if False in [condition.holds(values) for condition in statement.conditions]:
                continue
            if statement.effect == "Deny":
                denied = True
            elif statement.effect == "Allow":
                allowed = True
                if grantee is not None:
                    grantees.append(grantee)
    return Considered((), allowed, denied, frozenset(grantees) if grantees else _NOBODY)


def _with_principal(result: StatementResult, question: Question) -> StatementResult:
    statement = result.statement
    grantee = _grantee(statement, question)
    return StatementResult(statement, grantee is not None, result.action, result.resource, result.conditions, grantee)


def _grantee(statement: Statement, question: Question) -> Grantee | None:
    """By which form the statement means the caller.

    NotPrincipal means everybody whom it does not name in any form. AWS's page warns that some services look at
    account, role and session one after the other, so that a Deny should spare all three; which ones is not said. With
    Deny it also means everybody who has a permissions boundary, whomever it names
    (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html).
    """
    assert statement.means_principal is not None  # noqa: S101 - asked for documents with principals alone
    found = statement.means_principal.grantee(question.request.principal)
    if not statement.negates_principal:
        return found
    meant = found is None or (question.bounded and statement.effect == "Deny")
    return Grantee.NOT_PRINCIPAL if meant else None


def _with_conditions(result: StatementResult, question: Question) -> StatementResult:
    statement, values = result.statement, question.values
    return StatementResult(
        statement,
        result.principal,
        result.action,
        result.resource,
        tuple([condition.test(values) for condition in statement.conditions]),
        result.grantee,
    )
