from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crosswind.local.edge.backend import KeyOwner
from crosswind.local.edge.call import HttpRequest, Principal, ServiceError
from crosswind.local.identity import Identities
from tests.unit.local.edge.fakes import HUB, SITE, FakeBackend, signed


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def identities(backend: FakeBackend, clock: Clock) -> Identities:
    return Identities(backend, clock)


def code_of(identities: Identities, http: HttpRequest) -> tuple[str, int]:
    with pytest.raises(ServiceError) as refusal:
        identities.identify(http)
    return refusal.value.code, refusal.value.status


def test_twelve_digits_are_the_root_of_that_account(identities: Identities) -> None:
    who = identities.identify(signed(HUB, "s3"))
    assert who == Principal(HUB, f"arn:aws:iam::{HUB}:root", HUB, HUB)
    assert identities.credentials_of(who).access_key == HUB


def test_a_session_is_its_role(identities: Identities, backend: FakeBackend) -> None:
    arn = backend.add_role("team/glue")
    credentials, principal = identities.issue(arn, "run-1", via="glue")
    assert principal.arn == f"arn:aws:sts::{SITE}:assumed-role/glue/run-1"
    assert principal.user_id == "AROATEAM/GLUE:run-1"
    assert credentials.access_key.startswith("ASIA")
    assert len(credentials.access_key) == 20
    who = identities.identify(signed(credentials.access_key, "s3", token=credentials.session_token))
    assert who == principal
    assert identities.credentials_of(who) == credentials
    session = identities.session(credentials.access_key)
    assert session is not None
    assert (session.via, session.role_arn) == ("glue", arn)


def test_a_presigned_query_is_a_session_until_it_expires(
    identities: Identities, backend: FakeBackend, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 22, 10, 0, 59, tzinfo=UTC).timestamp()
    credentials, principal = identities.issue(backend.add_role("r"), "s1")
    v4 = {
        "X-Amz-Credential": f"{credentials.access_key}/20261122/us-east-1/s3/aws4_request",
        "X-Amz-Security-Token": credentials.session_token,
        "X-Amz-Date": "20261122T100000Z",
        "X-Amz-Expires": "60",
    }
    v2 = {
        "AWSAccessKeyId": credentials.access_key,
        "x-amz-security-token": credentials.session_token,
        "Expires": str(int(clock.now) + 1),
    }
    for query in (v4, v2):
        assert identities.identify(HttpRequest("GET", "/b/k", query, {}, b"")) == principal
    clock.now += 1
    for query in (v4, v2):
        assert code_of(identities, HttpRequest("GET", "/b/k", query, {}, b"")) == ("AccessDenied", 403)
    for query in (v4 | {"X-Amz-Date": "today"}, v2 | {"Expires": "soon"}):
        assert code_of(identities, HttpRequest("GET", "/b/k", query, {}, b""))[0] == "MissingAuthenticationToken"


@pytest.mark.parametrize(
    ("service", "expired", "wrong_token", "unknown"),
    [
        ("s3", ("ExpiredToken", 400), ("InvalidToken", 400), ("InvalidAccessKeyId", 403)),
        ("sts", ("ExpiredToken", 403), ("InvalidClientTokenId", 403), ("InvalidClientTokenId", 403)),
        (
            "glue",
            ("ExpiredTokenException", 400),
            ("UnrecognizedClientException", 400),
            ("UnrecognizedClientException", 400),
        ),
        (
            "lambda",
            ("ExpiredTokenException", 403),
            ("UnrecognizedClientException", 403),
            ("UnrecognizedClientException", 403),
        ),
        ("ec2", ("RequestExpired", 400), ("InvalidClientTokenId", 403), ("AuthFailure", 401)),
    ],
)
def test_refusals_have_the_words_of_each_protocol(
    identities: Identities,
    backend: FakeBackend,
    clock: Clock,
    service: str,
    expired: tuple[str, int],
    wrong_token: tuple[str, int],
    unknown: tuple[str, int],
) -> None:
    credentials, _ = identities.issue(backend.add_role("r"), "s1", 900)
    assert code_of(identities, signed(credentials.access_key, service)) == wrong_token
    assert code_of(identities, signed(credentials.access_key, service, token="x")) == wrong_token
    assert code_of(identities, signed("AKIAUNKNOWN", service)) == unknown
    clock.now += 899
    assert identities.identify(signed(credentials.access_key, service, token=credentials.session_token))
    clock.now += 1
    assert code_of(identities, signed(credentials.access_key, service, token=credentials.session_token)) == expired


def test_old_sessions_are_forgotten_in_the_end(identities: Identities, backend: FakeBackend, clock: Clock) -> None:
    arn = backend.add_role("r")
    old, _ = identities.issue(arn, "s1", 900)
    clock.now += 900 + 3601
    identities.issue(arn, "s2", 900)
    assert identities.session(old.access_key) is None


def test_a_users_key_is_the_user_while_it_is_active(identities: Identities, backend: FakeBackend) -> None:
    owner = KeyOwner(SITE, f"arn:aws:iam::{SITE}:user/ann", "AIDA1", "secret")
    backend.keys["AKIAANN"] = owner
    who = identities.identify(signed("AKIAANN", "iam"))
    assert (who.account, who.arn, who.user_id) == (SITE, owner.arn, "AIDA1")
    assert identities.credentials_of(who).secret_key == "secret"
    backend.keys["AKIAANN"] = KeyOwner(SITE, owner.arn, "AIDA1", "secret", active=False)
    assert code_of(identities, signed("AKIAANN", "iam")) == ("InvalidClientTokenId", 403)


def test_unsigned_is_refused(identities: Identities) -> None:
    bare = HttpRequest("GET", "/bucket/key", {}, {}, b"")
    assert code_of(identities, bare) == ("MissingAuthenticationToken", 403)
    target = HttpRequest("POST", "/", {}, {"x-amz-target": "AWSGlue.GetJobs"}, b"")
    assert code_of(identities, target) == ("MissingAuthenticationTokenException", 403)
    basic = HttpRequest("POST", "/", {}, {"authorization": "Basic abc"}, b"")
    assert code_of(identities, basic) == ("IncompleteSignature", 403)
    short = HttpRequest("POST", "/", {}, {"authorization": "AWS4-HMAC-SHA256 Credential=a/b/c"}, b"")
    assert code_of(identities, short) == ("IncompleteSignature", 403)


def test_no_session_of_a_missing_role(identities: Identities) -> None:
    with pytest.raises(ServiceError) as refusal:
        identities.issue(f"arn:aws:iam::{SITE}:role/none", "s1")
    assert (refusal.value.code, refusal.value.status) == ("NoSuchEntity", 404)
