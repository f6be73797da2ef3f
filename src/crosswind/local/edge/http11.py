"""HTTP/1.1 on a socket: read one request, write one response. No TLS, no pipelining ahead, no upgrades."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import parse_qsl

from crosswind.local.edge.call import HttpRequest, HttpResponse

__all__ = ["BadRequestError", "read_request", "wants_close", "write_response"]

_LINE = 65_536
_HEADERS = 256
MAX_BODY = 5 * 1024**3  # S3's limit for one PutObject


class BadRequestError(Exception):
    """Bytes that are not a request we read; the connection ends after `status` is sent."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def read_request(stream: BinaryIO, send_continue: Callable[[], None]) -> HttpRequest | None:
    """Read one request.

    Args:
        stream: a buffered reader.
        send_continue: called when the client waits for `100 Continue` before it sends the body.

    Returns:
        The request; None when the peer closed before the first byte.

    Raises:
        BadRequestError: not HTTP/1.x, too long, or a framing that we do not read.
    """
    line = stream.readline(_LINE + 1)
    while line in (b"\r\n", b"\n"):  # RFC 9112 2.2: empty lines before the request line are skipped
        line = stream.readline(_LINE + 1)
    if not line:
        return None
    method, target = _request_line(line)
    headers = _headers(stream)
    if headers.get("expect", "").lower() == "100-continue":
        send_continue()
    body = _body(stream, headers)
    path, _, query = target.partition("?")
    if "://" in path:  # absolute form, as a proxy sends it
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    pairs = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    return HttpRequest(method, path, pairs, headers, body, query)


def _request_line(line: bytes) -> tuple[str, str]:
    if len(line) > _LINE:
        raise BadRequestError(414, "request line too long")
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError(400, "not an HTTP/1.x request line")
    return parts[0].upper(), parts[1]


def _headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_HEADERS):
        line = stream.readline(_LINE + 1)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.partition(b":")
        if not colon or len(line) > _LINE or name != name.strip():
            raise BadRequestError(400, "malformed header")
        key = name.decode("latin-1").lower()
        # UTF-8 is what AWS's clients send in metadata; latin-1 takes whatever else comes.
        raw = value.strip()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    raise BadRequestError(431, "too many headers")


def _body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    coding = headers.pop("transfer-encoding", "").lower()
    if coding:
        if coding != "chunked":
            raise BadRequestError(501, f"transfer coding {coding} is not read here")
        body = _chunked(stream)
        headers["content-length"] = str(len(body))
        return body
    text = headers.get("content-length", "0")
    if not text.isdigit():
        raise BadRequestError(400, "malformed Content-Length")
    return _exactly(stream, int(text))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    if size > MAX_BODY:
        raise BadRequestError(413, "body too large")
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise BadRequestError(400, "the connection ended inside the body")
    return data


def _chunked(stream: BinaryIO) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        line = stream.readline(_LINE + 1).split(b";")[0].strip()
        try:
            size = int(line, 16)
        except ValueError:
            raise BadRequestError(400, "malformed chunk") from None
        if size == 0:
            break
        total += size
        if total > MAX_BODY:
            raise BadRequestError(413, "body too large")
        parts.append(_exactly(stream, size))
        if stream.readline(3) not in (b"\r\n", b"\n"):
            raise BadRequestError(400, "malformed chunk")
    while stream.readline(_LINE + 1) not in (b"\r\n", b"\n", b""):
        continue  # trailer fields of the transfer coding; aws-chunked has its own inside the body
    return b"".join(parts)


def wants_close(headers: HttpRequest) -> bool:
    """True when the client asks to end the connection after this exchange."""
    return "close" in headers.headers.get("connection", "").lower()


def write_response(stream: BinaryIO, response: HttpResponse, *, head: bool, close: bool) -> None:
    """Write one response.

    Args:
        stream: an unbuffered writer whose `write` sends everything.
        response: bodies that are iterators go out chunked.
        head: true for a HEAD request: no body, Content-Length as the response has it.
        close: announce that the connection ends.
    """
    body = response.body
    lines = [f"HTTP/1.1 {response.status} {_reason(response.status)}"]
    named = {name.lower() for name in response.headers}
    lines += [f"{name}: {_clean(value)}" for name, value in response.headers.items()]
    if "date" not in named:
        lines.append(f"Date: {formatdate(usegmt=True)}")
    lines.append("Connection: close" if close else "Connection: keep-alive")
    bodyless = response.status in (204, 304) or response.status < 200
    if isinstance(body, bytes):
        if "content-length" not in named and not bodyless:
            lines.append(f"Content-Length: {len(body)}")
        start = _encoded(lines)
        if head or bodyless or not body:
            stream.write(start)
        elif len(body) < _LINE:
            stream.write(start + body)
        else:
            stream.write(start)
            stream.write(body)
        return
    chunked = "content-length" not in named
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    stream.write(_encoded(lines))
    if head:
        return
    for part in body:
        if part:
            stream.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
    if chunked:
        stream.write(b"0\r\n\r\n")


def _encoded(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def _clean(value: str) -> str:
    return str(value).replace("\r", " ").replace("\n", " ")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
