"""The line that says what to change, and the line that says what was missed."""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.iam.decision import Decision, Layer
from crosswind.iam.explanation import Document, LayerLine, Mark, Mismatch, NearMiss
from crosswind.iam.holders import named
from crosswind.iam.request import PrincipalKind

__all__ = ["fix", "missed"]

_ORGANIZATION = "the organization's management account"
# What a caller sends to meet a condition, where it can.
_SENT = {
    "sts:externalid": "ExternalId={} (AssumeRole parameter)",
    "sts:rolesessionname": "RoleSessionName={} (AssumeRole parameter)",
    "sts:sourceidentity": "SourceIdentity={} (AssumeRole parameter)",
    "aws:requestedregion": "the request to Region {}",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption={}",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId={}",
    "s3:prefix": "a listing with Prefix={}",
}
_DIFFERENCE = {
    Mismatch.ACTION: "another action",
    Mismatch.SERVICE: "another service",
    Mismatch.ACCOUNT: "another account",
    Mismatch.REGION: "another Region",
    Mismatch.PARTITION: "another partition",
    Mismatch.RESOURCE_ID: "another resource id",
    Mismatch.PRINCIPAL: "another principal",
    Mismatch.PRINCIPAL_ID: "the same name, but not the same unique id: it was deleted and created again",
}


def missed(where: str, near: NearMiss) -> str:
    """The first element that failed, expected against actual."""
    head = f"{where}: " + "".join(f"{each} matches, " for each in near.matched)
    if near.element == "Condition":
        actual = "carries none" if near.actual is None else f"carries {_values(near.actual)}"
        return f"{head}condition {near.operator} {near.key}: policy wants {_values(near.expected)}, request {actual}"
    wants = "excludes" if near.element.startswith("Not") else "names"
    text = f"{head}{near.element} {wants} {_values(near.expected)}, request has {_values(near.actual or ())}"
    return text if near.element.startswith("Not") else f"{text} ({_DIFFERENCE.get(near.mismatch, near.mismatch)})"


def fix(decision: Decision, line: LayerLine) -> str:
    """What to change, where, and in whose account, to turn a line to ok."""
    document = line.near_miss.document if line.near_miss else line.document
    if document is None:
        return f"{line.side} {line.account}: allow {decision.request.action} in the {line.layer}"
    whose = _ORGANIZATION if document.kind == "organization" else f"{line.side} {line.account}"
    near = line.near_miss
    if line.layer == Layer.PUBLIC_ACCESS:
        how = f"name fixed principals in the policy of {named(document)}: it is public; or lift RestrictPublicBuckets"
    elif line.mark is Mark.DENY:
        how = f"narrow or remove the Deny in the {line.layer}: {named(document)}"
    elif near is None or _meant_for_services(decision, near):
        how = _added(decision, line.layer, document)
    else:
        how = _amended(decision, near)
    sent = _sent(near) if near else ""
    return f"caller {decision.request.principal.account}: {sent}; or {whose}: {how}" if sent else f"{whose}: {how}"


def _sent(near: NearMiss) -> str:
    """What the caller could send to meet a condition; empty when it has no hand in it."""
    wanted = near.expected[0] if near.expected else ""
    form = _SENT.get(near.key.lower(), "")
    return f"send {form.format(wanted)}" if form and wanted and "*" not in wanted else ""


def _meant_for_services(decision: Decision, near: NearMiss) -> bool:
    """Whether a statement is for AWS services, and the caller is none: another's name has no place in it."""
    if near.element != "Principal" or decision.request.principal.kind is PrincipalKind.SERVICE:
        return False
    return not any(each.startswith("arn:") or each == "*" or each.isdigit() for each in near.expected)


def _amended(decision: Decision, near: NearMiss) -> str:
    where = f"the {near.document.layer} of {named(near.document)}"
    if near.element == "Condition":
        return f"change condition {near.operator} {near.key} in {where}"
    if near.mismatch is Mismatch.PRINCIPAL_ID:
        return f"store {where} again: its principal means the deleted one, by its unique id"
    actual = _grantee(decision) if near.element == "Principal" else (near.actual or ("",))[0]
    if near.element.startswith("Not"):
        return f"take {actual} out of {near.element} in {where}, or add a statement that allows it"
    if near.element in ("Action", "Resource"):
        # The nearest statement may be there for something else: a right of its own is the safe advice.
        request = decision.request
        return f"allow {request.action} on {request.resource} in {where}, or in a statement of its own"
    return f"add {actual} to {near.element} in {where}"


def _added(decision: Decision, layer: str, document: Document) -> str:
    request = decision.request
    where = f"the {layer} of {document.kind} {document.name}".rstrip()
    if layer == Layer.TRUST:
        return f"add a statement to {where} that lets {_grantee(decision)} perform {request.action}"
    if layer in (Layer.RESOURCE, Layer.KEY):
        return f"add a statement to {where} that lets {_grantee(decision)} perform {request.action} on it"
    if document.kind == "organization":
        return f"attach a {layer} to {document.name or 'that level'} that allows {request.action}"
    return f"add a statement to {where} that allows {request.action} on {request.resource}"


def _grantee(decision: Decision) -> str:
    """The principal to name in a resource's policy: of a session, its role."""
    caller = decision.request.principal
    if caller.kind in (PrincipalKind.SESSION, PrincipalKind.ROLE):
        return caller.role_arn
    return caller.arn or "*"


def _values(values: Sequence[str]) -> str:
    return ", ".join(f'"{each}"' for each in values) or "none"
