"""A job acts as its own role: the session of that role, its clients and its environment variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crosswind.local.edge.call import Credentials, Principal
from crosswind.local.engines.seams import Clients, Identities

__all__ = ["RoleSession", "Roles"]

_LONGEST = 43_200


@dataclass(frozen=True)
class RoleSession:
    """A role's session in a Region.

    Args:
        credentials: what signs.
        principal: who that is.
        region: the Region of the job.
    """

    credentials: Credentials
    principal: Principal
    region: str
    _clients: Clients

    def client(self, service: str) -> Any:
        """A boto3 client that acts as the role in the job's Region, through the edge."""
        return self._clients.client(service, self.region, self.credentials)

    def environment(self) -> dict[str, str]:
        """The session's static keys as environment variables."""
        return {
            "AWS_ACCESS_KEY_ID": self.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_key,
            "AWS_SESSION_TOKEN": self.credentials.session_token,
        }


class Roles:
    """Issues role sessions for one service.

    Args:
        identities: issues the session.
        clients: makes its clients.
        via: the service that acts for the role: `glue`, `sagemaker`, `lambda`.
    """

    def __init__(self, identities: Identities, clients: Clients, via: str) -> None:
        self._identities = identities
        self._clients = clients
        self._via = via

    def session(
        self, role_arn: str, name: str, region: str, seconds: float = 3600, *, source_arn: str = ""
    ) -> RoleSession:
        """A session of a role.

        The local world gives static keys, while AWS renews a job's credentials; they live for as long as the
        job may run, up to 12 hours.

        Args:
            role_arn: the job's role.
            name: the session name as the service sets it.
            region: the Region of the job.
            seconds: how long the job may run.
            source_arn: the job or function, for a service that sets `aws:SourceArn`; empty for one that does not.

        Raises:
            ServiceError: there is no such role, or it does not trust the service.
        """
        duration = int(min(max(3600, seconds + 600), _LONGEST))
        credentials, principal = self._identities.issue(role_arn, name, duration, via=self._via, source_arn=source_arn)
        return RoleSession(credentials, principal, region, self._clients)
