"""Who says they sign: the credential scope of a request, from the header or from a presigned query.

SigV4 everywhere; and SigV2 in the query, which boto3 still writes when it presigns for S3 in us-east-1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from crosswind.local.edge.call import HttpRequest
from crosswind.local.partitions import partition_of

__all__ = ["Scope", "scope_of"]

# docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_HEADER = re.compile(r"^AWS4-HMAC-SHA256\s+(?P<fields>.+)$")
_STAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


@dataclass(frozen=True)
class Scope:
    """The parts of a credential scope, and what else says how a request was signed.

    Args:
        access_key: the key that signed.
        date: `YYYYMMDD`.
        region: the Region signed for.
        signing_name: AWS's signing name of the service, such as `airflow` for mwaa.
        token: the session token sent along, empty when there is none.
        signature: hexadecimal for SigV4, base64 for SigV2.
        presigned: true when the signature is in the query.
        expires: Unix time at which a presigned URL ends; 0 for none.
        signed_headers: names in lower case, in the order in which they were signed.
        stamp: when it was signed, `YYYYMMDDTHHMMSSZ`; empty when the request does not say.
        version: 4, or 2 for a query that was presigned by SigV2.
    """

    access_key: str
    date: str
    region: str
    signing_name: str
    token: str = ""
    signature: str = ""
    presigned: bool = False
    expires: float = 0.0
    signed_headers: tuple[str, ...] = ()
    stamp: str = ""
    version: int = 4

    @property
    def text(self) -> str:
        """The scope as it is signed: `20261122/us-east-1/s3/aws4_request`."""
        return f"{self.date}/{self.region}/{self.signing_name}/aws4_request"

    @property
    def partition(self) -> str:
        """The partition of the Region: `aws`, `aws-cn` or `aws-us-gov`."""
        return partition_of(self.region)


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
    parts = _parts(query["X-Amz-Credential"])
    if parts is None:
        return None
    stamp = query.get("X-Amz-Date", "")
    try:
        began = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        expires = began.timestamp() + int(query["X-Amz-Expires"])
    except (KeyError, ValueError):
        return None
    return Scope(
        *parts,
        query.get("X-Amz-Security-Token", ""),
        query.get("X-Amz-Signature", ""),
        presigned=True,
        expires=expires,
        signed_headers=tuple(query.get("X-Amz-SignedHeaders", "").split(";")),
        stamp=stamp,
    )


def _of_query_v2(query: Mapping[str, str]) -> Scope | None:
    expires = query.get("Expires", "")
    if not (expires.isascii() and expires.isdigit()):
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
        version=2,
    )


def _of_header(header: str, request: HttpRequest) -> Scope | None:
    match = _HEADER.match(header)
    if not match:
        return None
    fields: dict[str, str] = {}
    for part in match["fields"].split(","):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    parts = _parts(fields.get("Credential", ""))
    if parts is None:
        return None
    return Scope(
        *parts,
        request.headers.get("x-amz-security-token", ""),
        fields.get("Signature", ""),
        signed_headers=tuple(fields.get("SignedHeaders", "").split(";")),
        stamp=_stamp(request.headers),
    )


def _stamp(headers: Mapping[str, str]) -> str:
    """When a request was signed: its X-Amz-Date, else its Date, which may have HTTP's form."""
    text = headers.get("x-amz-date") or headers.get("date", "")
    if not text or _STAMP.fullmatch(text):
        return text
    try:
        return parsedate_to_datetime(text).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except ValueError:
        return ""


def _parts(credential: str) -> tuple[str, str, str, str] | None:
    """Access key, date, Region and signing name."""
    # The access key may not hold a slash, but old clients percent-encode the separators.
    parts = unquote(credential).split("/")
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        return None
    return parts[0], parts[1], parts[2], parts[3]
