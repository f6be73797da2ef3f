"""The example, deployed once on a world of its own, with a real Airflow that notices kills within seconds."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosswind.aws import Sessions
from crosswind.cli import wire
from crosswind.deploy import Airflow, Applier, plan_bootstrap, plan_deploy
from crosswind.local.process import WorldProcess
from crosswind.topology import Intervals, Names, Topology

__all__ = ["REAP_SECONDS", "RETRIES", "Place", "Stage", "deployed"]

CACHE = Path(__file__).parents[2] / ".crosswind" / "cache"
REAP_SECONDS = 5
RETRIES = 2
# The demo's, but for a reaper that comes every few seconds and one more retry: a schedule has up to three kills.
_INTERVALS = Intervals(
    poke_seconds=1,
    timeout_seconds=120,
    arrival_seconds=120,
    job_seconds=1,
    retries=RETRIES,
    retry_seconds=2,
    reap_seconds=REAP_SECONDS,
)
# Seconds: a kill is noticed soon, and a process that only waits for a busy machine is not taken for dead.
_OPTIONS = {
    "scheduler.task_instance_heartbeat_timeout": "8",
    "scheduler.task_instance_heartbeat_timeout_detection_interval": "1",
    "scheduler.task_instance_heartbeat_sec": "1",
    "scheduler.orphaned_tasks_check_interval": "5",
    "scheduler.scheduler_health_check_threshold": "6",
    "triggerer.job_heartbeat_sec": "1",
    "triggerer.triggerer_health_check_threshold": "6",
}


@dataclass(frozen=True)
class Place:
    """An S3 bucket, and where it is."""

    bucket: str
    account: str
    region: str


@dataclass(frozen=True)
class Stage:
    """The deployed example.

    Args:
        process: its world.
        topology: the example's, with short intervals.
        root: sessions of each account's root: who looks, and no role of the topology.
        airflow: the environment.
    """

    process: WorldProcess
    topology: Topology
    root: Sessions
    airflow: Airflow

    @property
    def source(self) -> Place:
        """Where handovers are published."""
        return self._place("source")

    @property
    def destination(self) -> Place:
        """Where they arrive, and models are."""
        return self._place("destination")

    def client(self, service: str, place: Place) -> Any:
        """A client of the root of a place's account."""
        return self.root.client(service, place.account, place.region)

    def rest(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call of Airflow's REST API on its own port: a path may be longer than MWAA takes."""
        (environment,) = self.process.airflows()
        with urllib.request.urlopen(f"{environment['url']}/auth/token", timeout=10) as answer:
            token = json.load(answer)["access_token"]
        request = urllib.request.Request(
            f"{environment['url']}/api/v2{path}",
            None if body is None else json.dumps(body).encode(),
            {"content-type": "application/json", "authorization": f"Bearer {token}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"{}")

    def _place(self, name: str) -> Place:
        site = self.topology.buckets[name].site
        return Place(Names(self.topology).bucket(name), self.topology.account_of(site), self.topology.region_of(site))


@contextmanager
def deployed(folder: Path) -> Iterator[Stage]:
    """The example on a new world, whose state is in a folder; all of it is gone afterwards."""
    declared, root = wire.topology(wire.example())
    airflow = declared.hub.airflow.model_copy(update={"options": _OPTIONS})
    hub = declared.hub.model_copy(update={"airflow": airflow})
    topology = declared.model_copy(update={"intervals": _INTERVALS, "hub": hub})
    process = wire.world_process(wire.state(folder, cache=CACHE))
    try:
        endpoint = process.start(port=0).endpoint
        administrator = wire.sessions({}, endpoint)
        Applier(administrator).apply(plan_bootstrap(topology, administrator)).raise_first()
        deployer = wire.deployer_sessions(topology, endpoint)
        Applier(deployer).apply(plan_deploy(topology, root, deployer)).raise_first()
        stage = Stage(process, topology, administrator, wire.airflow(topology, administrator))
        stage.airflow.wait_for_dags(topology.pipelines)
        for pipeline in topology.pipelines:
            stage.airflow.unpause(pipeline)
        yield stage
    finally:
        process.stop()
