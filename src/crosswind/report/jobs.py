"""The remote jobs of a topology, seen from outside Airflow: where they may be, what Airflow says of their owners."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.reap import LiveState, Orphan, Reach, live_state
from crosswind.airflow.owner import Owner
from crosswind.airflow.target import AwsTarget
from crosswind.aws import Sessions
from crosswind.deploy import Airflow
from crosswind.errors import CrosswindError, InputError
from crosswind.report.paragraph import Paragraph
from crosswind.topology import Names, Topology
from crosswind.topology.model import GlueJob, ProcessingJob, TrainingJob
from crosswind.topology.names import CLAIMS

__all__ = ["SiteClients", "reaches", "site_clients", "states_of", "told"]

_NAMED = {"training": TrainingJob, "processing": ProcessingJob}
_KINDS = {"glue": "Glue run", "training": "training job", "processing": "processing job"}


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
    """Every site with the Glue jobs and the kinds of SageMaker jobs declared there: where a job of ours may be."""
    names = Names(topology)
    found = []
    for site in sorted(topology.sites):
        clients = site_clients(topology, sessions, site)
        glue: dict[str, Claims] = {}
        for name, job in sorted(topology.jobs.items()):
            if isinstance(job, GlueJob) and job.site == site:
                glue[names.job(name)] = Claims(clients, names.bucket(names.claims_bucket(name)), CLAIMS)
        here = [job for job in topology.jobs.values() if job.site == site]
        named = tuple(kind for kind, of in _NAMED.items() if any(isinstance(job, of) for job in here))
        found.append(Reach(clients, glue, named=named))
    return tuple(found)


def states_of(airflow: Airflow) -> Callable[[Owner], LiveState]:
    """What Airflow says of a job's owner, asked anew each time; UNKNOWN when it does not answer."""

    def state(owner: Owner) -> LiveState:
        try:
            runs = [run for run in airflow.runs_since(owner.dag_id) if run["dag_run_id"] == owner.run_id]
            tasks = airflow.task_instances(owner.dag_id, runs[0]) if runs else ()
        except CrosswindError:  # NotFoundError too: no environment has said that there is no such run
            return LiveState.UNKNOWN
        place = (owner.task_id, owner.map_index)
        for task in tasks:
            if (task["task_id"], int(task.get("map_index", -1))) == place:
                since = _unix(runs[0].get("start_date"))
                return live_state(owner, state=task.get("state"), group=task.get("max_tries"), since=since)
        return LiveState.GONE

    return state


def _unix(text: str | None) -> int | None:
    """A time of Airflow's API in whole Unix seconds; None for none."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) if text else None


def told(orphan: Orphan) -> Paragraph:
    """An orphan for people: the job, where it runs, whose it was, and why it is an orphan. Pure."""
    submission, owner = orphan.submission, orphan.submission.attempt.owner
    job = () if submission.job == submission.id else (("job", submission.job),)
    return Paragraph(
        f"{_KINDS.get(submission.kind, submission.kind)}  {submission.id}",
        (
            *job,
            ("account", orphan.target.account),
            ("region", orphan.target.region),
            ("dag_id", owner.dag_id),
            ("run_id", owner.run_id),
            ("task_id", owner.task_id if owner.map_index < 0 else f"{owner.task_id}[{owner.map_index}]"),
            ("why", orphan.why),
        ),
    )
