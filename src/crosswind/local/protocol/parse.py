"""A request into an operation's input, in botocore's shape."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from crosswind.local.edge.call import HttpRequest, ServiceError
from crosswind.local.protocol.errors import protocol_in
from crosswind.local.protocol.models import operation_model
from crosswind.local.protocol.query_tree import parse_form
from crosswind.local.protocol.resolve import form_of, routes_of
from crosswind.local.protocol.scalars import malformed, scalar_from_text, timestamp_from
from crosswind.local.protocol.xml_read import parse_xml

__all__ = ["parse_input", "require"]

_NUMBER = (int, float)
_PYTHON = {"string": str, "boolean": bool, "integer": int, "long": int, "float": _NUMBER, "double": _NUMBER}
_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def parse_input(service: str, operation: str, http: HttpRequest, *, body: bool = True) -> dict[str, Any]:
    """The input of an operation.

    Args:
        service: botocore's name.
        operation: such as `StartJobRun`.
        http: the request.
        body: false to leave the body of a REST request alone (it may be an object of many megabytes).

    Raises:
        ServiceError: `SerializationException` for what cannot be read; 501 for CBOR.
    """
    shape = operation_model(service, operation).input_shape
    if shape is None:
        return {}
    protocol = protocol_in(service, http)
    if protocol == "cbor":
        raise ServiceError("NotImplemented", "The local world does not speak Smithy RPC v2 CBOR.", 501)
    if protocol in ("query", "ec2"):
        return parse_form(shape, form_of(http), ec2=protocol == "ec2")
    if protocol == "json":
        return dict(_json(shape, _document(http.body)))
    found = _located_members(shape, _labels(service, operation, http), http)
    return found | _body(shape, http, protocol) if body else found


def require(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise ServiceError, in AWS's words, when a required member is missing."""
    model = operation_model(service, operation)
    if model.input_shape is None:
        return
    missing = [name for name in model.input_shape.required_members if name not in parameters]
    if not missing:
        return
    texts = [
        f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
        for name in missing
    ]
    count = f"{len(missing)} validation error{'s' if len(missing) > 1 else ''} detected: "
    query = model.service_model.resolved_protocol in ("query", "ec2")
    raise ServiceError("ValidationError" if query else "ValidationException", count + "; ".join(texts), 400)


def _document(body: bytes) -> Any:
    if not body.strip():
        return {}
    try:
        return json.loads(body)
    except ValueError:
        raise malformed("The request body is not JSON.") from None


def _json(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _json_structure(shape, value)
    if kind == "list":
        return [_json(shape.member, item) for item in _typed(shape, value, list)]
    if kind == "map":
        pairs = _typed(shape, value, dict)
        return {key: _json(shape.value, item) for key, item in pairs.items() if item is not None}
    if kind == "blob":
        try:
            return base64.b64decode(_typed(shape, value, str), validate=True)
        except binascii.Error:
            raise malformed(f"{shape.name} is not base64.") from None
    if kind == "timestamp":
        try:
            return timestamp_from(value)
        except ValueError:
            raise malformed(f"{value!r} is not a time ({shape.name}).") from None
    if kind in {"float", "double"}:
        value = _SPECIAL.get(str(value), value)
    return _typed(shape, value, _PYTHON[kind])


def _json_structure(shape: Any, value: Any) -> Any:
    if getattr(shape, "is_document_type", False):
        return value
    found = {}
    for name, member in shape.members.items():
        item = _typed(shape, value, dict).get(member.serialization.get("name", name))
        if item is not None and "location" not in member.serialization:
            found[name] = _json(member, item)
    return found


def _typed(shape: Any, value: Any, python: Any) -> Any:
    if not isinstance(value, python) or (isinstance(value, bool) and python is not bool):
        raise malformed(f"{type(value).__name__} can not be converted to {shape.name} ({shape.type_name}).")
    return value


def _located_members(shape: Any, labels: Mapping[str, str], http: HttpRequest) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pairs = parse_qsl(http.raw_query, keep_blank_values=True) if http.raw_query else list(http.query.items())
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        if location is None:
            continue
        value = _located(location, member, labels, pairs, http)
        if value is not None:
            found[name] = value
    return found


def _labels(service: str, operation: str, http: HttpRequest) -> dict[str, str]:
    for route in routes_of(service).get(http.method, ()):
        match = route.pattern.fullmatch(http.path) if route.operation == operation else None
        if match:
            return {label: unquote(match[f"g{index}"]) for index, label in enumerate(route.labels)}
    return {}


def _located(
    location: str, member: Any, labels: Mapping[str, str], pairs: list[tuple[str, str]], http: HttpRequest
) -> Any:
    name = member.serialization.get("name", member.name)
    if location == "uri":
        return scalar_from_text(member, labels[name]) if name in labels else None
    if location == "querystring":
        return _from_query(member, name, pairs)
    if location == "headers":
        prefix = name.lower()
        return {k[len(prefix) :]: v for k, v in http.headers.items() if k.startswith(prefix)} or None
    text = http.headers.get(name.lower()) if location == "header" else None
    if text is None:
        return None
    if member.type_name == "list":
        return [scalar_from_text(member.member, item.strip()) for item in text.split(",")]
    if member.serialization.get("jsonvalue"):
        return json.loads(base64.b64decode(text))
    return scalar_from_text(member, text)


def _from_query(member: Any, name: str, pairs: list[tuple[str, str]]) -> Any:
    if member.type_name == "map":
        found: dict[str, Any] = {}
        for key, value in pairs:
            if member.value.type_name == "list":
                found.setdefault(key, []).append(value)
            else:
                found[key] = value
        return found or None
    values = [value for key, value in pairs if key == name]
    if not values:
        return None
    if member.type_name == "list":
        return [scalar_from_text(member.member, value) for value in values]
    if len(values) > 1:
        raise malformed(f"{name} is there {len(values)} times.")
    return scalar_from_text(member, values[0])


def _body(shape: Any, http: HttpRequest, protocol: str) -> dict[str, Any]:
    payload = shape.serialization.get("payload")
    if payload is None:
        if all("location" in member.serialization for member in shape.members.values()):
            return {}
        if protocol == "rest-xml":
            return parse_xml(shape, http.body)
        return dict(_json_structure(shape, _document(http.body)))
    member = shape.members[payload]
    if member.type_name == "blob":
        return {payload: http.body} if http.body else {}
    if member.type_name == "string":
        return {payload: http.body.decode()} if http.body else {}
    if not http.body.strip():
        return {}
    if protocol == "rest-xml":
        return {payload: parse_xml(member, http.body)}
    return {payload: _json(member, _document(http.body))}
