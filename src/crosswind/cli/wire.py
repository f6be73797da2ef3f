"""The composition root: every object is built here and handed what it uses.

Imports of the heavier rooms are inside the functions that build them, so that `crosswind validate` starts fast.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from crosswind.aws import AwsSessions, Sessions
from crosswind.deploy import Airflow, PipelineRuns, TaskInstance
from crosswind.errors import UsageError
from crosswind.local.process import WorldProcess
from crosswind.local.state import StateFolder
from crosswind.topology import Names, Topology, load

if TYPE_CHECKING:
    from crosswind.local.children import Children
    from crosswind.local.clients import Clients
    from crosswind.local.engines import GlueService, LambdaService, SageMakerService
    from crosswind.local.identity import Identities
    from crosswind.local.moto_backend import MotoBackend
    from crosswind.local.world import World
    from crosswind.synth import Stack

__all__ = [
    "airflow",
    "example",
    "pipeline_runs",
    "sessions",
    "stacks",
    "state",
    "target_sessions",
    "topology",
    "world",
    "world_process",
]

# What a deployment asks of moto first, in that order: EC2 takes longest to import, and its stack comes last.
_WARM = ("iam", "s3", "glue", "awslambda", "logs", "ec2", "secretsmanager")


def topology(file: Path) -> tuple[Topology, Path]:
    """The topology of a file, and the folder to which its paths are relative."""
    return load(file), file.resolve().parent


def example(name: str = "unified_pipelines") -> Path:
    """The topology file of a shipped example: in the wheel, or in a checkout."""
    packaged = Path(str(resources.files("crosswind"))) / "examples" / name / "crosswind.yaml"
    checkout = Path(str(resources.files("crosswind"))).parents[1] / "examples" / name / "crosswind.yaml"
    for candidate in (packaged, checkout):
        if candidate.is_file():
            return candidate
    raise UsageError(f"the example {name} is not installed", hint="install Crosswind anew")


def stacks(topology: Topology, root: Path) -> tuple[Stack, ...]:
    """The synthesized stacks of a topology."""
    from crosswind.synth import inline_sources, synth

    return synth(topology, {source: (root / source).read_text() for source in inline_sources(topology)})


def sessions(profiles: Mapping[str, str], endpoint: str) -> AwsSessions:
    """Sessions on AWS, or at an endpoint."""
    return AwsSessions(profiles, endpoint)


def target_sessions(topology: Topology, local: bool, endpoint_url: str, folder: Path) -> Sessions:
    """Sessions where the user points: the local world, an endpoint, or AWS by each account's profile."""
    endpoint = world_process(state(folder)).running().endpoint if local else endpoint_url
    profiles = {account.id: account.profile for account in topology.accounts.values()}
    return sessions(profiles, endpoint)


def state(root: Path, cache: Path | None = None) -> StateFolder:
    """The state folder; its cache lies inside unless several worlds share one."""
    return StateFolder(root.resolve(), (cache or root / "cache").resolve())


def world_process(state: StateFolder) -> WorldProcess:
    """The world of a state folder, in a process of its own."""
    command = [sys.executable, "-m", "crosswind.cli", "local", "serve"]
    return WorldProcess(state, [*command, "--state", str(state.root), "--cache", str(state.cache)])


def airflow(topology: Topology, sessions: Sessions) -> Airflow:
    """The hub's Airflow."""
    return Airflow(sessions, topology.hub_account, topology.hub.region, Names(topology).environment)


def pipeline_runs(topology: Topology, sessions: Sessions, on_task: Callable[[TaskInstance], None]) -> PipelineRuns:
    """The runs of a topology's pipelines; looks more often at an endpoint than at AWS."""
    interval = 0.5 if sessions.endpoint else 10.0
    return PipelineRuns(airflow(topology, sessions), topology, on_task, interval)


def world(state: StateFolder, port: int) -> World:
    """A local world in this process, listening on a loopback port (0 for a free one).

    Raises:
        PortInUseError: another process listens there.
        WorldError: another world uses the state folder.
    """
    from crosswind.local.children import Children
    from crosswind.local.clients import Clients
    from crosswind.local.cloudformation import CloudFormation
    from crosswind.local.edge.edge import AllowAll, Edge
    from crosswind.local.edge.server import EdgeServer
    from crosswind.local.engines import GlueDefinitions
    from crosswind.local.identity import Identities
    from crosswind.local.moto_backend import MotoBackend
    from crosswind.local.mwaa import Mwaa
    from crosswind.local.replication import Replication
    from crosswind.local.requestlog import RequestLog
    from crosswind.local.sts import Sts
    from crosswind.local.world import World

    claim = state.make().claim()
    moto = MotoBackend()
    identities = Identities(moto)
    edge = Edge(identities, [Sts(identities)], moto, AllowAll(), RequestLog(state.requests))
    server = EdgeServer(edge, port=port)
    server.start()
    clients = Clients(server.endpoint)
    children = Children()
    mwaa = Mwaa(identities, clients, state.airflow, state.cache, lambda: server.endpoint)
    replication = Replication(edge, identities, moto)
    cloudformation = CloudFormation(identities, clients)
    runners = _engines(identities, clients, children, server.endpoint, state, moto)
    for service in (cloudformation, mwaa, replication, GlueDefinitions(moto), *runners):
        edge.add(service)
    edge.add_guard(replication.guard)
    edge.add_hook(replication.after_call)
    for prefix, route in mwaa.routes.items():
        edge.mount(prefix, route)
    replication.start()
    threading.Thread(target=moto.warm, args=(_WARM,), name="warm-moto", daemon=True).start()
    return World(
        state,
        server.endpoint,
        [server, children, *runners, replication, mwaa, cloudformation],
        end=edge.local.shutdown,
        claim=claim,
    )


def _engines(
    identities: Identities,
    clients: Clients,
    children: Children,
    endpoint: str,
    state: StateFolder,
    moto: MotoBackend,
) -> tuple[GlueService, SageMakerService, LambdaService]:
    """The services that execute jobs, each with its engine and the roles that it acts for."""
    from crosswind.local import engines

    glue, sagemaker, lambda_ = (engines.Roles(identities, clients, via) for via in ("glue", "sagemaker", "lambda"))
    folders = {name: state.jobs / name for name in ("glue", "sagemaker", "lambda")}
    return (
        engines.GlueService(engines.GlueEngine(glue, children, endpoint, folders["glue"]), moto),
        engines.SageMakerService(
            engines.SageMakerEngine(sagemaker, children, endpoint, folders["sagemaker"]),
            engines.InputCheck(sagemaker),
            engines.through(moto.dispatch),
        ),
        engines.LambdaService(engines.LambdaEngine(lambda_, children, endpoint, folders["lambda"]), moto),
    )
