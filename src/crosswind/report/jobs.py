"""The remote jobs of a topology, seen from outside Airflow: where they may be, what Airflow says of their owners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.reap import LiveState, Reach, live_state
from crosswind.airflow.owner import Owner
from crosswind.airflow.target import AwsTarget
from crosswind.aws import Sessions
from crosswind.deploy import Airflow
from crosswind.errors import CrosswindError, InputError, NotFoundError
from crosswind.topology import Names, Topology
from crosswind.topology.names import CLAIMS

__all__ = ["SiteClients", "reaches", "site_clients", "states_of"]


class SiteClients:
    """A site's clients for who looks from outside: the `Clients` of `crosswind.airflow`, over the deployer's sessions.

    Args:
        sessions: makes the clients.
        target: the site.
    """

    def __init__(self, sessions: Sessions, target: AwsTarget) -> None:
        self.target = target
        self._sessions = sessions

    def client(self, service: str, *, config: Any = None) -> Any:
        """A client in the site's account and Region.

        Raises:
            InputError: for a `config`: calls that need one are those of tasks.
        """
        if config is not None:
            raise InputError(f"a client of {service} with a configuration of its own is a task's")
        return self._sessions.client(service, self.target.account, self.target.region)


def site_clients(topology: Topology, sessions: Sessions, site: str) -> SiteClients:
    """The clients of a declared site."""
    account, region = topology.account_of(site), topology.region_of(site)
    return SiteClients(sessions, AwsTarget(account, region, topology.sites[site].connection, site=site))


def reaches(topology: Topology, sessions: Sessions) -> tuple[Reach, ...]:
    """Every site with the Glue jobs declared there: all places where a remote job of ours may be."""
    names = Names(topology)
    found = []
    for site in sorted(topology.sites):
        clients = site_clients(topology, sessions, site)
        glue: dict[str, Claims] = {}
        for name, job in sorted(topology.jobs.items()):
            bucket = names.claims_bucket(name)
            if job.type == "glue" and job.site == site and bucket:
                glue[names.job(name)] = Claims(clients, names.bucket(bucket), CLAIMS)
        trains = any(job.type == "sagemaker" and job.site == site for job in topology.jobs.values())
        found.append(Reach(clients, glue, named=("training",) if trains else ()))
    return tuple(found)


def states_of(airflow: Airflow) -> Callable[[Owner], LiveState]:
    """What Airflow says of a job's owner, asked anew each time; UNKNOWN when it does not answer."""

    def state(owner: Owner) -> LiveState:
        try:
            tasks = airflow.task_instances(owner.dag_id, airflow.dag_run(owner.dag_id, owner.run_id))
        except NotFoundError:
            return LiveState.GONE
        except CrosswindError:
            return LiveState.UNKNOWN
        place = (owner.task_id, owner.map_index)
        for task in tasks:
            if (task["task_id"], int(task.get("map_index", -1))) == place:
                return live_state(owner, state=task.get("state"), group=task.get("max_tries"))
        return LiveState.GONE

    return state
