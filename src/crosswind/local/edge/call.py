"""What the edge knows of one request, and what a service of ours is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

__all__ = [
    "Authorizer",
    "Call",
    "Credentials",
    "DeniedError",
    "Handler",
    "HttpRequest",
    "HttpResponse",
    "Principal",
    "Ruling",
    "Service",
    "ServiceError",
]


@dataclass(frozen=True)
class Principal:
    """Who acts.

    Args:
        account: 12-digit id.
        arn: `arn:aws:iam::1...:root`, `.../user/NAME`, or `arn:aws:sts::1...:assumed-role/ROLE/SESSION`.
        user_id: the unique id, as GetCallerIdentity prints it.
        access_key: the key that signed, empty for anonymous.
    """

    account: str
    arn: str
    user_id: str
    access_key: str = ""


@dataclass(frozen=True)
class Credentials:
    """Keys that the world issued (or a root key), with the Unix time at which they expire (0: never)."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    expires: float = 0.0


@dataclass(frozen=True)
class HttpRequest:
    """One HTTP request, its body read.

    Args:
        method: upper case.
        path: as it came, still percent-encoded: an S3 key may hold an encoded slash.
        query: decoded; blanks are kept; of a repeated name the last value.
        headers: names in lower case; repeated names joined by a comma.
        body: the whole body, transfer coding removed (aws-chunked is left as it came).
        raw_query: the query as it came, without the question mark.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    raw_query: str = ""

    @cached_property
    def form(self) -> tuple[tuple[str, str], ...]:
        """Names and values of a body that is a form; read once, since several have to look."""
        return tuple(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True)
class HttpResponse:
    """One HTTP response. `body` may be an iterator of chunks for streams."""

    status: int
    headers: Mapping[str, str]
    body: bytes | Iterator[bytes] = b""


@dataclass(frozen=True)
class Call:
    """One AWS API call at the edge.

    Args:
        id: the request id, returned to the client.
        principal: who acts.
        account: whose state the call works on (the resource owner's for S3 objects, else the principal's).
        region: the Region of the credential scope.
        service: botocore's service name: `s3`, `glue`, `mwaa`, `lambda`, `cloudformation`, ...
        operation: the API operation, such as `StartJobRun`.
        parameters: the parsed input in botocore's shape; filled for services of ours, and for S3's
            uri, query and header members (never the body).
        http: the request as it came.
        via: the AWS service on whose behalf the principal acts (`s3` for replication), else empty.
    """

    id: str
    principal: Principal
    account: str
    region: str
    service: str
    operation: str
    parameters: Mapping[str, Any]
    http: HttpRequest
    via: str = ""


Handler = Callable[[Call], Mapping[str, Any]]
"""Takes a call, returns the output in botocore's shape (`{}` for none); raises ServiceError."""


class Service(Protocol):
    """A service of ours behind the edge. Operations not in the map go to moto."""

    @property
    def name(self) -> str:
        """The service's name, as botocore has it."""

    @property
    def operations(self) -> Mapping[str, Handler]:
        """The operations that are ours."""


@dataclass(frozen=True)
class Ruling:
    """IAM's yes.

    Args:
        account: who owns the resource that the call works on: another than the caller's where an ARN leads there.
        partly: true when only a part of what was asked is allowed, and the answer will say so.
        call: the allowed part; None for all of it.
        complete: adds to the answer what was not allowed.
        answer: the whole answer, when nothing is left to do.
    """

    account: str
    partly: bool = False
    call: Call | None = None
    complete: Callable[[HttpResponse], HttpResponse] | None = None
    answer: HttpResponse | None = None


class Authorizer(Protocol):
    """The seam for IAM: says no by raising."""

    def authorize(self, call: Call) -> Ruling | None:
        """What follows from IAM's yes; None for a call that needs no right.

        Raises:
            DeniedError: a right is missing.
            ServiceError: nothing could be decided, and so the call is refused.
        """


class ServiceError(Exception):
    """An error in AWS's own words, serialised in the protocol of the service that raised it.

    Args:
        code: AWS's error code, such as `EntityNotFoundException`.
        message: the text.
        status: the HTTP status.
        fields: further members of the error's shape, such as `RestApiStatusCode` of mwaa's
            `RestApiClientException`.
        headers: further headers of the response, names in lower case.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        fields: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = dict(fields or {})
        self.headers = dict(headers or {})


class DeniedError(ServiceError):
    """IAM's no: what the authorizer raises, and nobody else."""
