"""A case of the case form, decided by Crosswind."""

from __future__ import annotations

from typing import Any

from crosswind.iam import Decision, Level, Policy, PolicyKind, PolicySet, Principal, Request, decide, parse

__all__ = ["decided", "policies_of", "request_of", "word"]

Case = dict[str, Any]


def word(case: Case) -> str:
    """The decision on a case: `Allow`, `ExplicitDeny`, `ImplicitDeny`, or `Error: ...`."""
    try:
        return decided(case).effect.value
    except Exception as error:  # noqa: BLE001 - whatever it raises is a finding
        return f"Error: {type(error).__name__}: {error}"


def decided(case: Case) -> Decision:
    """Crosswind's decision on a case."""
    return decide(request_of(case), policies_of(case))


def request_of(case: Case) -> Request:
    """A case's question."""
    asked = case["request"]
    principal = Principal.of(asked["principal"])
    return Request(asked["action"], asked["resource"], principal, asked["resourceAccount"], asked["context"])


def policies_of(case: Case) -> PolicySet:
    """A case's documents."""
    caller = Principal.of(case["request"]["principal"]).account
    owner = case["request"]["resourceAccount"]

    def all_of(documents: list[Any], kind: PolicyKind, account: str) -> tuple[Policy, ...]:
        return tuple(
            parse(each, kind, name=f"{kind.name.lower()}-{i}", account=account) for i, each in enumerate(documents)
        )

    def levels(given: list[Any], kind: PolicyKind, account: str) -> tuple[Level, ...]:
        return tuple(Level(each["level"], all_of(each["policies"], kind, account)) for each in given)

    boundary, session, resource = case["boundary"], case["sessionPolicy"], case["resourcePolicy"]
    return PolicySet(
        identity=all_of(case["identityPolicies"], PolicyKind.IDENTITY, caller),
        boundary=None if boundary is None else all_of(boundary, PolicyKind.BOUNDARY, caller),
        session=None if session is None else all_of([session], PolicyKind.SESSION, caller),
        resource=None if resource is None else all_of([resource], _kind(case["request"]["action"]), owner)[0],
        scps=levels(case["scps"], PolicyKind.SCP, caller),
        rcps=levels(case["rcps"], PolicyKind.RCP, owner),
        endpoint=all_of(case["endpointPolicies"], PolicyKind.ENDPOINT, caller),
        restrict_public_buckets=bool(case.get("blockPublicAccess")),
    )


def _kind(action: str) -> PolicyKind:
    if action.lower().startswith("sts:"):
        return PolicyKind.TRUST
    return PolicyKind.KEY if action.lower().startswith("kms:") else PolicyKind.RESOURCE
