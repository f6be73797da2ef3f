"""A denial as the called service would send it: its code, its status, AWS's words.

Codes: the "Common errors" page of each service's API reference. By rule the query and XML protocols say `AccessDenied`
(403), those of JSON `AccessDeniedException` (400, REST 403); what differs stands in the tables below.
"""

from __future__ import annotations

import base64
import json
import zlib
from urllib.parse import quote

from crosswind.iam import Decision, Effect, Explanation, Request, explain, sentence
from crosswind.iam.explanation import Document, text
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.parsed import UnreadablePolicyError
from crosswind.local.edge.call import Call, DeniedError, ServiceError
from crosswind.local.protocol.errors import protocol_in

__all__ = ["WHY", "denial", "undecided", "unreadable"]

WHY = "x-crosswind-why"
_LONGEST = 6000  # characters of the header: clients read 8 KiB a line and more
# docs.aws.amazon.com/sns/latest/api/CommonErrors.html; docs.aws.amazon.com/AWSEC2/latest/APIReference/
# errors-overview.html; SQS speaks JSON, but keeps the codes of its query protocol (awsQueryCompatible).
_CODES = {
    "sns": ("AuthorizationError", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "sqs": ("AccessDenied", 403),
    "cloudwatch": ("AccessDenied", 403),
}
_HEADS = ("Describe", "Get", "List")


def denial(call: Call, need: Need, decision: Decision) -> DeniedError:
    """The error that a client gets.

    Args:
        call: what was asked.
        need: the right that is missing.
        decision: why.
    """
    code, status = _code(call)
    return DeniedError(code, _message(call, need, decision), status, headers={WHY: _why(explain(decision))})


def unreadable(call: Call, explanation: Explanation) -> DeniedError:
    """The error for a call that cannot be decided, since a policy in the state is none; see `undecided`."""
    code, status = _code(call)
    return DeniedError(code, explanation.sentence, status, headers={WHY: _why(explanation)})


def undecided(request: Request, error: UnreadablePolicyError) -> Explanation:
    """Why a request is denied that cannot be decided.

    Args:
        request: what was asked.
        error: which document is no policy, and why.
    """
    document = error.document
    where = Document("", document.name, error.kind.value, document.account, document.name)
    return Explanation(
        effect=Effect.IMPLICIT_DENY.value,
        action=request.action,
        resource=request.resource,
        resource_account=request.resource_account,
        principal=request.principal.arn,
        principal_account=request.principal.account,
        sentence=f"The local world denies what it cannot decide: {error}",
        aws_policy_type=None,
        why=f"{error}, and nothing is decided without it",
        layers=(),
        owner=document.account,
        documents=(where,),
        fixes=(f"store the {error.kind.value} {document.name!r} anew in account {document.account}",),
    )


def _code(call: Call) -> tuple[str, int]:
    if call.service in _CODES:
        return _CODES[call.service]
    try:
        protocol = protocol_in(call.service, call.http)
    except ServiceError:
        protocol = "query"
    if protocol in ("json", "cbor"):
        return "AccessDeniedException", 400
    return ("AccessDeniedException" if protocol == "rest-json" else "AccessDenied"), 403


def _message(call: Call, need: Need, decision: Decision) -> str:
    words = sentence(decision)
    if call.service == "ec2":
        # docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html: not for operations that
        # only read.
        encoded = (
            "" if call.operation.startswith(_HEADS) else f" Encoded authorization failure message: {_encoded(decision)}"
        )
        return f"You are not authorized to perform this operation. {words}{encoded}"
    if call.service == "sqs":
        name = need.action.partition(":")[2]
        return words.replace(f"sqs:{name}", f"sqs:{name.lower()}")  # as SQS writes its actions
    return words


def _encoded(decision: Decision) -> str:
    """What sts:DecodeAuthorizationMessage would show, packed; AWS's own form is not known."""
    request = decision.request
    told = {
        "allowed": False,
        "explicitDeny": decision.effect is Effect.EXPLICIT_DENY,
        "context": {
            "principal": {"arn": request.principal.arn},
            "action": request.action,
            "resource": request.resource,
        },
    }
    packed = zlib.compress(json.dumps(told, separators=(",", ":")).encode())
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _why(explanation: Explanation) -> str:
    plain = text(explanation)
    told = quote(plain, safe=" ,.:;/*()[]'=+@-_")
    while len(told) > _LONGEST:
        plain = plain[: len(plain) * 9 // 10]
        told = quote(f"{plain}...", safe=" ,.:;/*()[]'=+@-_")
    return told
