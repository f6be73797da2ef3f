"""Where a task acts, and for which DAG run: one value in every hook, operator, sensor and trigger. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from crosswind.airflow.naming import session_name
from crosswind.errors import InputError

__all__ = ["AwsTarget", "Clients"]


@dataclass(frozen=True)
class AwsTarget:
    """An account and a Region, the connection that leads there, and the DAG run that goes there.

    Args:
        account: its 12 digits; the assumed session is asserted to act there.
        region: never defaulted.
        connection: the id of the Airflow connection.
        dag_id: the DAG; with `run_id` it names the session, its source identity and its tags in CloudTrail.
        run_id: the DAG run.
        site: the site's declared name, for messages; empty when the target was not declared.
    """

    account: str
    region: str
    connection: str
    dag_id: str = ""
    run_id: str = ""
    site: str = ""

    def __post_init__(self) -> None:
        for name in ("account", "region", "connection"):
            if not getattr(self, name):
                raise InputError(f"a target needs {name}", hint="name the site or the job, not the connection alone")

    @property
    def session_name(self) -> str:
        """The RoleSessionName: who acts, as CloudTrail shows it."""
        return session_name(self.dag_id, self.run_id)

    @property
    def text(self) -> str:
        """`account 222222222222, Region us-west-2`, for messages."""
        return f"account {self.account}, Region {self.region}"

    def document(self) -> dict[str, str]:
        """The target as plain data, for a trigger's arguments."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> AwsTarget:
        """The target that `document()` gave."""
        return cls(**document)


class Clients(Protocol):
    """boto3 clients of one target: the seam between what a task does and AWS."""

    target: AwsTarget

    def client(self, service: str, *, config: Any = None) -> Any:
        """A client in the target's account and Region; the same one however often it is asked for.

        Args:
            service: boto3's name of it.
            config: a `botocore.config.Config` merged over the target's own, for calls that must not be sent twice
                or take longer than botocore waits.
        """
