"""An operator that acts at one place: a declared job's site, a declared site, or where a connection leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow.sdk import BaseOperator

from crosswind.airflow.context import target_of
from crosswind.airflow.hooks.cross_account import TargetClients, clients_of, target_of_connection
from crosswind.airflow.settings import Job, Site, TopologyNames
from crosswind.airflow.target import AwsTarget
from crosswind.errors import InputError

__all__ = ["PlacedOperator"]


class PlacedOperator(BaseOperator):
    """Knows its account and Region, and has the clients that act there. Names come from `default_args`.

    Args:
        names: the topology's names; `default_args(names)` gives them to every operator of a DAG.
        job: a declared job.
        site: a declared site, for a job that is not declared.
        aws_conn_id: a connection (templated), for an account that is not declared.
        account_id: the account expected (templated); by default the site's, else that of the connection's role.
        region_name: the Region (templated), when not the site's or the connection's.
        verify: as for Airflow's hooks.
        botocore_config: arguments of botocore's Config, as for Airflow's hooks.
        kwargs: as for any operator.

    Raises:
        InputError: neither job, site nor connection, or several; a name that is not declared.
    """

    job_type: ClassVar[str] = ""
    """The type of the declared jobs that the operator runs."""
    template_fields: Sequence[str] = ("aws_conn_id", "account_id", "region_name")

    def __init__(
        self,
        *,
        names: TopologyNames | None = None,
        job: str | None = None,
        site: str | None = None,
        aws_conn_id: str | None = None,
        account_id: str | None = None,
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if sum(map(bool, (job, site, aws_conn_id))) != 1:
            raise InputError(
                f"task {self.task_id!r}: give one of job, site and aws_conn_id",
                hint='job="..." for a job of crosswind.yaml; names come from default_args(load_topology(__file__))',
            )
        self.names = names
        self.job: Job | None = self._known(f"job={job!r}").job(job, self.job_type) if job else None
        self.site: Site | None = self.job.site if self.job else None
        if site:
            self.site = self._known(f"site={site!r}").site(site)
        self.aws_conn_id = self.site.connection if self.site else aws_conn_id
        self.account_id = self.site.account if self.site else account_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config

    def target(self, context: Any) -> AwsTarget:
        """Where the task acts, and for which DAG run."""
        if self.names and self.site:
            return target_of(self.names, self.site, context)
        return target_of_connection(
            str(self.aws_conn_id), context, account_id=self.account_id, region_name=self.region_name, names=self.names
        )

    def clients(self, context: Any) -> TargetClients:
        """The clients of the target, with the operator's settings."""
        return clients_of(self.target(context), verify=self.verify, botocore_config=self.botocore_config)

    def clients_at(self, account: str, region: str, context: Any) -> TargetClients:
        """The clients of the site in another account or Region, where a bucket of the topology is.

        Raises:
            InputError: no site is declared there.
        """
        names = self._known(f"to reach account {account}, Region {region}")
        target = target_of(names, names.site_at(account, region), context)
        return clients_of(target, verify=self.verify, botocore_config=self.botocore_config)

    def _known(self, what: str) -> TopologyNames:
        if self.names is None:
            raise InputError(
                f"task {self.task_id!r} has {what} and no names",
                hint="give the DAG default_args=default_args(load_topology(__file__)), or the operator names=...",
            )
        return self.names
