"""State in plain dictionaries, in moto's place."""

from __future__ import annotations

from dataclasses import dataclass, field

from crosswind.local.edge.backend import KeyOwner, RoleFacts
from crosswind.local.edge.call import Call, HttpRequest, HttpResponse

__all__ = ["FakeBackend", "signed"]

HUB, SITE = "111111111111", "222222222222"


@dataclass
class FakeBackend:
    buckets: dict[str, str] = field(default_factory=dict)
    roles: dict[str, RoleFacts] = field(default_factory=dict)
    keys: dict[str, KeyOwner] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    response: HttpResponse = field(default_factory=lambda: HttpResponse(200, {}, b"moto"))

    def dispatch(self, call: Call) -> HttpResponse:
        self.calls.append(call)
        return self.response

    def bucket_owner(self, name: str) -> str | None:
        return self.buckets.get(name)

    def role(self, arn: str) -> RoleFacts | None:
        return self.roles.get(arn)

    def key_owner(self, access_key: str) -> KeyOwner | None:
        return self.keys.get(access_key)

    def add_role(self, name: str, account: str = SITE, max_session: int = 3600) -> str:
        arn = f"arn:aws:iam::{account}:role/{name}"
        self.roles[arn] = RoleFacts(arn, "AROA" + name.upper(), name.rpartition("/")[2], account, max_session)
        return arn


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
