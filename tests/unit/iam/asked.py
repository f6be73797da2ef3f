"""Questions for tests: documents in short, decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.iam import Decision, Level, Policy, PolicyKind, PolicySet, Principal, Request, decide, parse

HUB, DATA = "111111111111", "222222222222"
SESSION = f"arn:aws:sts::{HUB}:assumed-role/mwaa-exec/airflow"
ROLE = f"arn:aws:iam::{HUB}:role/mwaa-exec"
TARGET = f"arn:aws:iam::{DATA}:role/etl"
SECRET = f"arn:aws:secretsmanager:us-east-1:{DATA}:secret:s-AbCdEf"


def document(kind: PolicyKind, *statements: Mapping[str, Any], name: str = "", arn: str = "") -> Policy:
    """A document, in the account where its kind belongs."""
    account = DATA if kind in (PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.KEY, PolicyKind.RCP) else HUB
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, kind, name=name, arn=arn, account=account)


def allow(action: str | Sequence[str], resource: str | Sequence[str] = "*", **more: Any) -> dict[str, Any]:
    """An Allow statement of an identity-based policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | Sequence[str], resource: str | Sequence[str] = "*", **more: Any) -> dict[str, Any]:
    """A Deny statement of an identity-based policy."""
    return {**allow(action, resource, **more), "Effect": "Deny"}


def identity(*statements: Mapping[str, Any], name: str = "granted", arn: str = "") -> tuple[Policy, ...]:
    """An identity-based policy of the caller."""
    return (document(PolicyKind.IDENTITY, *statements, name=name, arn=arn),)


def trust(principal: Mapping[str, Any] | str, **more: Any) -> Policy:
    """A role's trust policy of one statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return document(PolicyKind.TRUST, statement)


def resource(*statements: Mapping[str, Any], kind: PolicyKind = PolicyKind.RESOURCE) -> Policy:
    """A resource's policy."""
    return document(kind, *statements)


def level(*statements: Mapping[str, Any], kind: PolicyKind = PolicyKind.SCP, arn: str = "") -> tuple[Level, ...]:
    """One level of an organization."""
    return (Level("Root", (document(kind, *statements, name="guard", arn=arn),)),)


def ask(
    action: str,
    arn: str,
    *,
    by: str = SESSION,
    owner: str = "",
    context: Mapping[str, str | Sequence[str]] | None = None,
    **policies: Any,
) -> Decision:
    """Decide one question."""
    return decide(Request(action, arn, Principal.of(by), owner, context or {}), PolicySet(**policies))
