"""What a client may send, and where: forbidden headers stripped, S3's host style into path style."""

from __future__ import annotations

import re
from dataclasses import replace

from crosswind.local.edge.call import HttpRequest
from crosswind.local.edge.scope import Scope

__all__ = ["path_style", "public_bucket", "stripped"]

_OURS = ("x-moto-", "x-crosswind-")
# `bucket.localhost`, `bucket.s3.localhost`, `bucket.s3.us-east-1.localhost`, and AWS's names by a proxy.
_VIRTUAL = re.compile(
    r"^(?P<bucket>[a-z0-9][a-z0-9.\-]{1,61}?[a-z0-9])"
    r"(?:(?:\.s3(?:[.\-][a-z0-9\-]+)?)?\.localhost|\.s3(?:[.\-][a-z0-9\-]+)?\.amazonaws\.com)(?::\d+)?$"
)
_PLAIN = re.compile(r"^(?:s3(?:[.\-][a-z0-9\-]+)?\.)?(?:localhost|amazonaws\.com)(?::\d+)?$")


def stripped(http: HttpRequest) -> HttpRequest:
    """The request without the headers that only the world itself may set, such as moto's account header."""
    if not any(name.startswith(_OURS) for name in http.headers):
        return http
    kept = {name: value for name, value in http.headers.items() if not name.startswith(_OURS)}
    return replace(http, headers=kept)


def path_style(http: HttpRequest, scope: Scope | None) -> HttpRequest:
    """The request with the bucket in its path, when S3 was called by a host name that holds the bucket."""
    if scope is None or scope.signing_name != "s3":
        return http
    return _path_style(http)


def public_bucket(http: HttpRequest) -> tuple[str, HttpRequest]:
    """The bucket that an unsigned request may mean, and the request in path style; no bucket when it means none.

    Only S3 answers unsigned requests. One endpoint stands for all services, so whether such a bucket exists must
    tell a request to S3 from one whose signature was forgotten.
    """
    if "authorization" in http.headers or "x-amz-target" in http.headers:
        return "", http
    plain = _path_style(http)
    return plain.path.lstrip("/").partition("/")[0], plain


def _path_style(http: HttpRequest) -> HttpRequest:
    host = http.headers.get("host", "").lower()
    match = None if _PLAIN.match(host) else _VIRTUAL.match(host)
    if match is None:
        return http
    headers = dict(http.headers) | {"host": "localhost"}
    return replace(http, path=f"/{match['bucket']}{http.path}", headers=headers)
