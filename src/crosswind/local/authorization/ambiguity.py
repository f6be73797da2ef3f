"""Requests that two readers may read differently: what IAM judges must be what the state behind the edge does.

The edge reads a request by AWS's protocols; the state behind it reads the same bytes once more, in its own way: of a
repeated name it takes the first value, it takes an `Action` in the query before the target in a header, and a body for
a form by its content type in any letter case. No AWS SDK sends such requests, so they are refused.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from crosswind.local.edge.call import Call, HttpRequest, ServiceError
from crosswind.local.protocol import parse_input, protocol_in
from crosswind.local.protocol.models import operation_model

__all__ = ["refuse_ambiguous"]

_FORM = "application/x-www-form-urlencoded"


def refuse_ambiguous(call: Call) -> None:
    """Refuse what may be read in two ways.

    Raises:
        ServiceError: `SerializationException` (400), or what the parser says of a body that it cannot read.
    """
    http = call.http
    if not http.body and not http.raw_query:
        return
    protocol = protocol_in(call.service, http)
    if protocol == "json" and http.headers.get("content-type", "").lower().startswith((_FORM, "multipart/")):
        raise _refusal("a body of JSON that its content type calls a form")
    if protocol in {"query", "ec2"}:
        if http.body and not http.headers.get("content-type", "").startswith(_FORM):
            raise _refusal("a body that is not a form")
        _once([name for name, _ in http.form] if http.body else _names(http.raw_query))
    else:
        names = _names(http.raw_query)
        if "Action" in names or (call.service != "s3" and "Action" in _fields(http)):
            raise _refusal("an Action beside the operation that the request names")
        if len(set(names)) < len(names):
            lists = _lists(call)
            _once([name for name in names if name not in lists])
    if not call.parameters and http.body and call.service != "s3":
        parse_input(call.service, call.operation, http)  # the edge has left it unread


def _names(text: str) -> list[str]:
    names = [part.partition("=")[0] for part in text.split("&") if part]
    together = "".join(names)
    if "%" in together or "+" in together:
        return [name for name, _ in parse_qsl(text, keep_blank_values=True)]
    return names


def _fields(http: HttpRequest) -> list[str]:
    """The names of a form's fields, for a body that could be read as a form."""
    kind = http.headers.get("content-type", "").lower()
    if kind.startswith(_FORM) and b"Action" in http.body:
        return [name for name, _ in http.form]
    return ["Action"] if kind.startswith("multipart/") and b'name="Action"' in http.body else []


def _once(names: list[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _refusal(f"{twice} twice")


def _lists(call: Call) -> set[str]:
    """The names in the query that may be repeated."""
    shape = operation_model(call.service, call.operation).input_shape
    return {
        str(member.serialization.get("name", name))
        for name, member in (shape.members.items() if shape is not None else ())
        if member.serialization.get("location") == "querystring" and member.type_name == "list"
    }


def _refusal(what: str) -> ServiceError:
    return ServiceError("SerializationException", f"The request has {what}: it can be read in two ways.", 400)
