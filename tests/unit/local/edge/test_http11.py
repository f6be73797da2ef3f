from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.local.edge.call import HttpResponse
from crosswind.local.edge.http11 import BadRequestError, read_request, wants_close, write_response


def read(raw: bytes, continued: list[bool] | None = None):
    return read_request(io.BytesIO(raw), lambda: (continued if continued is not None else []).append(True))


def written(response: HttpResponse, *, head: bool = False, close: bool = False) -> tuple[str, dict[str, str], bytes]:
    out = io.BytesIO()
    write_response(out, response, head=head, close=close)
    start, _, body = out.getvalue().partition(b"\r\n\r\n")
    status, *lines = start.decode().split("\r\n")
    return status, dict(line.lower().split(": ", 1) for line in lines), body


def test_a_request_is_read_whole() -> None:
    http = read(b"put /a%2Fb?x=1&y&x=2 HTTP/1.1\r\nHost: h\r\nA: 1\r\na: 2\r\nContent-Length: 3\r\n\r\nabc")
    assert http is not None
    assert (http.method, http.path, http.raw_query, http.body) == ("PUT", "/a%2Fb", "x=1&y&x=2", b"abc")
    assert http.query == {"x": "2", "y": ""}
    assert http.headers["a"] == "1,2"


def test_chunks_are_joined_and_the_length_is_set() -> None:
    raw = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n"
    http = read(raw)
    assert http is not None
    assert http.body == b"abc0123456789"
    assert http.headers == {"content-length": "13"}


def test_absolute_form_is_read_as_a_path() -> None:
    http = read(b"GET http://host:1/p/q?z HTTP/1.1\r\n\r\n")
    assert http is not None
    assert (http.path, http.raw_query) == ("/p/q", "z")


def test_continue_is_sent_before_the_body_is_read() -> None:
    asked: list[bool] = []
    read(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", asked)
    assert asked == [True]


def test_end_of_stream_is_no_request() -> None:
    assert read(b"") is None
    assert read(b"\r\n") is None


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nspace : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n", 431),
        (b"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n", 413),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n", 400),
    ],
)
def test_bad_requests_are_refused(raw: bytes, status: int) -> None:
    with pytest.raises(BadRequestError) as refusal:
        read(raw)
    assert refusal.value.status == status


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_otherwise(raw: bytes) -> None:
    try:
        read(b"GET / HTTP/1.1\r\n" + raw)
    except BadRequestError as error:
        assert 400 <= error.status < 600  # noqa: PT017 - either outcome is right; any other error is not


def test_a_body_has_its_length() -> None:
    status, headers, body = written(HttpResponse(200, {"x": "y"}, b"abc"))
    assert (status, body, headers["content-length"], headers["x"]) == ("HTTP/1.1 200 OK", b"abc", "3", "y")
    assert "date" in headers
    assert headers["connection"] == "keep-alive"


def test_head_keeps_the_length_and_sends_no_body() -> None:
    _, headers, body = written(HttpResponse(200, {"Content-Length": "42"}, b""), head=True)
    assert (headers["content-length"], body) == ("42", b"")
    _, headers, body = written(HttpResponse(200, {}, b"abc"), head=True)
    assert (headers["content-length"], body) == ("3", b"")


def test_no_content_has_no_length() -> None:
    status, headers, body = written(HttpResponse(204, {}, b""))
    assert status == "HTTP/1.1 204 No Content"
    assert "content-length" not in headers
    assert body == b""


def test_an_iterator_is_sent_in_chunks() -> None:
    _, headers, body = written(HttpResponse(200, {}, iter([b"ab", b"", b"c"])))
    assert headers["transfer-encoding"] == "chunked"
    assert body == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


def test_a_header_cannot_start_another() -> None:
    _, headers, _ = written(HttpResponse(200, {"x": "a\r\nEvil: 1"}, b""))
    assert "evil" not in headers


def test_close_is_announced_and_understood() -> None:
    _, headers, _ = written(HttpResponse(200, {}, b""), close=True)
    assert headers["connection"] == "close"
    http = read(b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n")
    assert http is not None
    assert wants_close(http)
