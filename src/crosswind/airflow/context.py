"""What a task's context says of it: whose its jobs are, and where it acts. Knows the context's shape, no Airflow."""

from __future__ import annotations

from typing import Any

from crosswind.airflow.owner import Owner
from crosswind.airflow.settings import Site, TopologyNames
from crosswind.airflow.target import AwsTarget
from crosswind.errors import InputError

__all__ = ["announce", "announced", "owner_of", "target_of"]

_OWNER_KEY = "crosswind_owner"


def owner_of(context: Any) -> Owner:
    """The owner of the jobs that the running task starts.

    Args:
        context: Airflow's task context; the `max_tries` of its `ti` and the start of its `dag_run` name the attempt
            group (`owner`).

    Raises:
        InputError: the DAG run has not started.
    """
    ti, since = context["ti"], context["dag_run"].start_date
    if since is None:
        raise InputError(
            f"DAG run {ti.run_id} of {ti.dag_id} has no start_date, by which its jobs are told from an earlier run's",
            hint="let Airflow start the run; `dag.test()` does so too",
        )
    map_index = -1 if ti.map_index is None else ti.map_index
    return Owner(ti.dag_id, ti.run_id, ti.task_id, map_index, ti.max_tries, int(since.timestamp()))


def announce(context: Any) -> Owner:
    """Let others know which attempt group the running task is in: Airflow tells its `max_tries` to itself alone.

    As an XCom, which Airflow removes when the task begins anew, and keeps while it is deferred.
    """
    owner = owner_of(context)
    context["ti"].xcom_push(key=_OWNER_KEY, value=owner.text)
    return owner


def announced(ti: Any, owner: Owner) -> Owner | None:
    """Whom an owner's task has last announced to be; None when it has announced nothing.

    Args:
        ti: the task instance that asks.
        owner: of any group of the task.
    """
    place = {"dag_id": owner.dag_id, "run_id": owner.run_id, "task_ids": owner.task_id, "map_indexes": owner.map_index}
    text = ti.xcom_pull(key=_OWNER_KEY, **place)
    return Owner.of(text) if isinstance(text, str) else None


def target_of(names: TopologyNames, site: Site | str, context: Any) -> AwsTarget:
    """Where the running task acts at a declared site.

    Args:
        names: the topology's.
        site: a site, or its declared name.
        context: Airflow's task context.

    Raises:
        InputError: no such site.
    """
    found = names.site(site) if isinstance(site, str) else site
    ti = context["ti"]
    connection = found.connection_of(ti.dag_id)
    return AwsTarget(found.account, found.region, connection, ti.dag_id, ti.run_id, found.name)
