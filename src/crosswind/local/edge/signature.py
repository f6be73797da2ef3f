"""Is a request signed by whom it says? SigV4 by header and query, SigV2 by query, and the chunks of a signed stream.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html; docs.aws.amazon.com/AmazonS3/latest/API/
sig-v4-authenticating-requests.html, .../sigv4-streaming.html, .../sigv4-streaming-trailers.html,
.../sigv4-query-string-auth.html.

What differs from AWS: the Region of a scope is not compared with the endpoint's, since one endpoint stands for
all Regions; nor is the service, since the request goes to the service that it is signed for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from calendar import timegm
from collections.abc import Callable
from functools import lru_cache

from crosswind.local.edge import refusals
from crosswind.local.edge.addressing import path_style
from crosswind.local.edge.call import HttpRequest, ServiceError
from crosswind.local.edge.canonical import canonical_request, string_to_sign_v2
from crosswind.local.edge.chunks import Seal, check_chunks
from crosswind.local.edge.scope import Scope

__all__ = ["SKEW", "Signatures"]

SKEW = 900
"""Seconds by which a signature's date may differ from the world's clock."""

_S3 = frozenset(("s3", "s3-outposts", "s3-object-lambda", "s3express"))
_UNSIGNED = "UNSIGNED-PAYLOAD"
_SIGNED_STREAMS = ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
_UNSIGNED_STREAM = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_NO_HASHES = (_UNSIGNED, _UNSIGNED_STREAM, *_SIGNED_STREAMS)
_WEEK = 604_800
_STAMP = "%Y%m%dT%H%M%SZ"
_EMPTY = hashlib.sha256(b"").hexdigest()


class Signatures:
    """Checks signatures. Safe to use from many threads.

    Args:
        clock: Unix time in seconds.
        keep: how many derived signing keys are kept, one for each secret, day, Region and service.
    """

    def __init__(self, clock: Callable[[], float] = time.time, keep: int = 1024) -> None:
        self._clock = clock
        self._key = lru_cache(maxsize=keep)(_signing_key)

    def check(self, http: HttpRequest, scope: Scope, secret: str, protocol: str) -> None:
        """Return when a request is signed with a secret, and neither too old nor too new.

        Args:
            http: the request as it came on the wire: host, path and headers untouched.
            scope: its credential scope.
            secret: the secret key of `scope.access_key`.
            protocol: of the service that was called; refusals have its words.

        Raises:
            ServiceError: in AWS's words.
        """
        if scope.version == 2:
            self.check_expiry(scope, protocol)
            self._check_v2(http, scope, secret)
            return
        self._check_date(scope, protocol)
        s3 = scope.signing_name in _S3
        _check_signed_headers(http, scope, protocol, s3=s3)
        payload = _payload(http, scope) if s3 else _hash(http.body)
        request = canonical_request(http, scope.signed_headers, payload, s3=s3)
        text = f"AWS4-HMAC-SHA256\n{scope.stamp}\n{scope.text}\n{_hash(request.encode())}"
        key, keyed = self._key(secret, scope.date, scope.region, scope.signing_name)
        signer = keyed.copy()
        signer.update(text.encode())
        if not hmac.compare_digest(signer.hexdigest().encode(), scope.signature.encode()):
            raise _wrong(scope, protocol, text, request)
        if s3 and payload in _SIGNED_STREAMS:
            check_chunks(http, Seal(key, scope.stamp, scope.text, scope.signature))

    def check_expiry(self, scope: Scope, protocol: str) -> None:
        """Raise ServiceError when a presigned URL has ended; this holds for root keys too."""
        if not scope.presigned:
            return
        now = self._clock()
        if scope.expires <= now:
            raise refusals.expired_url(protocol, scope.stamp, _written(scope.expires), _written(now))

    def _check_date(self, scope: Scope, protocol: str) -> None:
        signed = _read(scope.stamp)
        if signed is None:
            raise refusals.bad_date(protocol)
        if scope.date != scope.stamp[:8]:
            raise refusals.wrong_scope_date(protocol, scope.date, scope.stamp)
        now = self._clock()
        if scope.presigned:
            if not 0 <= scope.expires - signed <= _WEEK:
                text = "X-Amz-Expires must be less than a week (in seconds) and not negative"
                raise ServiceError("AuthorizationQueryParametersError", text, 400)
            self.check_expiry(scope, protocol)
            if signed > now + SKEW and protocol == "rest-xml":
                raise ServiceError("AccessDenied", "Request is not yet valid", 403)
        elif signed < now - SKEW:
            raise refusals.skewed(protocol, scope.stamp, _written(now), _written(now - SKEW), future=False)
        if signed > now + SKEW:
            raise refusals.skewed(protocol, scope.stamp, _written(now), _written(now + SKEW), future=True)

    def _check_v2(self, http: HttpRequest, scope: Scope, secret: str) -> None:
        text = string_to_sign_v2(http, path_style(http, scope).path)
        digest = hmac.digest(secret.encode(), text.encode(), "sha1")
        if not hmac.compare_digest(base64.b64encode(digest), scope.signature.encode()):
            raise _wrong(scope, "rest-xml", text, "")


def _check_signed_headers(http: HttpRequest, scope: Scope, protocol: str, *, s3: bool) -> None:
    signed = scope.signed_headers
    if "host" not in signed:
        raise refusals.unsigned_headers(protocol, "host" if s3 else "Host")
    if s3:
        # docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html: host and every x-amz-* header.
        left = [name for name in http.headers if name.startswith("x-amz-") and name not in signed]
        if left:
            raise refusals.unsigned_headers(protocol, ", ".join(left))


def _payload(http: HttpRequest, scope: Scope) -> str:
    """What S3 signs in the body's place; raises ServiceError when it is a hash, and not the body's."""
    claimed = http.headers.get("x-amz-content-sha256") or http.query.get("X-Amz-Content-Sha256", "")
    if scope.presigned and not claimed:
        return _UNSIGNED
    if claimed in _NO_HASHES:
        return claimed
    if not claimed:
        text = "Missing required header for this request: x-amz-content-sha256"
        raise ServiceError("InvalidRequest", text, 400)
    actual = _hash(http.body)
    if claimed != actual:
        raise refusals.body_hash(claimed, actual)
    return claimed


def _wrong(scope: Scope, protocol: str, text: str, request: str) -> ServiceError:
    fields = {"AWSAccessKeyId": scope.access_key, "StringToSign": text, "SignatureProvided": scope.signature}
    if request:
        fields["CanonicalRequest"] = request
    return refusals.wrong_signature(protocol, fields)


def _signing_key(secret: str, date: str, region: str, service: str) -> tuple[bytes, hmac.HMAC]:
    """The derived key, and a signer that has taken it in already, to be copied."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key, hmac.new(key, digestmod="sha256")


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if data else _EMPTY


@lru_cache(maxsize=256)
def _read(stamp: str) -> int | None:
    try:
        return timegm(time.strptime(stamp, _STAMP))
    except ValueError:
        return None


def _written(moment: float) -> str:
    return time.strftime(_STAMP, time.gmtime(moment))
