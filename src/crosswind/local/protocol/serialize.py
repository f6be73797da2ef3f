"""An operation's output, in botocore's shape, into a response."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crosswind.local.edge.call import HttpRequest, HttpResponse
from crosswind.local.protocol.errors import protocol_in
from crosswind.local.protocol.models import operation_model, service_model
from crosswind.local.protocol.scalars import scalar_to_text, timestamp_to
from crosswind.local.protocol.xml_write import element, write_members

__all__ = ["json_value", "serialize_output"]

_XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def serialize_output(
    service: str, operation: str, output: Mapping[str, Any], request_id: str, http: HttpRequest | None = None
) -> HttpResponse:
    """The response of a success.

    Args:
        service: botocore's name.
        operation: such as `StartJobRun`.
        output: in botocore's shape; members that are None are left out; `ResponseMetadata` is dropped.
        request_id: goes into the headers, and into the body where the protocol has it there.
        http: the request; decides between the protocols of a service that has several.

    Raises:
        ValueError: the output has a member that the operation has not, or a value of the wrong kind.
    """
    model = operation_model(service, operation)
    value = {k: v for k, v in output.items() if v is not None and k != "ResponseMetadata"}
    shape = model.output_shape
    unknown = set(value) - set(shape.members if shape is not None else ())
    if unknown:
        raise ValueError(f"{service}:{operation} has no output {', '.join(sorted(unknown))}")
    protocol = protocol_in(service, http)
    headers = {"x-amzn-requestid": request_id}
    if protocol in ("query", "ec2"):
        inner = write_members(shape, value) if shape is not None else ""
        text = _query(model, inner, request_id, protocol)
        return HttpResponse(200, headers | {"content-type": "text/xml"}, text.encode())
    if protocol == "json":
        version = service_model(service).metadata.get("jsonVersion", "1.0")
        body = _dump(json_value(shape, value) if shape is not None else {})
        return HttpResponse(200, headers | {"content-type": f"application/x-amz-json-{version}"}, body)
    return _rest(model, shape, value, headers, protocol)


def _query(model: Any, inner: str, request_id: str, protocol: str) -> str:
    namespace = model.service_model.metadata.get("xmlNamespace", "")
    if protocol == "ec2":
        inner = element("requestId", request_id) + inner
        return _XML_HEAD + element(f"{model.name}Response", inner, namespace)
    shape = model.output_shape
    wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
    if wrapper:
        inner = element(wrapper, inner)
    inner += element("ResponseMetadata", element("RequestId", request_id))
    return _XML_HEAD + element(f"{model.name}Response", inner, namespace)


def _rest(model: Any, shape: Any, value: dict[str, Any], headers: dict[str, str], protocol: str) -> HttpResponse:
    status = int(model.http.get("responseCode", 200))
    if shape is None:
        return HttpResponse(status, headers, b"")
    for name, member in shape.members.items():
        if name not in value:
            continue
        location = member.serialization.get("location")
        if location == "statusCode":
            status = int(value[name])
        elif location == "header":
            headers[member.serialization.get("name", name)] = _header(member, value[name])
        elif location == "headers":
            prefix = member.serialization.get("name", "")
            headers |= {f"{prefix}{key}": str(item) for key, item in value[name].items()}
    body, content_type = _body(shape, value, protocol)
    # A header that the output itself carries (s3's ContentType) stands.
    if content_type and "content-type" not in {name.lower() for name in headers}:
        headers["content-type"] = content_type
    return HttpResponse(status, headers, body)


def _header(member: Any, value: Any) -> str:
    if member.serialization.get("jsonvalue"):
        return base64.b64encode(json.dumps(value).encode()).decode()
    if member.type_name == "list":
        return ",".join(_header(member.member, item) for item in value)
    return scalar_to_text(member, value, "rfc822")


def _body(shape: Any, value: dict[str, Any], protocol: str) -> tuple[bytes | Iterator[bytes], str]:
    payload = shape.serialization.get("payload")
    if payload is not None:
        return _payload(payload, shape.members[payload], value.get(payload), protocol, shape)
    if all("location" in member.serialization for member in shape.members.values()):
        return (b"", "") if protocol == "rest-xml" else (b"{}", "application/json")
    if protocol == "rest-xml":
        name = shape.serialization.get("name", shape.name)
        return _xml(name, write_members(shape, value), shape), "application/xml"
    return _dump(json_value(shape, value)), "application/json"


def _payload(name: str, member: Any, value: Any, protocol: str, shape: Any) -> tuple[bytes | Iterator[bytes], str]:
    if member.type_name == "blob":
        raw = value.encode() if isinstance(value, str) else value or b""
        return raw if isinstance(raw, bytes) else iter(raw), "application/octet-stream"
    if member.type_name == "string":
        return (value or "").encode(), "text/plain"
    if value is None:
        return b"", ""
    if protocol == "rest-xml":
        root = member.serialization.get("name", name)
        return _xml(root, write_members(member, value), member or shape), "application/xml"
    return _dump(json_value(member, value)), "application/json"


def _xml(root: str, inner: str, shape: Any) -> bytes:
    namespace = shape.serialization.get("xmlNamespace", {})
    uri = namespace.get("uri", "") if isinstance(namespace, dict) else ""
    return (_XML_HEAD + element(root, inner, uri)).encode()


def json_value(shape: Any, value: Any) -> Any:
    """A value as JSON carries it: times as Unix times, blobs as base64; members that are None left out."""
    kind = shape.type_name
    if kind == "structure":
        return _json_structure(shape, value)
    if kind == "list":
        return [json_value(shape.member, item) for item in value]
    if kind == "map":
        return {str(key): json_value(shape.value, item) for key, item in value.items() if item is not None}
    if kind == "timestamp":
        return timestamp_to(value, shape.serialization.get("timestampFormat", "unixtimestamp"))
    if kind == "blob":
        return base64.b64encode(value if isinstance(value, bytes) else str(value).encode()).decode()
    return _SCALARS.get(kind, str)(value)


def _float(value: Any) -> float | str:
    number = float(value)
    return number if math.isfinite(number) else _SPECIAL.get(number, "NaN")


_SPECIAL = {math.inf: "Infinity", -math.inf: "-Infinity"}
_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "integer": int,
    "long": int,
    "float": _float,
    "double": _float,
    "boolean": bool,
}


def _json_structure(shape: Any, value: Any) -> Any:
    if getattr(shape, "is_document_type", False):
        return value
    unknown = set(value) - set(shape.members)
    if unknown:
        raise ValueError(f"{shape.name} has no member {', '.join(sorted(unknown))}")
    return {
        member.serialization.get("name", name): json_value(member, value[name])
        for name, member in shape.members.items()
        if value.get(name) is not None and "location" not in member.serialization
    }


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
