"""One request from end to end: identify, resolve, authorize, call, hooks, log."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from crosswind.local.edge.addressing import path_style, public_bucket, stripped
from crosswind.local.edge.backend import Backend
from crosswind.local.edge.call import (
    Authorizer,
    Call,
    DeniedError,
    HttpRequest,
    HttpResponse,
    Principal,
    Ruling,
    Service,
    ServiceError,
)
from crosswind.local.edge.origin import stranger
from crosswind.local.edge.resources import logged_parameters, resource_of
from crosswind.local.edge.routes import PREFIX, LocalRoute, LocalRoutes, json_response
from crosswind.local.edge.scope import Scope, scope_of
from crosswind.local.identity import Identities
from crosswind.local.protocol import (
    error_in,
    parse_input,
    require,
    resolve_operation,
    serialize_error,
    serialize_output,
)
from crosswind.local.protocol.models import services_signed_as
from crosswind.local.requestlog import RequestLog, RequestRecord

__all__ = ["AfterCall", "BeforeCall", "Edge"]

AfterCall = Callable[[Call, HttpResponse], None]
"""Runs after each call that ended with 2xx, before the client has the answer."""
BeforeCall = Callable[[Call], None]
"""Runs after authorization; raises ServiceError to refuse what moto would let pass."""

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
_NOBODY = Principal("", "", "")
_UNSIGNED_REGION = "us-east-1"
# Operations that name a bucket which need not exist yet, or is not theirs to route by.
_CALLERS_OWN = {"CreateBucket", "ListBuckets"}


@dataclass
class _Record:
    """What is known of a call so far, for the log."""

    call: Call
    began: float
    status: int = 200
    error: str = ""
    message: str = ""
    decision: str = ""
    source_identity: str = ""

    def failed(self, error: ServiceError) -> None:
        self.status, self.error, self.message = error.status, error.code, error.message
        if isinstance(error, DeniedError):
            self.decision = "denied"


class Edge:
    """The way of every request.

    Args:
        identities: who signed.
        services: the services of ours; an operation that none of them has goes to moto.
        moto: the state of all other services.
        authorizer: says no by raising.
        log: gets one record a call.
        hooks: run after each success.
        guards: run before each call that is allowed.
        routes: further paths below `/_crosswind/`, by prefix.
    """

    def __init__(
        self,
        identities: Identities,
        services: Sequence[Service],
        moto: Backend,
        authorizer: Authorizer,
        log: RequestLog,
        *,
        hooks: Sequence[AfterCall] = (),
        guards: Sequence[BeforeCall] = (),
        routes: Mapping[str, LocalRoute] | None = None,
    ) -> None:
        self._identities = identities
        self._services: dict[str, list[Service]] = {}
        self._moto = moto
        self._authorizer = authorizer
        self._log = log
        self._hooks = list(hooks)
        self._guards = list(guards)
        self.local = LocalRoutes(log, routes or {}, [])
        for service in services:
            self.add(service)

    def add(self, service: Service) -> None:
        """Put a service of ours behind the edge; of two that have an operation the first added answers."""
        self._services.setdefault(service.name, []).append(service)
        self.local.services = sorted(self._services)

    def add_hook(self, hook: AfterCall) -> None:
        """Run `hook` after each success from now on."""
        self._hooks.append(hook)

    def add_guard(self, guard: BeforeCall) -> None:
        """Run `guard` before each allowed call from now on."""
        self._guards.append(guard)

    def mount(self, prefix: str, route: LocalRoute) -> None:
        """Answer paths below `prefix` (itself below `/_crosswind/`) with `route`."""
        self.local.mount(prefix, route)

    def handle(self, http: HttpRequest) -> HttpResponse:
        """Answer one request; never raises. A web page of another origin gets 403, whatever it signed."""
        page = stranger(http)
        if page:
            return json_response({"message": f"only programs on this machine may ask, not {page}"}, 403)
        if http.path.startswith(PREFIX):
            return self._local(http)
        began = time.time()
        wire = http  # what was signed: host, path and headers as the client wrote them
        http = stripped(http)
        scope = scope_of(http)
        call = self._begun(http, scope)
        record = _Record(call, began)
        response = self._answered(record, wire, scope)
        self._write(replace(record.call, http=call.http), record)
        return response

    def act(
        self,
        principal: Principal,
        *,
        service: str,
        operation: str,
        account: str,
        region: str,
        parameters: Mapping[str, Any],
        via: str,
        run: Callable[[], _T],
    ) -> _T:
        """Carry out an action that a service implies for a principal, authorized and logged as a call is.

        Args:
            principal: with whose rights.
            service: botocore's name of the service acted on.
            operation: the action's name as IAM knows it, such as `ReplicateObject`.
            account: whose state is worked on.
            region: where.
            parameters: what IAM and the log need, such as `Bucket` and `Key`.
            via: the AWS service that acts.
            run: the work; its result is returned.

        Raises:
            ServiceError: from the authorizer or from the work.
        """
        http = HttpRequest("POST", "/", {}, {}, b"")
        call = Call(str(uuid.uuid4()), principal, account, region, service, operation, parameters, http, via)
        record = _Record(call, time.time())
        try:
            self._ruled(record, call)
            return run()
        except ServiceError as error:
            record.failed(error)
            raise
        finally:
            self._write(call, record)

    def _begun(self, http: HttpRequest, scope: Scope | None) -> Call:
        """What is known of a call before its signer is: for which service and Region it is signed, if it is."""
        if scope is not None:
            signed_as = services_signed_as(scope.signing_name)[0]
            return Call(str(uuid.uuid4()), _NOBODY, "", scope.region, signed_as, "", {}, path_style(http, scope))
        bucket, plain = public_bucket(http)
        if bucket and self._moto.bucket_owner(bucket) is not None:
            return Call(str(uuid.uuid4()), _NOBODY, "", _UNSIGNED_REGION, "s3", "", {}, plain)
        return Call(str(uuid.uuid4()), _NOBODY, "", "", "", "", {}, http)

    def _local(self, http: HttpRequest) -> HttpResponse:
        try:
            return self.local.answer(http)
        except Exception as error:  # noqa: BLE001 - one request may not end the connection of a client that waits
            _LOG.exception("%s %s failed inside the local world", http.method, http.path)
            return json_response({"message": f"{type(error).__name__}: {error}"}, 500)

    def _answered(self, record: _Record, wire: HttpRequest, scope: Scope | None) -> HttpResponse:
        try:
            response = self._carried_out(record, wire, scope)
        except ServiceError as error:
            return self._failed(record, error)
        except Exception as error:  # noqa: BLE001 - one request may not end the connection of a client that waits
            call = record.call
            _LOG.exception("%s:%s failed inside the local world", call.service, call.operation)
            what = f"{call.service}:{call.operation}: {type(error).__name__}: {error}"
            text = f"The local world failed in {what}"
            code = "InternalFailure" if call.service != "s3" else "InternalError"
            return self._failed(record, ServiceError(code, text, 500))
        record.status = response.status
        return response

    def _carried_out(self, record: _Record, wire: HttpRequest, scope: Scope | None) -> HttpResponse:
        http = record.call.http
        anonymous = scope is None and record.call.service == "s3"
        principal = _NOBODY if anonymous else self._identities.identify(wire, scope)
        record.call = replace(record.call, principal=principal, account=principal.account)
        service, operation = resolve_operation(http, scope)
        handler = self._handler(service, operation)
        # An object's body is left alone: it may be large. What cannot be read is refused, since IAM could not judge it.
        parameters = parse_input(service, operation, http, body=handler is not None or service != "s3")
        session = self._identities.session(principal.access_key)
        record.source_identity = session.terms.source_identity if session else ""
        call = record.call = replace(
            record.call,
            service=service,
            operation=operation,
            parameters=parameters,
            account=self._account(service, operation, parameters, principal),
            via=session.via if session else "",
        )
        if handler is not None:
            require(service, operation, parameters)
        ruling = self._ruled(record, call)
        if ruling.answer is not None:
            return ruling.answer
        call = record.call = replace(ruling.call or call, account=ruling.account)
        for guard in self._guards:
            guard(call)
        if handler is None:
            response = self._moto.dispatch(call)
        else:
            output = handler(call)
            response = serialize_output(service, operation, output, call.id, http)
        if ruling.complete is not None:
            response = ruling.complete(response)
        if 200 <= response.status < 300:
            for hook in self._hooks:
                hook(call, response)
        else:
            record.error, record.message = error_in(response)
        return response

    def _handler(self, service: str, operation: str) -> Callable[[Call], Mapping[str, Any]] | None:
        for ours in self._services.get(service, ()):
            if operation in ours.operations:
                return ours.operations[operation]
        return None

    def _account(self, service: str, operation: str, parameters: Mapping[str, Any], principal: Principal) -> str:
        bucket = parameters.get("Bucket") if service == "s3" and operation not in _CALLERS_OWN else None
        return (self._moto.bucket_owner(bucket) if bucket else None) or principal.account

    def _ruled(self, record: _Record, call: Call) -> Ruling:
        ruling = self._authorizer.authorize(call)
        if ruling is None:
            return Ruling(call.account)
        record.decision = "denied" if ruling.partly else "allowed"
        return ruling

    def _failed(self, record: _Record, error: ServiceError) -> HttpResponse:
        record.failed(error)
        call = record.call
        return serialize_error(call.service, call.operation, error, call.id, call.http)

    def _write(self, call: Call, record: _Record) -> None:
        principal = call.principal
        scope = None if principal.access_key else scope_of(call.http)
        self._log.append(
            RequestRecord(
                id=call.id,
                time=record.began,
                principal=principal.arn,
                principal_account=principal.account,
                access_key=principal.access_key or (scope.access_key if scope else ""),
                account=call.account,
                region=call.region,
                service=call.service,
                operation=call.operation,
                resource=resource_of(call),
                status=record.status,
                error=record.error,
                message=record.message,
                duration_ms=round((time.time() - record.began) * 1000, 3),
                via=call.via,
                parameters=logged_parameters(call),
                decision=record.decision,
                source_identity=record.source_identity,
            )
        )
