"""Errors in the form that each protocol gives them."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.sax.saxutils import escape, unescape

from crosswind.local.edge.call import HttpRequest, HttpResponse, ServiceError
from crosswind.local.protocol.models import protocol_of, service_model

__all__ = ["error_in", "protocol_in", "serialize_error"]

_FORM = "application/x-www-form-urlencoded"
_CODE = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
_READ = 65_536


def protocol_in(service: str, http: HttpRequest | None) -> str:
    """The protocol of one request: a service may speak several. `cbor` stands for Smithy RPC v2 CBOR."""
    protocol = protocol_of(service)
    if http is None or protocol.startswith("rest-"):
        return protocol
    if http.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "cbor"
    if "x-amz-target" in http.headers:
        return "json"
    if protocol == "json" and http.headers.get("content-type", "").startswith(_FORM):
        return "query"
    return protocol


def serialize_error(
    service: str, _operation: str, error: ServiceError, request_id: str, http: HttpRequest | None = None
) -> HttpResponse:
    """The response of a failure.

    Args:
        service: botocore's name; may be one that has no model, then the query form is used.
        _operation: no protocol needs it; here so that the call reads like `serialize_output`'s.
        error: what went wrong.
        request_id: for the body or the headers.
        http: the request, for services with several protocols.
    """
    try:
        protocol = protocol_in(service, http)
    except ServiceError:
        protocol = "json" if http is not None and "x-amz-target" in http.headers else "query"
    headers = {"x-amzn-requestid": request_id} | error.headers
    if "json" in protocol or protocol == "cbor":
        return _json(service, error, headers, protocol)
    if protocol == "rest-xml" and service == "s3":
        headers = {"x-amz-request-id": request_id} | error.headers
    text = _xml(service, error, request_id, protocol)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    content = "application/xml" if protocol == "rest-xml" else "text/xml"
    return HttpResponse(error.status, headers | {"content-type": content}, (head + text).encode())


def _json(service: str, error: ServiceError, headers: dict[str, str], protocol: str) -> HttpResponse:
    shape = _error_shape(service, error.code)
    names = {name.lower(): name for name in (shape.members if shape is not None else ())}
    body: dict[str, Any] = {names.get("message", "message"): error.message}
    body |= error.fields
    if protocol == "rest-json":
        headers = headers | {"x-amzn-errortype": error.code, "content-type": "application/json"}
        return HttpResponse(error.status, headers, json.dumps(body, default=str).encode())
    body["__type"] = error.code
    metadata = service_model(service).metadata if shape is not None else {}
    if "awsQueryCompatible" in metadata:
        headers = headers | {"x-amzn-query-error": f"{error.code};Sender"}
    content = f"application/x-amz-json-{metadata.get('jsonVersion', '1.1')}"
    text = json.dumps(body, default=str)
    return HttpResponse(error.status, headers | {"content-type": content}, text.encode())


def _error_shape(service: str, code: str) -> Any:
    try:
        return service_model(service).shape_for_error_code(code)
    except ServiceError:
        return None


def _xml(service: str, error: ServiceError, request_id: str, protocol: str) -> str:
    extra = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in error.fields.items())
    detail = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>{extra}"
    if protocol == "ec2":
        return f"<Response><Errors><Error>{detail}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    if service == "s3":
        return f"<Error>{detail}<RequestId>{request_id}</RequestId><HostId>local</HostId></Error>"
    kind = "Receiver" if error.status >= 500 else "Sender"
    return (
        f"<ErrorResponse><Error><Type>{kind}</Type>{detail}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def error_in(response: HttpResponse) -> tuple[str, str]:
    """The code and the text of an error response, as a client reads them; the status for want of a code."""
    text = response.body[:_READ].decode("utf-8", "replace") if isinstance(response.body, bytes) else ""
    headers = {name.lower(): value for name, value in response.headers.items()}
    code = headers.get("x-amzn-errortype", "")
    if text.startswith("{"):
        try:
            body = json.loads(text)
        except ValueError:
            body = {}
        code = code or str(body.get("__type", ""))
        message = str(body.get("message", body.get("Message", "")))
    else:
        found = _CODE.search(text)
        code = code or (found[1] if found else "")
        told = _MESSAGE.search(text)
        message = unescape(told[1]) if told else ""
    return code.split(":")[0].rpartition("#")[2] or str(response.status), message
