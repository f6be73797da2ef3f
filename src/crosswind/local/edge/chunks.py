"""The chunks of a signed stream (aws-chunked): each is signed with the signature before it as its seed.

Source: docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html, .../sigv4-streaming-trailers.html.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace

from crosswind.local.edge import refusals
from crosswind.local.edge.call import HttpRequest, ServiceError

__all__ = ["Seal", "check_chunks"]

_EMPTY = hashlib.sha256(b"").hexdigest()
_MARK = b";chunk-signature="


@dataclass(frozen=True)
class Seal:
    """What the next chunk is signed with.

    Args:
        key: the signing key.
        stamp: the request's date, `YYYYMMDDTHHMMSSZ`.
        scope: the credential scope.
        before: the signature before: the request's own for the first chunk.
    """

    key: bytes
    stamp: str
    scope: str
    before: str

    def of(self, kind: str, *hashes: str) -> str:
        """The signature of a chunk (`PAYLOAD`) or of the trailing headers (`TRAILER`)."""
        text = "\n".join((f"AWS4-HMAC-SHA256-{kind}", self.stamp, self.scope, self.before, *hashes))
        return hmac.digest(self.key, text.encode(), "sha256").hex()


def check_chunks(http: HttpRequest, seal: Seal) -> None:
    """Return when every chunk of a body, and its trailing headers where it has any, are signed.

    Raises:
        ServiceError: SignatureDoesNotMatch, or IncompleteBody for a body that is not chunked as S3 has it.
    """
    body, at = http.body, 0
    while True:
        line_end = body.find(b"\r\n", at)
        head, mark, given = body[at:line_end].partition(_MARK)
        if line_end < 0 or not mark:
            raise _incomplete()
        size = _size(head)
        begin = line_end + 2
        data = body[begin : begin + size]
        if len(data) != size:
            raise _incomplete()
        expected = seal.of("PAYLOAD", _EMPTY, hashlib.sha256(data).hexdigest())
        _compare(expected, given, seal)
        seal = replace(seal, before=expected)
        if size == 0:
            break
        at = begin + size + 2
    if http.headers.get("x-amz-content-sha256", "").endswith("-TRAILER"):
        _check_trailer(body[begin:], seal)


def _check_trailer(rest: bytes, seal: Seal) -> None:
    lines = [line for line in rest.split(b"\r\n") if line]
    given = b""
    text = b""
    for line in lines:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"x-amz-trailer-signature":
            given = value.strip()
        else:
            text += name.strip().lower() + b":" + value.strip() + b"\n"
    _compare(seal.of("TRAILER", hashlib.sha256(text).hexdigest()), given, seal)


def _compare(expected: str, given: bytes, seal: Seal) -> None:
    if not hmac.compare_digest(expected.encode(), given):
        fields = {"SignatureProvided": given.decode("latin-1"), "StringToSign": f"after {seal.before}"}
        raise refusals.wrong_signature("rest-xml", fields)


def _size(head: bytes) -> int:
    try:
        return int(head, 16)
    except ValueError:
        raise _incomplete() from None


def _incomplete() -> ServiceError:
    text = "You did not provide the number of bytes specified by the Content-Length HTTP header."
    return ServiceError("IncompleteBody", text, 400)
