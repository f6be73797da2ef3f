"""`crosswind iam decide`: ask IAM's logic about policy documents, with no world and no AWS."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from crosswind.cli.console import Console
from crosswind.cli.options import Output, OutputOption
from crosswind.errors import InputError, UsageError
from crosswind.iam import (
    Decision,
    Level,
    Policy,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    decide,
    explain,
    parse,
)
from crosswind.iam.cases import read_cases, request_and_policies
from crosswind.report.denial import lines

__all__ = ["app"]

app = typer.Typer(help="IAM's logic alone: decisions about policy documents.", no_args_is_help=True)

_Files = list[Path]
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PRINCIPAL = "such as arn:aws:iam::111111111111:role/etl"


@app.callback()
def _group() -> None:
    """IAM's logic alone: decisions about policy documents."""


@app.command("decide")
def decide_(
    cases: Annotated[Path | None, typer.Option(help="A file of cases; prints one line of JSON a case.")] = None,
    action: Annotated[str, typer.Option(help="The action, such as s3:GetObject.")] = "",
    resource: Annotated[str, typer.Option(help="The resource's ARN.")] = "*",
    principal: Annotated[str, typer.Option(help="Who asks: an ARN, an account id, a service, or anonymous.")] = "",
    policy: Annotated[_Files | None, typer.Option(help="An identity-based policy of the caller.")] = None,
    resource_policy: Annotated[Path | None, typer.Option(help="The resource's, role trust or key policy.")] = None,
    boundary: Annotated[Path | None, typer.Option(help="The caller's permissions boundary.")] = None,
    session_policy: Annotated[_Files | None, typer.Option(help="A policy passed to the session.")] = None,
    scp: Annotated[_Files | None, typer.Option(help="A service control policy: a level that must allow.")] = None,
    rcp: Annotated[_Files | None, typer.Option(help="A resource control policy: a level that must allow.")] = None,
    resource_account: Annotated[str, typer.Option(help="The account that owns the resource.")] = "",
    context: Annotated[list[str] | None, typer.Option(help="A condition key: key=value.")] = None,
    output: OutputOption = Output.text,
) -> None:
    """Answer every case of a file, or one question by hand: exit code 0 for an Allow, 1 for a denial."""
    console = Console(as_json=output is Output.json)
    if cases is not None:
        if action or principal or policy:
            raise UsageError("--cases holds whole questions", hint="leave out --action, --principal and the policies")
        _print_cases(console, cases)
        return
    for name, value in (("--action", action), ("--principal", principal)):
        if not value:
            raise UsageError(f"{name} is missing", hint="ask one question by hand, or give --cases FILE")
    _check(action, resource, resource_account)
    request = Request(action, resource, _principal(principal), resource_account, _context(context or []))
    owner = resource_account or _account_in(resource) or request.principal.account
    caller = request.principal.account
    decision = decide(
        request,
        PolicySet(
            identity=_policies(policy, PolicyKind.IDENTITY, caller),
            boundary=_policies([boundary], PolicyKind.BOUNDARY, caller) if boundary else None,
            session=_policies(session_policy, PolicyKind.SESSION, caller) if session_policy else None,
            resource=_policies([resource_policy], _kind(action), owner)[0] if resource_policy else None,
            scps=_levels(scp, PolicyKind.SCP, caller),
            rcps=_levels(rcp, PolicyKind.RCP, owner),
        ),
    )
    _print_answer(console, decision)
    if not decision.allowed:
        raise typer.Exit(1)


def _check(action: str, resource: str, account: str) -> None:
    """Refuse what IAM could never be asked."""
    if not _ACTION.fullmatch(action):
        raise UsageError(f"--action {action!r} is no service:Action", hint="such as s3:GetObject")
    if resource != "*" and (not resource.startswith("arn:") or resource.count(":") < 5):
        raise UsageError(f"--resource {resource!r} is no ARN", hint="such as arn:aws:s3:::bucket/key, or *")
    if account and not _ACCOUNT.fullmatch(account):
        raise UsageError(f"--resource-account {account!r} is no account id", hint="it has 12 digits")


def _print_cases(console: Console, file: Path) -> None:
    """A line for each case: of one that cannot be read its fault, and the others are answered all the same."""
    faults: list[InputError] = []
    for case in read_cases(_text(file), str(file)):
        try:
            request, policies = request_and_policies(case)
        except InputError as error:
            faults.append(error)
            console.record({"id": case.id, "error": error.message})
        else:
            console.record({"id": case.id, "decision": decide(request, policies).effect.value})
    if faults:
        raise faults[0]


def _print_answer(console: Console, decision: Decision) -> None:
    told = explain(decision)
    if console.as_json:
        console.data({"schema_version": 1, "decision": decision.effect.value, "explanation": told.as_dict()})
        return
    console.line(decision.effect.value)
    for line in lines(told):
        console.line(line)


def _policies(files: Sequence[Path] | None, kind: PolicyKind, account: str) -> tuple[Policy, ...]:
    return tuple(_policy(file, kind, account) for file in files or ())


def _levels(files: Sequence[Path] | None, kind: PolicyKind, account: str) -> tuple[Level, ...]:
    return tuple(Level(file.name, (_policy(file, kind, account),)) for file in files or ())


def _policy(file: Path, kind: PolicyKind, account: str) -> Policy:
    return parse(_text(file), kind, name=file.name, account=account)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}", hint="name another file") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8", hint="save it as UTF-8") from error


def _kind(action: str) -> PolicyKind:
    """What kind of document governs a resource: that of a role for AssumeRole, that of a key for KMS."""
    service, _, operation = action.lower().partition(":")
    if service == "sts" and operation.startswith("assumerole"):
        return PolicyKind.TRUST
    return PolicyKind.KEY if service == "kms" else PolicyKind.RESOURCE


def _principal(text: str) -> Principal:
    try:
        found = Principal.of(text)
    except ValueError as error:
        raise UsageError(f"--principal: {error}", hint=_PRINCIPAL) from error
    if found.account and not _ACCOUNT.fullmatch(found.account):
        raise UsageError(f"--principal {text!r} names no account: it has 12 digits", hint=_PRINCIPAL)
    if "*" in text or "?" in text:
        raise UsageError(f"--principal {text!r} has a wildcard; one caller asks", hint=_PRINCIPAL)
    return found


def _context(pairs: Sequence[str]) -> dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise UsageError(f"--context {pair!r} is no key=value", hint="such as sts:ExternalId=pipeline-7")
        found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _account_in(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""
