"""botocore as the peer: it writes requests for our side to read, and reads the responses that our side writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from crosswind.local.edge.call import HttpRequest, HttpResponse
from crosswind.local.protocol import service_model
from crosswind.local.protocol.models import operation_model

__all__ = ["read", "request", "sample", "signing_name"]

MOMENT = datetime(2026, 11, 22, 10, 30, 15, tzinfo=UTC)
_DEEPEST = 4
_DEEP = {"structure": 1, "map": 2, "list": 3}  # unions nest through their lists


def signing_name(service: str) -> str:
    metadata = service_model(service).metadata
    return str(metadata.get("signingName") or metadata["endpointPrefix"])


def request(service: str, operation: str, parameters: dict[str, Any]) -> HttpRequest:
    """The request that botocore would send."""
    model = operation_model(service, operation)
    serializer = create_serializer(model.service_model.resolved_protocol, include_validation=False)
    raw = serializer.serialize_to_request(parameters, model)
    raw["context"] = {}
    prepare_request_dict(raw, endpoint_url="http://localhost:4566", context={})
    prepared = create_request_object(raw).prepare()
    parts = urlsplit(prepared.url)
    body = prepared.body or b""
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in prepared.headers.items()
    }
    scope = f"111111111111/20261122/us-east-1/{signing_name(service)}/aws4_request"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
    return HttpRequest(
        prepared.method,
        parts.path,
        dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers,
        body.encode() if isinstance(body, str) else body,
        parts.query,
    )


def read(service: str, operation: str, response: HttpResponse) -> dict[str, Any]:
    """What botocore reads from a response; the metadata is left out."""
    model = operation_model(service, operation)
    parser = create_parser(model.service_model.resolved_protocol)
    headers = HeadersDict()
    for name, value in response.headers.items():
        headers[name] = value
    raw = {"status_code": response.status, "headers": headers, "body": response.body}
    parsed: dict[str, Any] = parser.parse(raw, model.output_shape)
    if response.status >= 300:
        error = model.service_model.shape_for_error_code(parsed["Error"]["Code"])
        if error is not None:  # as botocore's endpoint does
            parsed |= parser.parse(raw, error)
    parsed.pop("ResponseMetadata", None)
    return parsed


def sample(shape: Any, depth: int = 0) -> Any:
    """A value with every member set, down to a depth."""
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return {"a": [1, "b"]}
        union = getattr(shape, "is_tagged_union", False)  # exactly one member may be set
        members = {
            name: member
            for name, member in shape.members.items()
            if not member.serialization.get("eventstream")
            and (depth < _DEEPEST or member.type_name not in ("structure", "list", "map") or union)
        }
        if union:
            order = sorted(members, key=lambda name: _DEEP.get(members[name].type_name, 0))
            members = {name: members[name] for name in order[:1]}
        return {name: sample(member, depth + 1) for name, member in members.items()}
    if kind == "list":
        return [sample(shape.member, depth + 1)] * (2 if depth < 3 else 1)
    if kind == "map":
        return {sample(shape.key, depth + 1): sample(shape.value, depth + 1)}
    return _scalar(shape)


def _scalar(shape: Any) -> Any:
    values: dict[str, Any] = {
        "integer": 7,
        "long": 2**40,
        "float": 1.5,
        "double": -0.25,
        "boolean": True,
        "timestamp": MOMENT,
        "blob": b"\x00\xffbytes",
    }
    enum = getattr(shape, "enum", None)
    return values.get(shape.type_name, enum[0] if enum else f"{shape.name} <&> é".replace(" ", "_"))
