"""A request in the canonical form that is signed: SigV4's for each service, and SigV2's for S3.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html;
docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html; .../RESTAuthentication.html (SigV2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote_to_bytes

from crosswind.local.edge.call import HttpRequest

__all__ = ["canonical_query", "canonical_request", "string_to_sign_v2"]

_UNRESERVED = "-_.~"
# Text that encoding leaves as it is: most of what the SDKs send, since they send it encoded.
_ENCODED_PATH = re.compile(r"(?:[A-Za-z0-9\-_.~/]|%[0-9A-F]{2})*")
_ENCODED_QUERY = re.compile(r"(?:[A-Za-z0-9\-_.~=&]|%[0-9A-F]{2})*")
_NEEDLESS = re.compile(r"%(?:2D|2E|5F|7E|3[0-9]|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])")
# The parts of a query that SigV2 signs: subresources and answers' headers. The lines from `abac` to `session` are newer
# than SigV2: no client signs those, so that a URL with one is refused. Unsigned they would make another call of a URL.
_V2_SIGNED = re.compile(
    "accelerate|acl|analytics|cors|defaultObjectAcl|delete|inventory|lifecycle|location|logging|metrics|notification|"
    "object-lock|partNumber|policy|replication|requestPayment|restore|select|select-type|storageClass|tagging|torrent|"
    "uploadId|uploads|versionId|versioning|versions|website|"
    "abac|attributes|encryption|intelligent-tiering|legal-hold|metadata[A-Za-z]*|ownershipControls|policyStatus|"
    "publicAccessBlock|renameObject|retention|session|"
    "response-(?:cache-control|content-disposition|content-encoding|content-language|content-type|expires)"
)


def canonical_request(http: HttpRequest, signed_headers: Iterable[str], payload: str, *, s3: bool) -> str:
    """SigV4's canonical request.

    Args:
        http: the request as it came on the wire.
        signed_headers: their names in lower case, in the order in which they were signed.
        payload: the body's hash, or the word that stands in its place.
        s3: S3 encodes a path once and takes it as it is; other services normalise it and encode it again.
    """
    path = _once(http.path) if s3 or http.path == "/" else quote(_normalised(http.path), safe="/" + _UNRESERVED)
    headers, names = http.headers, list(signed_headers)
    lines = [f"{name}:{_trimmed(headers.get(name, ''))}" for name in names]
    query = canonical_query(http.raw_query) if http.raw_query else ""
    return "\n".join((http.method, path, query, *lines, "", ";".join(names), payload))


def canonical_query(raw: str) -> str:
    """The query of a request, sorted by name and value; of a presigned one without its signature."""
    plain = _ENCODED_QUERY.fullmatch(raw) is not None and _NEEDLESS.search(raw) is None
    pairs = []
    for part in raw.split("&"):
        name, _, value = part.partition("=")
        if not plain:
            name, value = _recoded(name), _recoded(value)
        if part and name != "X-Amz-Signature":
            pairs.append((name, value))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def string_to_sign_v2(http: HttpRequest, path: str) -> str:
    """What SigV2 signs of a presigned request to S3.

    Args:
        http: the request as it came on the wire.
        path: its path with the bucket in front, still encoded.
    """
    query, headers = http.query, http.headers
    amz = {name: value for name, value in headers.items() if name.startswith("x-amz-")}
    amz |= {name.lower(): value for name, value in query.items() if name.lower().startswith("x-amz-")}
    lines = [
        http.method,
        headers.get("content-md5", query.get("content-md5", "")),
        headers.get("content-type", query.get("content-type", "")),
        query["Expires"],
        *(f"{name}:{_trimmed(value)}" for name, value in sorted(amz.items())),
    ]
    signed = "&".join(
        f"{name}={value}" if equals else name for name, equals, value in sorted(_v2_parts(http.raw_query))
    )
    return "\n".join((*lines, f"{path}?{signed}" if signed else path))


def _v2_parts(raw: str) -> Iterator[tuple[str, str, str]]:
    for part in raw.split("&"):
        name, equals, value = part.partition("=")
        if _V2_SIGNED.fullmatch(name):
            yield name, equals, unquote_to_bytes(value.replace("+", " ")).decode("utf-8", "replace")


def _once(path: str) -> str:
    if _ENCODED_PATH.fullmatch(path) and not _NEEDLESS.search(path):
        return path or "/"
    return quote(unquote_to_bytes(path.encode("latin-1")), safe="/" + _UNRESERVED)


def _normalised(path: str) -> str:
    """Without `.`, `..` and empty segments (RFC 3986 5.2.4); a slash at the end stays."""
    if "//" not in path and "/." not in path:
        return path or "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")


def _recoded(text: str) -> str:
    # A plus sign in a query is a space, as in a form.
    return quote(unquote_to_bytes(text.replace("+", " ").encode("latin-1")), safe=_UNRESERVED)


def _trimmed(value: str) -> str:
    return " ".join(value.split())
