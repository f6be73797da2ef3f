"""Under which role who acts: the one place that knows.

The roles under which Airflow acts at sites are read from its connections, as the templates hold them: so it does not
matter here how many roles there are, nor how they are named.
"""

from __future__ import annotations

from crosswind.errors import InputError, Place
from crosswind.prove.documents import Connection, Documents
from crosswind.topology import Names, Topology
from crosswind.topology.names import fit

__all__ = ["Principals"]

# The longest connection id that templates give; longer ones are hashed.
_CONNECTION = 200


class Principals:
    """The roles of one topology.

    Args:
        topology: checked.
        names: its names.
        documents: of its templates.
    """

    def __init__(self, topology: Topology, names: Names, documents: Documents) -> None:
        self._topology = topology
        self._names = names
        self._documents = documents
        self._known: dict[tuple[str, str], Connection] = {}

    @property
    def execution(self) -> str:
        """The ARN of the hub's execution role."""
        return self._names.role_arn("execution", self._topology.hub_account)

    def airflow(self, site: str, pipeline: str) -> str:
        """The ARN of the role under which Airflow acts at a site for a pipeline; an empty one: for all of them."""
        return self.connection(site, pipeline).role

    def secret(self, site: str, pipeline: str) -> str:
        """The name of the secret that holds the connection: the pipeline's own, where it has one."""
        declared = self._topology.sites[site].connection
        own = self._names.secret(fit(f"{declared}.{pipeline}", _CONNECTION))
        return own if pipeline and own in self._documents.connections else self._names.secret(declared)

    def connection(self, site: str, pipeline: str) -> Connection:
        """The connection that leads to a site for a pipeline.

        Raises:
            InputError: the templates hold none.
        """
        if (site, pipeline) not in self._known:
            name = self.secret(site, pipeline)
            found = self._documents.connections.get(name)
            if found is None:
                raise InputError(
                    f"no template holds the connection {name}, by which Airflow reaches the site {site}",
                    place=Place(path=f"sites.{site}.connection"),
                    hint="the stack of Airflow holds one secret for each connection, with `extra.role_arn`",
                )
            self._known[site, pipeline] = found
        return self._known[site, pipeline]

    @property
    def airflow_roles(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """The roles under which Airflow acts at sites, by ARN: (secret, external id) of the connections to each."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name, each in sorted(self._documents.connections.items()):
            found.setdefault(each.role, []).append((name, each.external_id))
        return {role: tuple(each) for role, each in sorted(found.items())}

    def deployer(self, account: str) -> str:
        """The ARN of the deployer's role in an account, by its id."""
        return self._names.role_arn("deployer", account)

    def administration(self, account: str) -> str:
        """The ARN of an account's StackSet administration role."""
        return self._names.role_arn("stackset-administration", account)

    def stack_set_execution(self, account: str) -> str:
        """The ARN of an account's StackSet execution role."""
        return self._names.role_arn("stackset-execution", account)
