"""Two work accounts and the hub, deployed and run once in a world of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crosswind import deploy
from crosswind.aws import Sessions
from crosswind.cli import wire
from crosswind.cli.demo import with_short_intervals
from crosswind.deploy import Airflow, PipelineRun
from crosswind.local.process import WorldProcess
from crosswind.report import Trail
from crosswind.topology import Names, Topology

CACHE = Path(__file__).parents[3] / ".crosswind" / "cache"
PROJECT = Path(__file__).parent / "project"
DATA, LAB, REGION = "222222222222", "333333333333", "us-east-1"


@dataclass(frozen=True)
class Laboratory:
    """The deployed project, and the first run of its pipelines."""

    topology: Topology
    names: Names
    sessions: Sessions
    administrator: Sessions
    process: WorldProcess
    runs: tuple[PipelineRun, ...]

    @property
    def trail(self) -> Trail:
        """The request log as it is now."""
        return Trail(self.process.requests())

    @property
    def airflow(self) -> Airflow:
        return wire.airflow(self.topology, self.sessions)

    def s3(self, account: str) -> Any:
        """S3 as an account's root."""
        return self.administrator.client("s3", account, REGION)


@pytest.fixture(scope="package")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(wire.example().parent, project, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "dags" / "cross_account_machine_learning_dag.py").unlink()
    shutil.copytree(PROJECT, project, dirs_exist_ok=True)
    _configure(project)
    process = wire.world_process(wire.state(tmp_path_factory.mktemp("world"), cache=CACHE))
    endpoint = process.start(port=0).endpoint
    try:
        declared, root = wire.topology(project / "crosswind.yaml")
        topology = with_short_intervals(declared)
        administrator = wire.sessions({}, endpoint)
        deploy.Applier(administrator).apply(deploy.plan_bootstrap(topology, administrator)).raise_first()
        sessions = wire.deployer_sessions(topology, endpoint)
        deploy.Applier(sessions).apply(deploy.plan_deploy(topology, root, sessions)).raise_first()
        runs = wire.pipeline_runs(topology, sessions, lambda _: None).run(300)
        yield Laboratory(topology, Names(topology), sessions, administrator, process, runs)
    finally:
        process.stop()


def _configure(project: Path) -> None:
    """The example's training request: it reads the source's bucket, and writes to the laboratory's."""
    request = (project / "jobs/sagemaker/penguins_training.json").read_text()
    request = request.replace("${DestinationBucketName}/${prefix}", "${SourceBucketName}/${prefix}")
    (project / "jobs/train.json").write_text(request.replace("${DestinationBucketName}", "${LabBucketName}"))
