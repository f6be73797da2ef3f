"""The example, and the other golden topologies."""

from __future__ import annotations

import pytest

from crosswind.prove import Proof
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.prove.declared import Declared


@pytest.fixture(scope="session")
def example() -> Declared:
    return Declared.of(TOPOLOGIES["unified_pipelines"])


@pytest.fixture(scope="session")
def proof(example: Declared) -> Proof:
    return example.proof


@pytest.fixture(scope="session")
def movers() -> Declared:
    return Declared.of(TOPOLOGIES["movers"])


@pytest.fixture(scope="session")
def customer_keys() -> Declared:
    return Declared.of(TOPOLOGIES["customer_keys"])
