"""What a task's context says of it: whose its jobs are, and where it acts. Knows the context's shape, no Airflow."""

from __future__ import annotations

from typing import Any

from crosswind.airflow.owner import Owner
from crosswind.airflow.settings import Site, TopologyNames
from crosswind.airflow.target import AwsTarget

__all__ = ["owner_of", "target_of"]


def owner_of(context: Any) -> Owner:
    """The owner of the jobs that the running task starts.

    Args:
        context: Airflow's task context; its `ti` has `max_tries`, which names the attempt group (`owner`).
    """
    ti = context["ti"]
    map_index = -1 if ti.map_index is None else ti.map_index
    return Owner(ti.dag_id, ti.run_id, ti.task_id, map_index, ti.max_tries)


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
    return AwsTarget(found.account, found.region, found.connection, ti.dag_id, ti.run_id, found.name)
