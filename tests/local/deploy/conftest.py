"""One local world for this story; fresh accounts for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswind.aws import AwsSessions
from crosswind.cli import wire
from crosswind.deploy import Applier, plan_bootstrap
from crosswind.topology import Topology

CACHE = Path(__file__).parents[3] / ".crosswind" / "cache"
_ACCOUNTS = itertools.count(300000000001)


@pytest.fixture(scope="package")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process = wire.world_process(wire.state(tmp_path_factory.mktemp("world"), cache=CACHE))
    try:
        yield process.start(port=0).endpoint
    finally:
        process.stop()


@pytest.fixture
def administrator(endpoint: str) -> AwsSessions:
    """Each account's root."""
    return wire.sessions({}, endpoint)


@pytest.fixture
def sessions(administrator: AwsSessions, topology: Topology) -> AwsSessions:
    """The deployer of each account, whose role was just made."""
    Applier(administrator).apply(plan_bootstrap(topology, administrator)).raise_first()
    return wire.deployer_sessions(topology, administrator.endpoint)


@pytest.fixture
def root() -> Path:
    return wire.example().parent


@pytest.fixture
def topology() -> Topology:
    """The example in two accounts that nobody has used."""
    declared, _ = wire.topology(wire.example())
    accounts = {
        name: account.model_copy(update={"id": str(next(_ACCOUNTS))}) for name, account in declared.accounts.items()
    }
    return declared.model_copy(update={"accounts": accounts})
