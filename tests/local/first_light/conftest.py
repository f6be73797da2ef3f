"""The example, deployed and run once in a world of its own, for every test of this story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crosswind import deploy
from crosswind.aws import Sessions
from crosswind.cli import wire
from crosswind.cli.demo import with_short_intervals
from crosswind.deploy import PipelineRun
from crosswind.local.process import WorldProcess
from crosswind.report import Trail
from crosswind.topology import Names, Topology

CACHE = Path(__file__).parents[3] / ".crosswind" / "cache"


@dataclass(frozen=True)
class FirstLight:
    """A deployed example and one run of its pipelines, both under the deployer's role; and each account's root."""

    topology: Topology
    names: Names
    root: Path
    sessions: Sessions
    administrator: Sessions
    process: WorldProcess
    runs: tuple[PipelineRun, ...]

    @property
    def trail(self) -> Trail:
        """The request log as it is now."""
        return Trail(self.process.requests())


@pytest.fixture(scope="package")
def first_light(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstLight]:
    process = wire.world_process(wire.state(tmp_path_factory.mktemp("world"), cache=CACHE))
    endpoint = process.start(port=0).endpoint
    try:
        declared, root = wire.topology(wire.example())
        topology = with_short_intervals(declared)
        administrator = wire.sessions({}, endpoint)
        deploy.Applier(administrator).apply(deploy.plan_bootstrap(topology, administrator)).raise_first()
        sessions = wire.deployer_sessions(topology, endpoint)
        plan = deploy.plan_deploy(topology, root, sessions)
        deploy.Applier(sessions).apply(plan).raise_first()
        runs = wire.pipeline_runs(topology, sessions, lambda _: None).run(300)
        yield FirstLight(topology, Names(topology), root, sessions, administrator, process, runs)
    finally:
        process.stop()
