"""One world with IAM enforced for this folder, and the example deployed in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crosswind.cli import wire
from crosswind.topology import Topology
from tests.local.iam.arena import Arena
from tests.local.iam.stage import Stage


@pytest.fixture(scope="package")
def arena() -> Iterator[Arena]:
    made = Arena()
    yield made
    made.stop()


@pytest.fixture(scope="package")
def stage(arena: Arena) -> Stage:
    made = Stage(arena, example_in(arena))
    made.deploy()
    return made


@pytest.fixture(scope="package")
def keyed(arena: Arena) -> Stage:
    """The example with customer keys on both buckets, its accounts in an organization."""
    topology = example_in(arena)
    buckets = {
        name: bucket.model_copy(update={"encryption": "customer-key"}) for name, bucket in topology.buckets.items()
    }
    made = Stage(arena, topology.model_copy(update={"buckets": buckets}))
    made.organize()
    made.deploy()
    return made


def example_in(arena: Arena) -> Topology:
    """The example in two accounts that nobody has used."""
    declared, _ = wire.topology(wire.example())
    accounts = {name: account.model_copy(update={"id": arena.account()}) for name, account in declared.accounts.items()}
    return declared.model_copy(update={"accounts": accounts})
