"""The execution role's session: what Airflow acts with, and what this package reads the bucket with."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from crosswind.local.edge.call import Credentials, HttpRequest, HttpResponse, Principal, ServiceError

__all__ = ["Clients", "CredentialsEndpoint", "ExecutionRole", "Identities"]

SESSION_NAME = "AmazonMWAA-airflow"
"""The session name that MWAA's own sessions of an execution role carry."""

_REFRESH_BEFORE = 600.0


class Identities(Protocol):
    """What issues sessions of roles."""

    def issue(
        self, role_arn: str, session_name: str, duration: int = 3600, *, via: str = "", source_arn: str = ""
    ) -> tuple[Credentials, Principal]:
        """A session of a role for a service that acts for it; raises ServiceError when that may not be."""


class Clients(Protocol):
    """What makes boto3 clients that go through the edge."""

    def client(self, service: str, region: str, credentials: Credentials) -> Any:
        """A client of `service` in `region` that signs with `credentials`."""


class ExecutionRole:
    """A role's session, kept fresh. Thread-safe.

    Args:
        identities: issues the sessions.
        clients: makes the clients.
        arn: the role.
        region: the environment's Region.
        source_arn: the environment's ARN, for which MWAA assumes the role (`aws:SourceArn`).
    """

    def __init__(self, identities: Identities, clients: Clients, arn: str, region: str, source_arn: str = "") -> None:
        self.arn = arn
        self.region = region
        self._source_arn = source_arn
        self._identities = identities
        self._clients = clients
        self._lock = threading.Lock()
        self._session: Credentials | None = None

    def credentials(self) -> Credentials:
        """Keys that are good for ten minutes at least; raises ServiceError when MWAA may not assume the role."""
        with self._lock:
            session = self._session
            if session is None or 0 < session.expires < time.time() + _REFRESH_BEFORE:
                session, _ = self._identities.issue(self.arn, SESSION_NAME, via="airflow", source_arn=self._source_arn)
                self._session = session
            return session

    def client(self, service: str) -> Any:
        """A client that acts as the role."""
        return self._clients.client(service, self.region, self.credentials())


class CredentialsEndpoint:
    """The container-credentials endpoint: `/_crosswind/credentials/<id>` with the id's own token.

    The answer has the shape that the AWS SDKs' container provider expects.
    """

    PREFIX = "/_crosswind/credentials/"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served: dict[str, tuple[str, ExecutionRole]] = {}

    def add(self, role: ExecutionRole) -> tuple[str, str]:
        """Serve a role; returns the path and the authorization token."""
        identity, token = secrets.token_hex(16), secrets.token_urlsafe(32)
        with self._lock:
            self._served[identity] = (token, role)
        return self.PREFIX + identity, token

    def remove(self, path: str) -> None:
        """Stop serving a path."""
        with self._lock:
            self._served.pop(path.removeprefix(self.PREFIX), None)

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        with self._lock:
            known = self._served.get(request.path.removeprefix(self.PREFIX))
        if known is None:
            return _answer(404, {"code": "NotFound", "message": "no such credentials"})
        token, role = known
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return _answer(401, {"code": "Unauthorized", "message": "wrong authorization token"})
        try:
            keys = role.credentials()
        except ServiceError as error:  # the role was deleted under its environment
            return _answer(error.status, {"code": error.code, "message": error.message})
        # The container provider insists on an expiry; a key that never expires is asked for again in an hour.
        expires = datetime.fromtimestamp(keys.expires or time.time() + 3600, UTC)
        return _answer(
            200,
            {
                "RoleArn": role.arn,
                "AccessKeyId": keys.access_key,
                "SecretAccessKey": keys.secret_key,
                "Token": keys.session_token,
                "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        )


def _answer(status: int, document: Mapping[str, str]) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(document).encode())
