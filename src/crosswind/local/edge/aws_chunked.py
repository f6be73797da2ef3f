"""The body of a request as its client had it before the transfer coding `aws-chunked`, and the headers that trail it.

Source: docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html, .../sigv4-streaming-trailers.html. Whether the
chunks are signed is `chunks`' affair.
"""

from __future__ import annotations

from collections.abc import Mapping

from crosswind.local.edge.call import HttpRequest, ServiceError

__all__ = ["payload"]


def payload(http: HttpRequest) -> tuple[bytes, Mapping[str, str]]:
    """The body without its coding, and the trailing headers, names in lower case.

    Raises:
        ServiceError: IncompleteBody for a body that is not chunked as S3 has it.
    """
    if not _is_chunked(http.headers):
        return http.body, {}
    body, at = http.body, 0
    parts: list[bytes] = []
    while True:
        line_end = body.find(b"\r\n", at)
        size = _size(body[at:line_end].partition(b";")[0]) if line_end >= 0 else -1
        begin = line_end + 2
        if size < 0 or len(body) < begin + size:
            raise _incomplete()
        if size == 0:
            return b"".join(parts), _trailer(body[begin:])
        parts.append(body[begin : begin + size])
        at = begin + size + 2


def _is_chunked(headers: Mapping[str, str]) -> bool:
    codings = {coding.strip() for coding in headers.get("content-encoding", "").split(",")}
    return "aws-chunked" in codings or headers.get("x-amz-content-sha256", "").startswith("STREAMING-")


def _trailer(rest: bytes) -> dict[str, str]:
    pairs = (line.partition(b":") for line in rest.split(b"\r\n") if b":" in line)
    return {name.strip().lower().decode("latin-1"): value.strip().decode("latin-1") for name, _, value in pairs}


def _size(text: bytes) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return -1


def _incomplete() -> ServiceError:
    text = "You did not provide the number of bytes specified by the Content-Length HTTP header."
    return ServiceError("IncompleteBody", text, 400)
