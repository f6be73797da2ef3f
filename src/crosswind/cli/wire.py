"""The composition root: every object is built here and handed what it uses.

Imports of the heavier rooms are inside the functions that build them, so that `crosswind validate` starts fast.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from crosswind.aws import AwsSessions, Sessions
from crosswind.deploy import Airflow, PipelineRuns, TaskInstance
from crosswind.errors import TopologyError, UsageError
from crosswind.local.process import WorldProcess
from crosswind.local.state import StateFolder
from crosswind.topology import Names, Topology, load

if TYPE_CHECKING:
    from crosswind.airflow.jobs.reap import Reaper
    from crosswind.local.authorization.trust import TrustedIssuer
    from crosswind.local.children import Children
    from crosswind.local.clients import Clients
    from crosswind.local.edge.call import Service
    from crosswind.local.edge.edge import Edge
    from crosswind.local.edge.routes import LocalRoute
    from crosswind.local.engines import GlueService, LambdaService, ProcessingService, SageMakerService, SageMakerTags
    from crosswind.local.moto_backend import MotoBackend
    from crosswind.local.replication import Replication
    from crosswind.local.world import World
    from crosswind.report.origins import Origins
    from crosswind.synth import Stack

__all__ = [
    "administrator_sessions",
    "airflow",
    "deployer_sessions",
    "every_stack",
    "example",
    "origins",
    "pipeline_runs",
    "reaper",
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
    from crosswind.synth import synth

    return synth(topology, _sources(topology, root))


def every_stack(topology: Topology, root: Path) -> tuple[Stack, ...]:
    """The synthesized stacks, and those of the deployer's roles, which an administrator launches once."""
    from crosswind.synth import every_stack

    return every_stack(topology, _sources(topology, root))


def _sources(topology: Topology, root: Path) -> dict[str, str]:
    from crosswind.synth import inline_sources

    return {source: (root / source).read_text() for source in inline_sources(topology)}


def origins(file: Path) -> Origins:
    """Where each policy document of a topology comes from.

    Raises:
        TopologyError: with every fault of the file.
    """
    from crosswind.report.origins import Origins
    from crosswind.topology import check, read

    declared = read(file)
    faults = check(declared.topology, declared.places, declared.root)
    if faults:
        raise TopologyError.of(faults)
    return Origins(declared.topology, declared.places, every_stack(declared.topology, declared.root))


def sessions(profiles: Mapping[str, str], endpoint: str, roles: Mapping[str, str] | None = None) -> AwsSessions:
    """Sessions on AWS, or at an endpoint; under roles by account id, where given."""
    return AwsSessions(profiles, endpoint, roles=roles)


def deployer_sessions(topology: Topology, endpoint: str) -> AwsSessions:
    """Sessions at an endpoint that act as the deployer of each account."""
    names = Names(topology)
    roles = {account.id: names.role_arn("deployer", account.id) for account in topology.accounts.values()}
    return sessions({}, endpoint, roles)


def target_sessions(topology: Topology, local: bool, endpoint_url: str, folder: Path) -> Sessions:
    """Sessions of who deploys: the deployer's role at the local world or an endpoint, each account's profile on AWS."""
    endpoint = _endpoint(local, endpoint_url, folder)
    return deployer_sessions(topology, endpoint) if endpoint else administrator_sessions(topology, False, "", folder)


def administrator_sessions(
    topology: Topology, local: bool, endpoint_url: str, folder: Path, profiles: Mapping[str, str] | None = None
) -> Sessions:
    """Sessions of who made the accounts: root at the local world or an endpoint; on AWS a profile of each account.

    Args:
        topology: whose accounts, and their declared profiles.
        local: whether the local world of the state folder is meant.
        endpoint_url: another endpoint; empty for AWS.
        folder: the state folder.
        profiles: other profiles than the declared ones, by account id.
    """
    declared = {account.id: account.profile for account in topology.accounts.values()}
    return sessions({**declared, **(profiles or {})}, _endpoint(local, endpoint_url, folder))


def _endpoint(local: bool, endpoint_url: str, folder: Path) -> str:
    return world_process(state(folder)).running().endpoint if local else endpoint_url


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


def reaper(topology: Topology, sessions: Sessions) -> Reaper:
    """What finds and stops the remote jobs of a topology that no live task owns."""
    from crosswind.airflow.jobs.reap import Reaper
    from crosswind.report.jobs import reaches, states_of

    found = reaches(topology, sessions)
    return Reaper(found, states_of(airflow(topology, sessions)), topology=topology.name)


def world(state: StateFolder, port: int) -> World:
    """A local world in this process, listening on a loopback port (0 for a free one).

    Raises:
        PortInUseError: another process listens there.
        WorldError: another world uses the state folder.
    """
    from crosswind.local.authorization.decisions import DecisionLog
    from crosswind.local.authorization.enforcement import Enforcement
    from crosswind.local.children import Children
    from crosswind.local.clients import Clients
    from crosswind.local.cloudformation import CloudFormation
    from crosswind.local.edge.edge import Edge
    from crosswind.local.edge.server import EdgeServer
    from crosswind.local.engines import GlueDefinitions
    from crosswind.local.held_answers import HeldAnswers
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
    enforcement = Enforcement(moto, identities, lambda: cloudformation, DecisionLog(state.decisions))
    issuer = enforcement.issuer
    edge = Edge(identities, [Sts(identities)], moto, enforcement.authorizer, RequestLog(state.requests))
    enforcement.attach(edge)
    server = EdgeServer(edge, port=port)
    server.listen()
    clients = Clients(server.endpoint)
    children = Children()
    mwaa = Mwaa(issuer, clients, state.airflow, state.cache, lambda: server.endpoint)
    replication = Replication(edge, issuer, moto)
    cloudformation = CloudFormation(issuer, clients)
    runners, tags = _engines(issuer, clients, children, server.endpoint, state, moto)
    services = (cloudformation, mwaa, replication, GlueDefinitions(moto), tags, *runners)
    held = HeldAnswers()
    _behind(edge, services, replication, {**mwaa.routes, **replication.routes, **held.routes})
    edge.add_hook(held.after_call)
    server.start()  # only now: before, a service of ours would have been moto's
    replication.start()
    threading.Thread(target=moto.warm, args=(_WARM,), name="warm-moto", daemon=True).start()
    return World(
        state,
        server.endpoint,
        [server, children, *runners, replication, mwaa, cloudformation, enforcement],
        end=edge.local.shutdown,
        claim=claim,
    )


def _behind(
    edge: Edge, services: Iterable[Service], replication: Replication, routes: Mapping[str, LocalRoute]
) -> None:
    """Put the services of ours behind the edge."""
    for service in services:
        edge.add(service)
    edge.add_guard(replication.guard)
    edge.add_hook(replication.after_call)
    for prefix, route in routes.items():
        edge.mount(prefix, route)


def _engines(
    identities: TrustedIssuer,
    clients: Clients,
    children: Children,
    endpoint: str,
    state: StateFolder,
    moto: MotoBackend,
) -> tuple[tuple[GlueService, SageMakerService, ProcessingService, LambdaService], SageMakerTags]:
    """The services that execute jobs, each with its engine and the roles that it acts for; and the jobs' tags."""
    from crosswind.local import engines

    glue, sagemaker, lambda_ = (engines.Roles(identities, clients, via) for via in ("glue", "sagemaker", "lambda"))
    folders = {name: state.jobs / name for name in ("glue", "sagemaker", "processing", "lambda")}
    check = engines.InputCheck(sagemaker)
    training = engines.SageMakerService(
        engines.SageMakerEngine(sagemaker, children, endpoint, folders["sagemaker"]), check
    )
    processing = engines.ProcessingService(
        engines.ProcessingEngine(sagemaker, children, endpoint, folders["processing"]), check
    )
    runners = (
        engines.GlueService(engines.GlueEngine(glue, children, endpoint, folders["glue"]), moto),
        training,
        processing,
        engines.LambdaService(engines.LambdaEngine(lambda_, children, endpoint, folders["lambda"]), moto),
    )
    return runners, engines.SageMakerTags((training.jobs, processing.jobs), engines.through(moto.dispatch))
