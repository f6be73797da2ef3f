"""Signatures, with botocore's own signers as the peer, and AWS's published examples."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from botocore.auth import (
    HmacV1QueryAuth,
    S3SigV4Auth,
    S3SigV4QueryAuth,
    SigV4Auth,
    SigV4QueryAuth,
)
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from hypothesis import given
from hypothesis import strategies as st

from crosswind.local.edge.call import Credentials, HttpRequest, ServiceError
from crosswind.local.edge.scope import scope_of
from crosswind.local.edge.signature import Signatures
from tests.unit.local.edge.fakes import by, on_the_wire

WHO = Credentials("ASIAEXAMPLE", "a secret/+=", "a token/+=")
KEYS = Keys(WHO.access_key, WHO.secret_key, WHO.session_token)
PROTOCOLS = {"s3": "rest-xml", "sts": "query", "glue": "json", "lambda": "rest-json", "ec2": "ec2"}
HOSTS = st.sampled_from(["127.0.0.1:4566", "localhost", "data.s3.localhost:4566", "s3.us-east-1.amazonaws.com"])
ODD = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    [".", "..", "", " ", "+", "%", "%41", "a b", "a+b", "ü/ß", "~", "*", "'", "(", "&", "=", "?", "#", "://"]
)
SEGMENTS = st.lists(ODD, max_size=5)
PAIRS = st.lists(st.tuples(ODD.filter(bool), ODD), max_size=5)
VALUES = st.text(st.sampled_from("ab ,;=\"'/\t"), max_size=12)


def url_of(host: str, segments: list[str], pairs: list[tuple[str, str]]) -> str:
    path = "/" + "/".join(quote(segment, safe="-_.~") for segment in segments)
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
    return f"http://{host}{path}?{query}" if query else f"http://{host}{path}"


def check(http: HttpRequest, service: str, *, secret: str = WHO.secret_key, now: float | None = None) -> None:
    scope = scope_of(http)
    assert scope is not None
    moment = time.time() if now is None else now
    Signatures(lambda: moment).check(http, scope, secret, PROTOCOLS[service])


def refusal(http: HttpRequest, service: str, **more: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        check(http, service, **more)
    return caught.value


@given(HOSTS, SEGMENTS, PAIRS, VALUES, st.binary(max_size=20), st.sampled_from(["sts", "glue", "lambda"]))
def test_what_botocore_signs_is_believed(
    host: str, segments: list[str], pairs: list[tuple[str, str]], value: str, body: bytes, service: str
) -> None:
    request = AWSRequest("POST", url_of(host, segments, pairs), {"X-Odd": value, "Content-Type": "a/b"}, body)
    check(on_the_wire(SigV4Auth(KEYS, service, "eu-west-1"), request), service)


@given(HOSTS, SEGMENTS, PAIRS, VALUES, st.binary(max_size=20))
def test_what_botocore_signs_for_s3_is_believed(
    host: str, segments: list[str], pairs: list[tuple[str, str]], value: str, body: bytes
) -> None:
    request = AWSRequest("PUT", url_of(host, segments, pairs), {"x-amz-meta-odd": value}, body)
    check(on_the_wire(S3SigV4Auth(KEYS, "s3", "eu-west-1"), request), "s3")


@given(HOSTS, SEGMENTS, PAIRS, st.sampled_from([SigV4QueryAuth, S3SigV4QueryAuth]))
def test_what_botocore_presigns_is_believed(
    host: str, segments: list[str], pairs: list[tuple[str, str]], signer: type[Any]
) -> None:
    service = "s3" if signer is S3SigV4QueryAuth else "sts"
    request = AWSRequest("GET", url_of(host, segments, pairs), {})
    check(on_the_wire(signer(KEYS, service, "eu-west-1", 60), request), service)


@given(
    SEGMENTS,
    st.dictionaries(st.sampled_from(["versionId", "acl", "response-content-disposition", "other", "partNumber"]), ODD),
)
def test_what_botocore_presigns_by_sigv2_is_believed(segments: list[str], pairs: dict[str, str]) -> None:
    url = url_of("127.0.0.1:4566", ["data", *segments], list(pairs.items()))
    request = AWSRequest("GET", url, {"Content-Type": "a/b"})
    check(on_the_wire(HmacV1QueryAuth(KEYS, 60), request), "s3")


def test_sigv2_signs_the_bucket_that_the_host_names() -> None:
    request = AWSRequest("GET", "http://data.s3.localhost:4566/a%20key", {}, auth_path="/data/a%20key")
    http = on_the_wire(HmacV1QueryAuth(KEYS, 60), request)
    check(http, "s3")
    other = replace(http, headers=dict(http.headers) | {"host": "other.s3.localhost:4566"})
    assert refusal(other, "s3").code == "SignatureDoesNotMatch"


CHANGES: dict[str, Callable[[HttpRequest], HttpRequest]] = {
    "method": lambda http: replace(http, method="DELETE"),
    "path": lambda http: replace(http, path=http.path + "x"),
    "query": lambda http: replace(http, raw_query=http.raw_query + "&more=1"),
    "repeated query": lambda http: replace(http, raw_query=http.raw_query.replace("a=1", "a=3", 1)),
    "host": lambda http: replace(http, headers=dict(http.headers) | {"host": "elsewhere"}),
    "signed header": lambda http: replace(http, headers=dict(http.headers) | {"x-odd": "other"}),
    "token": lambda http: replace(http, headers=dict(http.headers) | {"x-amz-security-token": "other"}),
    "signature": lambda http: replace(
        http, headers=dict(http.headers) | {"authorization": http.headers["authorization"][:-1] + "x"}
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("service", PROTOCOLS)
def test_what_was_changed_on_the_way_is_refused(service: str, change: Callable[[HttpRequest], HttpRequest]) -> None:
    url = "http://127.0.0.1:4566/a/b?a=1&a=2&c="
    http = by(WHO, service, url=url, headers={"X-Odd": "value"}, body=b"body")
    check(http, service)
    error = refusal(change(http), service)
    expected = {
        "s3": ("SignatureDoesNotMatch", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "glue": ("InvalidSignatureException", 400),
        "lambda": ("InvalidSignatureException", 403),
        "ec2": ("AuthFailure", 401),
    }
    assert (error.code, error.status) == expected[service]
    if service == "s3":
        assert error.message.endswith("Check your key and signing method.")
        assert error.fields["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
    elif service != "ec2":
        assert error.message == (
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )
    assert refusal(http, service, secret="another").code == error.code


def test_another_body_is_refused() -> None:
    glue = replace(by(WHO, "glue", body=b"body"), body=b"other")
    assert refusal(glue, "glue").code == "InvalidSignatureException"
    error = refusal(replace(by(WHO, "s3", body=b"body"), body=b"other"), "s3")
    assert (error.code, error.status) == ("XAmzContentSHA256Mismatch", 400)
    assert error.fields["ClientComputedContentSHA256"] != error.fields["S3ComputedContentSHA256"]


def test_headers_that_s3_wants_signed() -> None:
    http = by(WHO, "s3")
    for name in ("x-amz-acl", "x-amz-copy-source"):
        error = refusal(replace(http, headers=dict(http.headers) | {name: "public-read"}), "s3")
        assert (error.code, error.fields["HeadersNotSigned"]) == ("AccessDenied", name)
    check(replace(http, headers=dict(http.headers) | {"user-agent": "other"}), "s3")
    bare = http.headers["authorization"].replace("SignedHeaders=host;", "SignedHeaders=")
    error = refusal(replace(http, headers=dict(http.headers) | {"authorization": bare}), "s3")
    assert error.fields["HeadersNotSigned"] == "host"


@pytest.mark.parametrize(
    ("service", "late", "early"),
    [
        ("s3", ("RequestTimeTooSkewed", 403), ("RequestTimeTooSkewed", 403)),
        ("sts", ("SignatureDoesNotMatch", 403), ("SignatureDoesNotMatch", 403)),
        ("glue", ("InvalidSignatureException", 400), ("InvalidSignatureException", 400)),
        ("ec2", ("RequestExpired", 400), ("RequestExpired", 400)),
    ],
)
def test_fifteen_minutes_of_skew(service: str, late: tuple[str, int], early: tuple[str, int]) -> None:
    http = by(WHO, service)
    now = time.time()
    check(http, service, now=now + 890)
    check(http, service, now=now - 890)
    for moment, expected in ((now + 910, late), (now - 910, early)):
        error = refusal(http, service, now=moment)
        assert (error.code, error.status) == expected
        if service in ("sts", "glue"):
            word = "Signature expired: " if moment > now else "Signature not yet current: "
            assert error.message.startswith(word + http.headers["x-amz-date"])


def test_the_scopes_date_is_the_requests() -> None:
    http = by(WHO, "sts")
    today = http.headers["x-amz-date"][:8]
    forged = http.headers["authorization"].replace(f"/{today}/", "/20200101/")
    error = refusal(replace(http, headers=dict(http.headers) | {"authorization": forged}), "sts")
    assert error.message.startswith("Date in Credential scope does not match")
    undated = {name: value for name, value in http.headers.items() if name != "x-amz-date"}
    assert refusal(replace(http, headers=undated), "sts").code == "IncompleteSignature"


def test_a_date_header_will_do() -> None:
    request = AWSRequest("POST", "http://127.0.0.1:4566/", {"Date": "x"}, b"")
    http = on_the_wire(SigV4Auth(KEYS, "sts", "us-east-1"), request)
    assert "x-amz-date" not in http.headers
    check(http, "sts")


def test_presigned_urls_end() -> None:
    now = time.time()
    v4 = on_the_wire(S3SigV4QueryAuth(KEYS, "s3", "us-east-1", 60), AWSRequest("GET", "http://localhost/a/b"))
    v2 = on_the_wire(HmacV1QueryAuth(KEYS, 60), AWSRequest("GET", "http://localhost/a/b", {}))
    for http in (v4, v2):
        check(http, "s3", now=now + 55)
        error = refusal(http, "s3", now=now + 65)
        assert (error.code, error.status, error.message) == ("AccessDenied", 403, "Request has expired")
    longer = on_the_wire(S3SigV4QueryAuth(KEYS, "s3", "us-east-1", 604_801), AWSRequest("GET", "http://localhost/a/b"))
    assert refusal(longer, "s3").code == "AuthorizationQueryParametersError"
    assert refusal(v4, "s3", now=now - 1000).message == "Request is not yet valid"


# -- AWS's own examples (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, sigv4-streaming.html)

EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EXAMPLE_NOW = 1_369_353_600.0  # 2013-05-24T00:00:00Z


def example(method: str, path: str, headers: dict[str, str], signature: str, body: bytes = b"") -> HttpRequest:
    fields = {"host": "examplebucket.s3.amazonaws.com", "x-amz-date": "20130524T000000Z"} | headers
    scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
    names = ";".join(sorted(fields))
    authorization = f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders={names},Signature={signature}"
    path, _, query = path.partition("?")
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    return HttpRequest(method, path, pairs, fields | {"authorization": authorization}, body, query)


def test_awss_example_of_a_get() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    headers = {"range": "bytes=0-9", "x-amz-content-sha256": empty}
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    check(example("GET", "/test.txt", headers, signature), "s3", secret=EXAMPLE_SECRET, now=EXAMPLE_NOW)
    headers = {"x-amz-content-sha256": empty}
    signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    http = example("GET", "/?max-keys=2&prefix=J", headers, signature)
    check(http, "s3", secret=EXAMPLE_SECRET, now=EXAMPLE_NOW)


CHUNKS = [
    (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    (1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
]


def stream(chunks: list[tuple[int, str]]) -> HttpRequest:
    parts = [b"%x;chunk-signature=%s\r\n%s\r\n" % (size, mark.encode(), b"a" * size) for size, mark in chunks]
    headers = {
        "host": "s3.amazonaws.com",
        "content-encoding": "aws-chunked",
        "content-length": "66824",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "66560",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
    }
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    return example("PUT", "/examplebucket/chunkObject.txt", headers, seed, b"".join(parts))


def test_awss_example_of_signed_chunks() -> None:
    http = stream(CHUNKS)
    check(http, "s3", secret=EXAMPLE_SECRET, now=EXAMPLE_NOW)
    tampered = replace(http, body=http.body.replace(b"aaa\r\n400;", b"aab\r\n400;"))
    assert tampered.body != http.body
    assert refusal(tampered, "s3", secret=EXAMPLE_SECRET, now=EXAMPLE_NOW).code == "SignatureDoesNotMatch"
    swapped = stream([CHUNKS[1], CHUNKS[0], CHUNKS[2]])
    assert refusal(swapped, "s3", secret=EXAMPLE_SECRET, now=EXAMPLE_NOW).code == "SignatureDoesNotMatch"
    for body in (http.body[:-200], b"zz;chunk-signature=0\r\n", b"", b"10\r\n"):
        cut = replace(http, body=body)
        assert refusal(cut, "s3", secret=EXAMPLE_SECRET, now=EXAMPLE_NOW).code == "IncompleteBody"


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n,"), max_size=8),
    st.text(st.characters(max_codepoint=255), max_size=8),
    st.binary(max_size=40),
)
def test_nonsense_is_refused_not_crashed_on(signature: str, query: str, body: bytes) -> None:
    http = by(WHO, "s3")
    changed = http.headers["authorization"].rpartition("=")[0] + "=" + signature
    fields = dict(http.headers) | {"authorization": changed}
    with pytest.raises(ServiceError):
        check(replace(http, headers=fields, raw_query=query, path="/" + query, body=body), "s3")
