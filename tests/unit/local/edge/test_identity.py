from __future__ import annotations

import time
from dataclasses import replace

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from crosswind.local.edge.call import Credentials, HttpRequest, Principal, ServiceError
from crosswind.local.identity import Identities
from tests.unit.local.edge.fakes import HUB, SITE, FakeBackend, by, on_the_wire, signed


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

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
    who = identities.identify(by(credentials, "s3"))
    assert who == principal
    assert identities.credentials_of(who) == credentials
    session = identities.session(credentials.access_key)
    assert session is not None
    assert (session.via, session.role_arn) == ("glue", arn)


def test_a_presigned_query_is_a_session_until_it_expires(
    identities: Identities, backend: FakeBackend, clock: Clock
) -> None:
    credentials, principal = identities.issue(backend.add_role("r"), "s1")
    keys = Keys(credentials.access_key, credentials.secret_key, credentials.session_token)
    v4 = on_the_wire(S3SigV4QueryAuth(keys, "s3", "us-east-1", 60), AWSRequest("GET", "http://localhost/b/k"))
    v2 = on_the_wire(HmacV1QueryAuth(keys, 60), AWSRequest("GET", "http://localhost/b/k", {}))
    for http in (v4, v2):
        assert identities.identify(http) == principal
    clock.now += 62
    for http in (v4, v2):
        assert code_of(identities, http) == ("AccessDenied", 403)
    for http in (
        replace(v4, query=dict(v4.query) | {"X-Amz-Date": "today"}),
        replace(v2, query=dict(v2.query) | {"Expires": "soon"}),
    ):
        assert code_of(identities, http)[0] == "MissingAuthenticationToken"


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
    assert code_of(identities, signed(credentials.access_key, service)) == unknown
    assert code_of(identities, signed(credentials.access_key, service, token="x")) == wrong_token
    assert code_of(identities, signed("AKIAUNKNOWN", service)) == unknown
    http = by(credentials, service)
    clock.now += 890
    assert identities.identify(http)
    clock.now += 10
    assert code_of(identities, http) == expired


def test_a_secret_must_be_the_keys_own(identities: Identities, backend: FakeBackend) -> None:
    session, _ = identities.issue(backend.add_role("r"), "s1")
    for who in (session, backend.add_user("ann")):
        assert identities.identify(by(who, "glue"))
        forged = Credentials(who.access_key, "guessed", who.session_token)
        assert code_of(identities, by(forged, "glue")) == ("InvalidSignatureException", 400)
        assert code_of(identities, by(forged, "s3", method="GET")) == ("SignatureDoesNotMatch", 403)
    assert identities.identify(by(Credentials(HUB, "any secret"), "glue")).account == HUB


def test_a_session_ends_with_its_role(identities: Identities, backend: FakeBackend) -> None:
    arn = backend.add_role("r")
    credentials, principal = identities.issue(arn, "s1")
    assert identities.alive(principal)
    backend.roles[arn] = backend.roles[arn]._replace(role_id="AROAANEW")
    assert not identities.alive(principal)
    assert code_of(identities, by(credentials, "sts")) == ("InvalidClientTokenId", 403)
    session = identities.session(credentials.access_key)
    assert session is not None
    assert session.role_id == "AROAR"
    del backend.roles[arn]
    assert code_of(identities, by(credentials, "sts")) == ("InvalidClientTokenId", 403)


def test_a_users_token_ends_with_the_user(identities: Identities, backend: FakeBackend) -> None:
    user = identities.identify(by(backend.add_user("ann"), "sts"))
    credentials, _ = identities.issue_token(user, 900)
    assert identities.identify(by(credentials, "sts")).arn == user.arn
    backend.users.clear()
    assert code_of(identities, by(credentials, "sts")) == ("InvalidClientTokenId", 403)


def test_old_sessions_are_forgotten_in_the_end(identities: Identities, backend: FakeBackend, clock: Clock) -> None:
    arn = backend.add_role("r")
    old, _ = identities.issue(arn, "s1", 900)
    clock.now += 900 + 3601
    for number in range(64):
        identities.issue(arn, f"later-{number}", 900)
    assert identities.session(old.access_key) is None


def test_a_users_key_is_the_user_while_it_is_active(identities: Identities, backend: FakeBackend) -> None:
    ann = backend.add_user("ann")
    who = identities.identify(by(ann, "iam"))
    assert (who.account, who.arn, who.user_id) == (SITE, f"arn:aws:iam::{SITE}:user/ann", "AIDAANN")
    assert identities.credentials_of(who).secret_key == ann.secret_key
    backend.keys[ann.access_key] = replace(backend.keys[ann.access_key], active=False)
    assert code_of(identities, by(ann, "iam")) == ("InvalidClientTokenId", 403)


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
