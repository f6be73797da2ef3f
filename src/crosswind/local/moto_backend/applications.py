"""moto's WSGI applications: one a service, each called with one call at a time."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable
from typing import Any

from botocore import xform_name
from moto.backend_index import backend_url_patterns
from moto.backends import list_of_moto_modules
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from crosswind.local.edge.call import Call, HttpResponse, ServiceError
from crosswind.local.moto_backend.locks import Locks
from crosswind.local.moto_backend.wsgi import environ_of, run

__all__ = ["Applications"]

# Waits inside moto for as long as the client likes; it may not hold the service's lock meanwhile.
_WAITING = {("sqs", "ReceiveMessage")}
# Operations of S3 that moto serves under another name than botocore's.
_S3_ALIASES = {"GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"}


class Applications(Locks):
    """Hands calls to moto."""

    def __init__(self) -> None:
        super().__init__()
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._applications: dict[str, Any] = {}
        self._building = threading.Lock()

    def answered(self, call: Call) -> HttpResponse:
        """What moto answers to a call.

        Raises:
            ServiceError: `NotImplemented` (501) for a service or operation that moto has not.
        """
        if call.service == "s3" and not _s3_has(call.operation):
            raise _refused(call)
        environ = environ_of(call)
        application = self._application(call, environ)
        try:
            if (call.service, call.operation) in _WAITING:
                response = run(application, environ)
            else:
                with self.locked(call.service, call.account):
                    response = run(application, environ)
        except NotImplementedError:
            raise _refused(call) from None
        if _is_page(call, response):
            raise _refused(call)
        return response

    def warm(self, backends: Iterable[str]) -> None:
        """Import moto's services before they are asked for: each takes up to a second, EC2 more.

        Args:
            backends: moto's names of them, such as `ec2`.
        """
        for backend in backends:
            with self._building:
                if backend not in self._applications:
                    self._applications[backend] = create_backend_app(backend)

    def _application(self, call: Call, environ: dict[str, Any]) -> Any:
        host = self._dispatcher.infer_service_region_host(environ, environ["PATH_INFO"])
        backend = _backend_at(str(host))
        if backend is None:
            raise _refused(call)
        # A lock of its own: to import a service takes up to a second, which the others need not wait for.
        found = self._applications.get(backend)
        if found is None:
            with self._building:
                found = self._applications.get(backend) or create_backend_app(backend)
                self._applications[backend] = found
        return found


@functools.cache
def _s3_has(operation: str) -> bool:
    # moto's S3 routes by method and query, and would take an unknown subresource for the bucket itself.
    name = xform_name(operation)
    return operation in _S3_ALIASES or hasattr(S3Response, name) or hasattr(S3Backend, name)


@functools.lru_cache(maxsize=4096)
def _backend_at(host: str) -> str | None:
    # moto's own look-up prints to stdout when it finds nothing, and walks the file system each time.
    if host in list_of_moto_modules():
        return host
    url = f"http://{host}"
    return next((name for name, pattern in backend_url_patterns if pattern.match(url)), None)


def _refused(call: Call) -> ServiceError:
    return ServiceError("NotImplemented", f"The local world does not offer {call.service}:{call.operation}.", 501)


def _is_page(call: Call, response: HttpResponse) -> bool:
    # Flask's own error pages: no route. An object of S3 may well be such a page.
    kind = response.headers.get("content-type", "")
    return (
        call.service != "s3"
        and response.status >= 400
        and kind.startswith("text/html")
        and (
            not response.body or b"<!doctype html" in bytes(response.body)[:200].lower()  # type: ignore[arg-type]
        )
    )
