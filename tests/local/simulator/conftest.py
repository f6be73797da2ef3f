"""An edge of its own for this folder: its jobs are held by stand-ins of the engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.conftest import LiveEdge
from tests.local.simulator.places import EdgePlace, Engines, FakePlace, Place, serve


@pytest.fixture(scope="package")
def told_edge() -> Iterator[tuple[LiveEdge, Engines]]:
    edge = LiveEdge()
    engines, services = serve(edge)
    edge.start()
    yield edge, engines
    for service in services:
        service.stop()
    edge.stop()


@pytest.fixture(params=["fake", "edge"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "fake":
        return FakePlace()
    edge, engines = request.getfixturevalue("told_edge")
    return EdgePlace(edge, engines)
