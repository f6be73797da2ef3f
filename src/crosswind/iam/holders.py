"""Who holds a document: the role, user, bucket or key to which it is attached, and the account that edits it."""

from __future__ import annotations

from crosswind.iam.decision import Decision, Layer, LayerResult
from crosswind.iam.explanation import Document
from crosswind.iam.request import Principal, PrincipalKind

__all__ = ["document_of", "named", "side_of"]

_CALLERS = (Layer.IDENTITY, Layer.BOUNDARY, Layer.SESSION, Layer.SCP, Layer.ENDPOINT)
_KINDS = {
    "s3": "bucket",
    "kms": "key",
    "secretsmanager": "secret",
    "lambda": "function",
    "sqs": "queue",
    "sns": "topic",
    "ecr": "repository",
}
_OF_ORGANIZATION = (Layer.SCP, Layer.RCP)


def side_of(layer: Layer) -> str:
    """`caller` or `owner`: on which side of a cross-account line a layer stands."""
    return "caller" if layer in _CALLERS else "owner"


def document_of(decision: Decision, result: LayerResult) -> Document:
    """The document of a layer, no statement of it meant."""
    request = decision.request
    layer, account = result.layer, result.account
    policy = _only_policy(result)
    if layer in _OF_ORGANIZATION:
        return Document("organization", result.name, layer.value, account, policy)
    if layer is Layer.ENDPOINT:
        return Document("VPC endpoint", result.name, layer.value, account, policy)
    if layer is Layer.SESSION:
        return Document("session", request.principal.arn.rpartition("/")[2], layer.value, account, policy)
    if layer in (Layer.IDENTITY, Layer.BOUNDARY):
        kind, name = _identity(request.principal)
    elif layer is Layer.TRUST:
        kind, name = "role", _last(request.resource)
    else:
        kind, name = _resource(request.resource)
    return Document(kind, name, layer.value, account, policy)


def named(document: Document) -> str:
    """A document for people: `role etl, policy "granted", statement 2 "ReadRaw"`."""
    words = [" ".join(part for part in (document.kind, document.name) if part)]
    if document.policy and document.policy not in (document.name, document.layer):
        words.append(f'policy "{document.policy}"')
    if document.statement is not None:
        words.append(f"statement {document.statement}" + (f' "{document.sid}"' if document.sid else ""))
    return ", ".join(words)


def _only_policy(result: LayerResult) -> str:
    names = {each.statement.policy for each in result.statements}
    return names.pop() if len(names) == 1 else ""


def _identity(principal: Principal) -> tuple[str, str]:
    if principal.kind in (PrincipalKind.ROLE, PrincipalKind.SESSION):
        return "role", _last(principal.role_arn)
    if principal.kind is PrincipalKind.SERVICE:
        return "service", principal.arn
    return principal.kind.value, _last(principal.arn) if "/" in principal.arn else ""


def _resource(arn: str) -> tuple[str, str]:
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return "resource", arn
    service, rest = parts[2], parts[5]
    if service == "s3":
        return "bucket", rest.partition("/")[0]
    return _KINDS.get(service, "resource"), arn


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]
