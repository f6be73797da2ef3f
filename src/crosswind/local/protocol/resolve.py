"""Which operation is this? From the credential scope and what each protocol gives."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from crosswind.local.edge.call import HttpRequest, ServiceError
from crosswind.local.edge.scope import Scope, scope_of
from crosswind.local.protocol.models import operation_model, service_model, services_signed_as

__all__ = ["Route", "form_of", "resolve_operation", "routes_of"]

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Route:
    """How an operation of a REST protocol is addressed.

    Args:
        operation: its name.
        method: such as `PUT`.
        pattern: of the percent-encoded path; the groups `g0`, `g1`... are the labels, by `labels`.
        labels: names of the labels in the order of the groups.
        literal: number of literal path segments; more is more specific.
        query: literal query parameters (`None`: any value).
        required: query and header members that the model requires, as `query:name` or `header:name`.
        deprecated: true for operations that the model calls so.
    """

    operation: str
    method: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    literal: int
    query: tuple[tuple[str, str | None], ...]
    required: tuple[str, ...]
    deprecated: bool

    def rank(self, http: HttpRequest) -> tuple[int, int, bool, int, bool] | None:
        """How well the route fits, None when it does not. The greatest wins."""
        if not self.pattern.fullmatch(http.path):
            return None
        for name, value in self.query:
            if name not in http.query or (value is not None and http.query[name] != value):
                return None
        present = sum(_present(member, http) for member in self.required)
        complete = present == len(self.required)
        return (self.literal, len(self.query), complete, present if complete else 0, not self.deprecated)


def resolve_operation(http: HttpRequest, scope: Scope | None = None) -> tuple[str, str]:
    """The service (botocore's name) and the operation.

    Args:
        http: the request.
        scope: its credential scope, where it was read already.

    Raises:
        ServiceError: 501 when no operation of the services under the signing name fits.
    """
    scope = scope or scope_of(http)
    candidates = services_signed_as(scope.signing_name if scope else "s3")
    for service in candidates:
        service_model(service)
    _refuse_other_protocols(http, candidates)
    found = _by_target(http, candidates) or _by_action(http, candidates) or _by_route(http, candidates)
    if found is None:
        raise ServiceError(
            "UnknownOperationException",
            f"The local world finds no operation of {candidates[0]} for {http.method} {http.path}.",
            501,
        )
    operation_model(*found)
    return found


def form_of(http: HttpRequest) -> Mapping[str, str]:
    """The parameters of the query protocols: from the form, else from the query."""
    if http.headers.get("content-type", "").startswith(_FORM):
        return dict(http.form)
    return http.query


def _refuse_other_protocols(http: HttpRequest, candidates: tuple[str, ...]) -> None:
    """Refuse the header that names the operation in a protocol which the service does not speak: no SDK sends it."""
    for header, protocol in (("x-amz-target", "json"), ("smithy-protocol", "smithy-rpc-v2-cbor")):
        if header in http.headers and not any(protocol in _protocols(service) for service in candidates):
            text = f"A request to this service has no {header} header: it could be read as two operations."
            raise ServiceError("InvalidRequest", text, 400)


def _protocols(service: str) -> set[str]:
    metadata = service_model(service).metadata
    return {metadata["protocol"], *metadata.get("protocols", ())}


def _by_target(http: HttpRequest, candidates: tuple[str, ...]) -> tuple[str, str] | None:
    target = http.headers.get("x-amz-target", "")
    if target:
        prefix, _, operation = target.rpartition(".")
        for service in candidates:
            if service_model(service).metadata.get("targetPrefix") == prefix:
                return service, operation
        return candidates[0], operation
    if http.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return candidates[0], http.path.rpartition("/")[2]
    return None


def _by_action(http: HttpRequest, candidates: tuple[str, ...]) -> tuple[str, str] | None:
    speakers = [s for s in candidates if _speaks_query(s)]
    if not speakers:
        return None
    form = form_of(http)
    action, version = form.get("Action"), form.get("Version")
    if not action:
        return None
    known = [s for s in speakers if action in service_model(s).operation_names]
    for service in known:
        if service_model(service).api_version == version:
            return service, action
    return (known or speakers)[0], action


def _speaks_query(service: str) -> bool:
    metadata = service_model(service).metadata
    if "awsQueryCompatible" in metadata:
        return True
    return bool({"query", "ec2"} & set(metadata.get("protocols") or [metadata["protocol"]]))


def _by_route(http: HttpRequest, candidates: tuple[str, ...]) -> tuple[str, str] | None:
    best: tuple[Any, tuple[str, str]] | None = None
    for service in candidates:
        for route in routes_of(service).get(http.method, ()):
            rank = route.rank(http)
            if rank is not None and (best is None or rank > best[0]):
                best = rank, (service, route.operation)
    return best[1] if best else None


@functools.cache
def routes_of(service: str) -> Mapping[str, tuple[Route, ...]]:
    """The routes of a REST service by method; empty for other protocols."""
    model = service_model(service)
    if not str(model.resolved_protocol).startswith("rest-"):
        return {}
    routes: dict[str, list[Route]] = {}
    for route in _routes(model):
        routes.setdefault(route.method, []).append(route)
    # In name order, so that of two that fit alike (s3's ListBuckets, ListDirectoryBuckets) the first stands.
    return {method: tuple(sorted(of, key=lambda r: r.operation)) for method, of in routes.items()}


def _routes(model: Any) -> Iterator[Route]:
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, literal_query = operation.http["requestUri"].partition("?")
        pattern, labels, literal = _compiled(path)
        query = tuple((key, value or None) for key, value in parse_qsl(literal_query, keep_blank_values=True))
        yield Route(
            name,
            operation.http["method"],
            pattern,
            labels,
            literal,
            query,
            tuple(_required(operation.input_shape)),
            bool(operation.deprecated),
        )


def _compiled(path: str) -> tuple[re.Pattern[str], tuple[str, ...], int]:
    labels: list[str] = []
    literal = 0
    parts: list[str] = []
    for segment in path.strip("/").split("/"):
        pieces = re.split(r"(\{[^}]+\})", segment)
        literal += len(pieces) == 1 and bool(segment)
        text = ""
        for piece in pieces:
            if not piece.startswith("{"):
                text += re.escape(piece)
                continue
            greedy = piece.endswith("+}")
            text += f"(?P<g{len(labels)}>{'.+' if greedy else '[^/]+'})"
            labels.append(piece.strip("{+}"))
        parts.append(text)
    # A trailing slash is never part of the name, but where a greedy label takes it.
    return re.compile("/" + "/".join(parts) + "/?", re.DOTALL), tuple(labels), literal


def _required(shape: Any) -> Iterator[str]:
    if shape is None:
        return
    for name in shape.required_members:
        serialization = shape.members[name].serialization
        location = serialization.get("location")
        if location == "querystring":
            yield f"query:{serialization['name']}"
        elif location == "header":
            yield f"header:{serialization['name'].lower()}"


def _present(member: str, http: HttpRequest) -> bool:
    kind, _, name = member.partition(":")
    return name in (http.query if kind == "query" else http.headers)
