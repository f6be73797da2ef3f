"""Fail closed for Airflow's own operators: sensors, Glue, Lambda, and any other with an `aws_conn_id`.

Their hooks log a warning and go on with the worker's own credentials when a connection is unknown. The guard
is a `pre_execute` callable, which `defaults.default_args` gives to every task of a DAG; it runs on the worker
before `execute`, and again when a deferred task comes back. It costs one look at the connection, no AWS call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crosswind.airflow.denials import show_denials
from crosswind.airflow.hooks.cross_account import CrossAccountHook
from crosswind.airflow.operators.placed import PlacedOperator
from crosswind.airflow.settings import TopologyNames
from crosswind.errors import InputError

__all__ = ["declared_connection"]


def declared_connection(names: TopologyNames) -> Callable[[Any], None]:
    """A `pre_execute` callable: the task's connection must be one of the topology's, and act at its site.

    The callable raises InputError for a connection that is missing, undeclared, another pipeline's, unknown to Airflow,
    without a role, or used in another Region than its site's; WrongAccountError for a role of another account. A task
    without an `aws_conn_id` passes: it makes no AWS call by a connection. From then on the task's log shows why a
    call was denied, as far as the endpoint tells (`denials`).
    """

    def check(context: Any) -> None:
        show_denials()
        task = context["task"]
        if not hasattr(task, "aws_conn_id"):
            return
        conn_id = task.aws_conn_id
        site = names.connections.get(conn_id)
        if conn_id and site is None:
            raise InputError(
                f"connection {conn_id!r} is not declared. Declared: {', '.join(sorted(names.connections))}",
                hint="use the connection of the site where the task works",
            )
        own = site.connections.get(getattr(task, "dag_id", ""), conn_id) if site else conn_id
        if site and conn_id != own:
            raise InputError(
                f"connection {conn_id!r} is not this DAG's at site {site.name}, which is {own!r}",
                hint=f"aws_conn_id=names.site({site.name!r}).connection_of(dag_id)",
            )
        if isinstance(task, PlacedOperator) and task.site:
            return  # its own hook refuses the same when it first acts, and asking here would read the connection twice
        region_name = getattr(task, "region_name", None)
        account = site.account if site else None
        region = CrossAccountHook(conn_id, region_name=region_name, account_id=account).conn_config.region_name
        if site and region != site.region:
            raise InputError(
                f"connection {conn_id!r} acts in Region {region}; its site {site.name} is in {site.region}",
                hint="leave region_name to the connection: one connection a site",
            )

    return check
