"""Who says they sign: the credential scope of a SigV4 request, from the header or from a presigned query."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
    """

    access_key: str
    date: str
    region: str
    signing_name: str
    token: str = ""
    signature: str = ""
    presigned: bool = False


def scope_of(request: HttpRequest) -> Scope | None:
    """The scope of a signed request; None when it is not signed with SigV4 or the scope is malformed."""
    header = request.headers.get("authorization", "")
    if header:
        return _of_header(header, request)
    if "X-Amz-Credential" in request.query:
        return _of(
            request.query["X-Amz-Credential"],
            request.query.get("X-Amz-Security-Token", ""),
            request.query.get("X-Amz-Signature", ""),
            presigned=True,
        )
    return None


def _of_header(header: str, request: HttpRequest) -> Scope | None:
    match = _HEADER.match(header)
    if not match:
        return None
    fields: dict[str, str] = {}
    for part in match["fields"].split(","):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    token = request.headers.get("x-amz-security-token", "")
    return _of(fields.get("Credential", ""), token, fields.get("Signature", ""), presigned=False)


def _of(credential: str, token: str, signature: str, *, presigned: bool) -> Scope | None:
    # The access key may not hold a slash, but old clients percent-encode the separators.
    parts = unquote(credential).split("/")
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        return None
    key, date, region, name = parts[:4]
    return Scope(key, date, region, name, token, signature, presigned)
