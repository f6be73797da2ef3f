"""What the engines ask of the rest of the world: identities, clients, and definitions that moto keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from crosswind.local.edge.call import Credentials, Principal

__all__ = ["Clients", "Definitions", "Engine", "Identities"]


class Identities(Protocol):
    """Who may act: issues sessions of a role."""

    def issue(
        self, role_arn: str, session_name: str, duration: int = 3600, *, via: str = "", source_arn: str = ""
    ) -> tuple[Credentials, Principal]:
        """A session of a role for a service that acts for it, and for a resource (`source_arn`) where it names one.

        Raises ServiceError when there is no such role, or it does not trust the service.
        """


class Clients(Protocol):
    """boto3 clients that go through the edge."""

    def client(self, service: str, region: str, credentials: Credentials) -> Any:
        """A client of a service in a Region that signs with these credentials."""


class Definitions(Protocol):
    """Definitions kept by moto, as the services' own Get calls return them; None when there is none."""

    def glue_job(self, account: str, region: str, name: str) -> Mapping[str, Any] | None:
        """A Glue job, as GetJob returns it."""

    def lambda_function(self, account: str, region: str, name: str) -> tuple[bytes, Mapping[str, Any]] | None:
        """A Lambda function: its zip and its configuration, as GetFunctionConfiguration returns it."""

    def event_invoke_config(self, account: str, region: str, name: str) -> Mapping[str, Any] | None:
        """The event invoke configuration of a function that is there, as GetFunctionEventInvokeConfig returns it."""

    def put_event_invoke_config(
        self, account: str, region: str, name: str, configuration: Mapping[str, Any] | None
    ) -> None:
        """Keep a function's event invoke configuration until the function is gone; None forgets it."""


JobT_contra = TypeVar("JobT_contra", contravariant=True)
OutcomeT_co = TypeVar("OutcomeT_co", covariant=True)


class Engine(Protocol[JobT_contra, OutcomeT_co]):
    """What executes a kind of job. All engines have this shape; each runs jobs in child processes."""

    def run(self, job: JobT_contra) -> OutcomeT_co:
        """Execute one job to its end; never raises for a fault of the job: that is an outcome.

        A job that may be stopped carries a `Halt`.
        """

    def close(self) -> None:
        """End everything that runs; called when the world stops."""
