"""What documents say together: every statement held against the question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crosswind.iam.context import Question
from crosswind.iam.decision import Grantee, StatementResult
from crosswind.iam.policy import Policy, Statement

__all__ = ["Considered", "consider"]


@dataclass(frozen=True, slots=True)
class Considered:
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


_NOTHING = Considered((), allowed=False, denied=False)


def consider(policies: Iterable[Policy], question: Question) -> Considered:
    """Hold every statement against the question.

    Action and Resource are always both looked at, for explanations; principals and conditions of a statement only
    when these two match (conditions) or the document names principals. This is the inner loop of every decision:
    the patterns' two cheap tests stand here and not behind calls, and the results of a statement without a say of
    principal or conditions were made when it was parsed.

    Args:
        policies: of one layer.
        question: completed.
    """
    action, resource, values = question.action, question.request.resource, question.values
    results: list[StatementResult] = []
    keep = results.append
    allowed = denied = False
    grantees: set[Grantee] = set()
    for policy in policies:
        for statement, outcomes in policy.ready:
            patterns = statement.means_action
            search = patterns.search
            action_met = (
                action in patterns.exact
                or action.startswith(patterns.prefixes)
                or (search is not None and search(action) is not None)
            ) is not statement.negates_action
            resources = statement.means_resource
            if resources is None:
                resource_met = True
            else:
                search = resources.search
                resource_met = (
                    resource.startswith(resources.prefixes)
                    or resource in resources.exact
                    or (search is not None and search(resource) is not None)
                    or (bool(resources.templates) and resources.match_templates(resource, values))
                ) is not statement.negates_resource
            result = outcomes[2 * action_met + resource_met]
            if statement.means_principal is not None:
                result = _with_principal(result, question)
                if result.principal and action_met and resource_met and statement.conditions:
                    result = _with_conditions(result, question)
            elif action_met and resource_met and statement.conditions:
                result = _with_conditions(result, question)
            elif not (action_met and resource_met):
                keep(result)
                continue
            keep(result)
            if result.matched:
                if statement.effect == "Deny":
                    denied = True
                else:
                    allowed = True
                    if result.grantee is not None:
                        grantees.add(result.grantee)
    if not results:
        return _NOTHING
    return Considered(tuple(results), allowed, denied, frozenset(grantees))


def _with_principal(result: StatementResult, question: Question) -> StatementResult:
    statement = result.statement
    grantee = _grantee(statement, question)
    return StatementResult(statement, grantee is not None, result.action, result.resource, result.conditions, grantee)


def _grantee(statement: Statement, question: Question) -> Grantee | None:
    """By which form the statement means the caller.

    NotPrincipal means everybody whom it does not name in any form. AWS's page warns that some services look at
    account, role and session one after the other, so that a Deny should spare all three
    (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html); which ones is not said.
    """
    assert statement.means_principal is not None  # noqa: S101 - asked for documents with principals alone
    found = statement.means_principal.grantee(question.request.principal)
    if not statement.negates_principal:
        return found
    return Grantee.NOT_PRINCIPAL if found is None else None


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
