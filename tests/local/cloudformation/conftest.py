"""One live edge for this folder's tests; each test has accounts of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from crosswind.local.clients import Clients
from crosswind.local.cloudformation import CloudFormation
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.server import EdgeServer
from crosswind.local.engines import EventInvokeConfigs, GlueDefinitions
from crosswind.local.identity import Identities
from crosswind.local.moto_backend import MotoBackend
from crosswind.local.replication import Replication
from crosswind.local.requestlog import RequestLog
from crosswind.local.sts import Sts
from tests.allow_all import AllowAll
from tests.local.cloudformation.world import Account

_NUMBERS = itertools.count(410_000_000_000)


@pytest.fixture(scope="package")
def edge_log() -> RequestLog:
    return RequestLog()


@pytest.fixture(scope="package")
def endpoint(edge_log: RequestLog) -> Iterator[str]:
    moto = MotoBackend()
    identities = Identities(moto)
    edge = Edge(identities, [Sts(identities)], moto, AllowAll(), edge_log)
    server = EdgeServer(edge)
    server.start()
    cloudformation = CloudFormation(identities, Clients(server.endpoint))
    edge.add(cloudformation)
    # Not started: what its configurations are made of is this folder's affair, not what they do.
    for service in (GlueDefinitions(moto), EventInvokeConfigs(moto), Replication(edge, identities, moto)):
        edge.add(service)
    yield server.endpoint
    cloudformation.stop()
    server.stop()


@pytest.fixture
def new_account(endpoint: str) -> Callable[[], Account]:
    def make() -> Account:
        return Account(endpoint, str(next(_NUMBERS)))

    return make


@pytest.fixture
def account(new_account: Callable[[], Account]) -> Account:
    return new_account()
