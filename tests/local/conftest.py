"""A local world's edge for the tests of this folder: once a session, on a free port, with fresh accounts a test."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from crosswind.local.clients import Clients
from crosswind.local.edge.call import Call, Credentials, ServiceError
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.server import EdgeServer
from crosswind.local.identity import Identities
from crosswind.local.moto_backend import MotoBackend
from crosswind.local.replication import Replication
from crosswind.local.requestlog import RequestLog
from crosswind.local.sts import Sts

_ACCOUNTS = itertools.count(300_000_000_000)


class Judge:
    """Allows all but what a test forbids, as (account, operation)."""

    def __init__(self) -> None:
        self.forbidden: set[tuple[str, str]] = set()

    def authorize(self, call: Call) -> None:
        if (call.principal.account, call.operation) in self.forbidden:
            raise ServiceError("AccessDenied", f"{call.principal.arn} may not {call.operation}", 403)


class LiveEdge:
    """An edge that listens, with STS and replication behind it."""

    def __init__(self) -> None:
        self.moto = MotoBackend()
        self.identities = Identities(self.moto)
        self.log = RequestLog()
        self.judge = Judge()
        self.edge = Edge(self.identities, [Sts(self.identities)], self.moto, self.judge, self.log)
        self.replication = Replication(self.edge, self.identities, self.moto, delay=0.05)
        self.edge.add(self.replication)
        self.edge.add_hook(self.replication.after_call)
        self.edge.add_guard(self.replication.guard)
        for prefix, route in self.replication.routes.items():
            self.edge.mount(prefix, route)
        self.server = EdgeServer(self.edge)

    def start(self) -> None:
        self.server.start()
        self.clients = Clients(self.server.endpoint)
        self.replication.start()

    def stop(self) -> None:
        self.server.stop()
        self.replication.stop()

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    def account(self) -> str:
        """An account id that no other test has."""
        return str(next(_ACCOUNTS))

    def client(self, service: str, account: str, region: str = "us-east-1") -> Any:
        """A client that acts as an account's root."""
        return self.clients.client(service, region, Credentials(account, "local"))

    def hold(self, match: str, effect: str, **more: Any) -> Any:
        """Give an order about replicas, as a program beside the world does."""
        order = json.dumps({"match": match, "effect": effect, **more}).encode()
        with urlopen(Request(f"{self.endpoint}/_crosswind/replication", order), timeout=10) as answer:
            return json.load(answer)

    def records(self, **fields: Any) -> list[Any]:
        """The records of the request log that have these values."""
        held, _ = self.log.since(0)
        return [r for r in held if all(r[name] == value for name, value in fields.items())]


@pytest.fixture(scope="session")
def live_edge() -> Iterator[LiveEdge]:
    edge = LiveEdge()
    edge.start()
    yield edge
    edge.stop()
