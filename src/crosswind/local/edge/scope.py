"""Who says they sign: the credential scope of a request, from the header or from a presigned query.

SigV4 everywhere; and SigV2 in the query, which boto3 still writes when it presigns for S3 in us-east-1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import unquote

from crosswind.local.edge.call import HttpRequest

__all__ = ["Scope", "scope_of"]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_HEADER = re.compile(r"^AWS4-HMAC-SHA256\s+(?P<fields>.+)$")


@dataclass(frozen=True)
class Scope:
    """The parts of a credential scope.

    Args:
        access_key: the key that signed.
        date: `YYYYMMDD`.
        region: the Region signed for.
        signing_name: AWS's signing name of the service, such as `airflow` for mwaa.
        token: the session token sent along, empty when there is none.
        signature: hexadecimal, for the check to come.
        presigned: true when the signature is in the query.
        expires: Unix time at which a presigned URL ends; 0 for none.
    """

    access_key: str
    date: str
    region: str
    signing_name: str
    token: str = ""
    signature: str = ""
    presigned: bool = False
    expires: float = 0.0


def scope_of(request: HttpRequest) -> Scope | None:
    """The scope of a signed request; None when it is not signed, or the scope is malformed."""
    header = request.headers.get("authorization", "")
    if header:
        return _of_header(header, request)
    if "X-Amz-Credential" in request.query:
        return _of_query(request.query)
    if "AWSAccessKeyId" in request.query:
        return _of_query_v2(request.query)
    return None


def _of_query(query: Mapping[str, str]) -> Scope | None:
    token, signature = query.get("X-Amz-Security-Token", ""), query.get("X-Amz-Signature", "")
    scope = _of(query["X-Amz-Credential"], token, signature)
    if scope is None:
        return None
    try:
        began = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        expires = began.timestamp() + int(query["X-Amz-Expires"])
    except (KeyError, ValueError):
        return None
    return replace(scope, presigned=True, expires=expires)


def _of_query_v2(query: Mapping[str, str]) -> Scope | None:
    expires = query.get("Expires", "")
    if not expires.isdigit():
        return None
    return Scope(
        query["AWSAccessKeyId"],
        "",
        "us-east-1",
        "s3",
        query.get("x-amz-security-token", ""),
        query.get("Signature", ""),
        presigned=True,
        expires=float(expires),
    )


def _of_header(header: str, request: HttpRequest) -> Scope | None:
    match = _HEADER.match(header)
    if not match:
        return None
    fields: dict[str, str] = {}
    for part in match["fields"].split(","):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    token = request.headers.get("x-amz-security-token", "")
    return _of(fields.get("Credential", ""), token, fields.get("Signature", ""))


def _of(credential: str, token: str, signature: str) -> Scope | None:
    # The access key may not hold a slash, but old clients percent-encode the separators.
    parts = unquote(credential).split("/")
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        return None
    key, date, region, name = parts[:4]
    return Scope(key, date, region, name, token, signature)
