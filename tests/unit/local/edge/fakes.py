"""State in plain dictionaries, in moto's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import BaseSigner, S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from crosswind.local.edge.backend import KeyOwner, RoleFacts, UserFacts
from crosswind.local.edge.call import Call, Credentials, HttpRequest, HttpResponse

__all__ = ["FakeBackend", "FakePolicy", "by", "on_the_wire", "signed"]

HUB, SITE = "111111111111", "222222222222"


@dataclass(frozen=True)
class FakePolicy:
    name: str
    text: str


@dataclass
class FakeBackend:
    buckets: dict[str, str] = field(default_factory=dict)
    roles: dict[str, RoleFacts] = field(default_factory=dict)
    users: dict[str, UserFacts] = field(default_factory=dict)
    keys: dict[str, KeyOwner] = field(default_factory=dict)
    policies: dict[tuple[str, str], FakePolicy] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    response: HttpResponse = field(default_factory=lambda: HttpResponse(200, {}, b"moto"))

    def dispatch(self, call: Call) -> HttpResponse:
        self.calls.append(call)
        return self.response

    def bucket_owner(self, name: str) -> str | None:
        return self.buckets.get(name)

    def role(self, arn: str) -> RoleFacts | None:
        return self.roles.get(arn)

    def user(self, arn: str) -> UserFacts | None:
        return self.users.get(arn)

    def managed_policy(self, account: str, arn: str) -> FakePolicy | None:
        return self.policies.get((account, arn))

    def key_owner(self, access_key: str) -> KeyOwner | None:
        return self.keys.get(access_key)

    def add_role(
        self, name: str, account: str = SITE, max_session: int = 3600, tags: Mapping[str, str] | None = None
    ) -> str:
        arn = f"arn:aws:iam::{account}:role/{name}"
        last = name.rpartition("/")[2]
        self.roles[arn] = RoleFacts(arn, "AROA" + name.upper(), last, account, max_session, tags or {})
        return arn

    def add_user(self, name: str, account: str = SITE, tags: Mapping[str, str] | None = None) -> Credentials:
        arn = f"arn:aws:iam::{account}:user/{name}"
        self.users[arn] = UserFacts(arn, "AIDA" + name.upper(), name.rpartition("/")[2], account, tags or {})
        self.keys["AKIA" + name.upper()] = KeyOwner(account, arn, "AIDA" + name.upper(), "secret of " + name)
        return Credentials("AKIA" + name.upper(), "secret of " + name)


def signed(
    key: str,
    service: str,
    *,
    method: str = "POST",
    path: str = "/",
    query: str = "",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    token: str = "",
    region: str = "us-east-1",
) -> HttpRequest:
    scope = f"{key}/20261122/{region}/{service}/aws4_request"
    fields = {
        "host": "127.0.0.1:4566",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=ab",
    } | (headers or {})
    if token:
        fields["x-amz-security-token"] = token
    pairs = dict(part.partition("=")[::2] for part in query.split("&")) if query else {}
    return HttpRequest(method, path, pairs, fields, body, query)


def by(
    who: Credentials,
    service: str,
    *,
    method: str = "POST",
    url: str = "http://127.0.0.1:4566/",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    region: str = "us-east-1",
) -> HttpRequest:
    """A request that botocore signed with these credentials, now."""
    keys = Keys(who.access_key, who.secret_key, who.session_token or None)
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, region)
    return on_the_wire(signer, AWSRequest(method=method, url=url, headers=headers or {}, data=body))


def on_the_wire(signer: BaseSigner, request: AWSRequest) -> HttpRequest:
    """What the edge reads of a request after botocore signed it."""
    request.context.setdefault("client_config", None)
    signer.add_auth(request)
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    headers = {"host": parts.netloc}
    for name, value in prepared.headers.items():
        headers[name.lower()] = value.decode() if isinstance(value, bytes) else str(value)
    body = prepared.body or b""
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    data = body.encode() if isinstance(body, str) else body
    return HttpRequest(prepared.method, parts.path or "/", query, headers, data, parts.query)
