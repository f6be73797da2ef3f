"""The local world with both pairs of DAGs deployed; Airflow in it is a real one."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.operators.jobs import Jobs
from benchmarks.operators.pairs import BLOCKING, PAIRS, PLAIN, REAPER
from crosswind import deploy as engine
from crosswind.cli import wire
from crosswind.deploy import Airflow
from crosswind.errors import RunError
from crosswind.topology import Intervals, Names, Topology

__all__ = ["Interpreter", "World"]

_CACHE = Path(__file__).resolve().parents[2] / ".crosswind" / "cache"
_SYNC_SECONDS = 60.0


@dataclass(frozen=True)
class Interpreter:
    """The Python of the environment's Airflow.

    Args:
        python: the executable.
        environment: the variables of Airflow's own processes.
    """

    python: Path
    environment: Mapping[str, str]


class World:
    """A context manager: a world of its own, with the shipped example and the plain pairs in it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        root = Path(self._folder.name)
        self._example = root / "example"
        shutil.copytree(wire.example().parent, self._example)
        self._declared, _ = wire.topology(self._example / "crosswind.yaml")
        _CACHE.mkdir(parents=True, exist_ok=True)
        self.process = wire.world_process(wire.state(root / "state", cache=_CACHE))

    def __enter__(self) -> Self:
        endpoint = self.process.start(port=0).endpoint
        try:
            self._administrator = wire.sessions({}, endpoint)
            self._sessions = wire.deployer_sessions(self._declared, endpoint)
            plan = engine.plan_bootstrap(self._declared, self._administrator)
            engine.Applier(self._administrator, lambda _: None).apply(plan).raise_first()
            self.airflow: Airflow = wire.airflow(self._declared, self._sessions)
        except BaseException:  # a world that nobody stops would go on
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()
        self._folder.cleanup()

    @property
    def intervals(self) -> Intervals:
        """Those of the shipped example."""
        return self._declared.intervals

    def deploy(self, every: int | None) -> None:
        """Deploy both pairs, and wait until Airflow has read them.

        Args:
            every: seconds between two looks of everything that looks; None for the example's declared intervals, and
                for the provider's defaults.
        """
        topology = self._declared
        if every:
            short = topology.intervals.model_copy(update={"poke_seconds": every, "job_seconds": every})
            topology = topology.model_copy(update={"intervals": short})
        for pair in PAIRS:
            for name, text in pair.files(every).items():
                (self._example / "dags" / name).write_text(text)
        plan = engine.plan_deploy(topology, self._example, self._sessions)
        engine.Applier(self._sessions, lambda _: None).apply(plan).raise_first()
        self._connect()
        self._grant()
        self._wait_for_files(topology)
        self.airflow.wait_for_dags([dag for pair in (*PAIRS, REAPER) for dag in pair.dags])
        self.airflow.pause(REAPER.dags[0])
        for pair in PAIRS:
            for dag in pair.dags:
                self.airflow.unpause(dag)

    def jobs(self) -> Jobs:
        """Who tells how long the jobs took."""
        (processing, east), (ml, west) = self._site("processing"), self._site("ml")
        client = self._administrator.client
        return Jobs(client("glue", processing, east), client("sagemaker", ml, west), client("logs", ml, west))

    def interpreter(self) -> Interpreter:
        """The Python of Airflow's processes, and their variables."""
        launcher = Path("/proc") / str(self.process.airflows()[0]["launcher"])
        command = launcher.joinpath("cmdline").read_bytes().split(b"\0")
        variables = [each.partition("=") for each in launcher.joinpath("environ").read_text().split("\0") if each]
        return Interpreter(Path(os.fsdecode(command[0])), {name: value for name, _, value in variables})

    def names_file(self) -> Path:
        """The names file beside the DAGs."""
        return Path(self.process.airflows()[0]["home"]) / "dags" / f"{self._declared.name}.json"

    def _connect(self) -> None:
        """Connections of the plain pairs: those of the sites under other names, so that their sessions differ."""
        names, hub = Names(self._declared), (self._declared.hub_account, self._declared.hub.region)
        secrets = self._administrator.client("secretsmanager", *hub)
        known = {each["Name"] for each in secrets.list_secrets(MaxResults=100)["SecretList"]}
        for pair in (PLAIN, BLOCKING):
            for site, connection in zip(("processing", "ml"), pair.connections, strict=True):
                declared = secrets.get_secret_value(SecretId=names.secret(self._declared.sites[site].connection))
                if names.secret(connection) not in known:
                    secrets.create_secret(Name=names.secret(connection), SecretString=declared["SecretString"])

    def _grant(self) -> None:
        """What the provider's operators ask for besides, which the deployed role lets ours do without."""
        account = self._declared.account_of("ml")
        iam = self._administrator.client("iam", account, self._declared.region_of("ml"))
        actions = ["glue:GetJob", "s3:ListBucket", "s3:GetObject", "sagemaker:ListTrainingJobs"]
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        iam.put_role_policy(
            RoleName=Names(self._declared).role("cross-account"),
            PolicyName="plain-operators",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def _wait_for_files(self, topology: Topology) -> None:
        """Until the environment has the DAGs folder as it was just deployed."""
        pause, deadline = threading.Event(), time.monotonic() + _SYNC_SECONDS
        wanted = {path.name: path.read_bytes() for path in (self._example / "dags").glob("*.py")}
        while time.monotonic() < deadline:
            folder = self.names_file().parent
            here = {path.name: path.read_bytes() for path in folder.glob("*.py")}
            every = self.names_file().exists() and json.loads(self.names_file().read_text())["intervals"]
            if here == wanted and every and every["job_seconds"] == topology.intervals.job_seconds:
                return
            pause.wait(0.2)
        raise RunError(f"the DAGs folder is not as it was deployed after {_SYNC_SECONDS:.0f} s")

    def _site(self, name: str) -> tuple[str, str]:
        return self._declared.account_of(name), self._declared.region_of(name)
