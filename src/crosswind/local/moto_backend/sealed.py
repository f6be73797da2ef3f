"""A request that says to moto what IAM has judged, and nothing else.

moto finds the operation, the Region and the parameters of a request in more places than AWS does: an `Action` in the
query of a JSON call or inside its body, a Region in a host name, a parameter in a header. A request with two readings
would be judged by one and carried out by the other.
"""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from crosswind.local.edge.call import Call, HttpRequest, ServiceError
from crosswind.local.edge.scope import scope_of
from crosswind.local.protocol import protocol_in
from crosswind.local.protocol.models import operation_model
from crosswind.local.protocol.resolve import form_of

__all__ = ["OPERATION", "REGION", "sealed"]

OPERATION = "x-crosswind-operation"
"""The header by which moto learns the operation; the edge lets no client send it."""
REGION = "x-crosswind-region"
"""The header by which moto learns the Region."""

_NOTHING = "Sealed="  # a query that holds no parameter
# Headers that carry no parameter, beside `x-amz-*`; a service's model may name more.
_HEADERS = {
    "accept", "accept-encoding", "authorization", "content-encoding", "content-length", "content-type", "date",
    "expect", "host", "smithy-protocol", "user-agent",
}  # fmt: skip
# docs.aws.amazon.com/AmazonS3/latest/API: each names an operation on a bucket or object, and two exclude each other.
_SUBRESOURCES = {
    "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering", "inventory",
    "legal-hold", "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "ownershipControls",
    "policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select",
    "tagging", "torrent", "uploads", "versioning", "versions", "website",
}  # fmt: skip


def sealed(call: Call) -> HttpRequest:
    """The request as moto gets it.

    Raises:
        ServiceError: it can be read in two ways.
    """
    http = call.http
    headers = {name: value for name, value in http.headers.items() if not name.startswith("x-crosswind-")}
    if call.service == "s3":
        query = _s3_query(call)
    else:
        if http.method == "POST" and headers.get("content-type", "").startswith("multipart/"):
            raise _ambiguous("a multipart body")
        protocol = protocol_in(call.service, http)
        located = _located(call)
        allowed = _HEADERS | {name.lower() for name in located["header"]}
        headers = {name: value for name, value in headers.items() if name in allowed or name.startswith("x-amz-")}
        query = _query(call, protocol, located)
    headers |= {
        OPERATION: call.operation,
        REGION: call.region,
        "host": _host(headers.get("host", "localhost")),
        "authorization": _authorization(call),
    }
    return replace(http, headers=headers, raw_query=query)


def _query(call: Call, protocol: str, located: Mapping[str, set[str]]) -> str:
    http = call.http
    if protocol in ("query", "ec2"):
        form = form_of(http)
        if len(form) != _names(http, form):
            raise _ambiguous("a parameter twice")
        return http.raw_query if form is http.query else ""
    # Without any query moto would look for one inside the body.
    if protocol == "json":
        return _NOTHING
    _check_body(http, located)
    kept = [
        (name, value) for name, value in parse_qsl(http.raw_query, keep_blank_values=True) if name in located["query"]
    ]
    return urlencode(kept) or _NOTHING


def _names(http: HttpRequest, form: Mapping[str, str]) -> int:
    text = http.raw_query if form is http.query else http.body.decode("utf-8", "replace")
    return len(parse_qsl(text, keep_blank_values=True))


def _check_body(http: HttpRequest, located: Mapping[str, set[str]]) -> None:
    """Refuse a JSON body that holds a member whose place is the path, the query or a header."""
    try:
        body = json.loads(http.body or b"{}")
    except ValueError:
        return  # a payload of bytes
    elsewhere = located["path"] | located["query"] | located["header"] | located["elsewhere"]
    if isinstance(body, dict) and elsewhere & (body.keys() - located["body"]):
        raise _ambiguous("a parameter in the body that belongs elsewhere")


def _located(call: Call) -> Mapping[str, set[str]]:
    """The names of an operation's members by where AWS looks for them; `elsewhere` by their names in the model."""
    found: dict[str, set[str]] = {"path": set(), "query": set(), "header": set(), "body": set(), "elsewhere": set()}
    model = operation_model(call.service, call.operation)
    places = {"uri": "path", "querystring": "query", "header": "header", "headers": "header"}
    for name, member in (model.input_shape.members if model.input_shape is not None else {}).items():
        sent = str(member.serialization.get("name", name))
        place = places.get(str(member.serialization.get("location", "")), "body")
        found[place].add(sent)
        if place != "body":
            found["elsewhere"].add(name)
    literal = str(model.http.get("requestUri", "")).partition("?")[2]
    found["query"] |= {name for name, _ in parse_qsl(literal, keep_blank_values=True)}
    return found


def _s3_query(call: Call) -> str:
    names = Counter(name for name, _ in parse_qsl(call.http.raw_query, keep_blank_values=True))
    twice = sorted(name for name, count in names.items() if count > 1)
    asked = sorted(names.keys() & _SUBRESOURCES)
    if twice or len(asked) > 1:
        text = f"Conflicting query string parameters: {', '.join(twice or asked)}"
        raise ServiceError("InvalidArgument", text, 400)
    return call.http.raw_query


def _host(host: str) -> str:
    """The host, when it says nothing: an address, or localhost. moto takes buckets and Regions from others."""
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    name = name if colon and port.isdigit() else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return f"localhost:{port}" if colon and port.isdigit() else "localhost"
    return host


def _authorization(call: Call) -> str:
    scope: Any = scope_of(call.http)
    signed = scope.signing_name if scope is not None else call.service
    return (
        f"AWS4-HMAC-SHA256 Credential={call.principal.access_key}/19700101/{call.region}/{signed}/aws4_request,"
        " SignedHeaders=host, Signature=0"
    )


def _ambiguous(what: str) -> ServiceError:
    return ServiceError("ValidationException", f"The request has {what}, and so can be read in two ways.", 400)
