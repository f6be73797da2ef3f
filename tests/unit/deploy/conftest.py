from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crosswind.deploy import Applier, Event, Outcome, Pace, Plan, plan_bootstrap
from crosswind.topology import Topology, load
from tests.unit.deploy.memory import MemoryAws

EXAMPLE = Path(__file__).parents[3] / "examples" / "unified_pipelines"
FAST = Pace(first=0.001, limit=0.002, timeout=10, tries=3)
HUB, DATA = "111111111111", "222222222222"

Apply = Callable[[Plan], tuple[Outcome, list[Event]]]


@pytest.fixture(scope="session")
def topology() -> Topology:
    return load(EXAMPLE / "crosswind.yaml")


@pytest.fixture
def bare() -> MemoryAws:
    """Accounts in which nobody has bootstrapped anything."""
    return MemoryAws()


@pytest.fixture
def aws(bare: MemoryAws, topology: Topology) -> MemoryAws:
    Applier(bare.sessions, pace=FAST).apply(plan_bootstrap(topology, bare.sessions)).raise_first()
    bare.sessions.calls.clear()
    return bare


@pytest.fixture
def apply(aws: MemoryAws) -> Apply:
    def run(plan: Plan) -> tuple[Outcome, list[Event]]:
        events: list[Event] = []
        return Applier(aws.sessions, events.append, pace=FAST).apply(plan), events

    return run
