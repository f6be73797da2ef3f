"""The request log as questions: who did this, how often, how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Request", "Trail"]


@dataclass(frozen=True)
class Request:
    """One AWS call, as the local world's request log keeps it.

    Args:
        time: Unix time of arrival.
        principal: the ARN that acted.
        principal_account: that identity's account.
        account: the account whose state the call worked on.
        region: the Region of the call.
        service: botocore's service name.
        operation: the API operation.
        resource: what it named, in short: `bucket/key`, a job's name, a role's ARN.
        status: HTTP status.
        error: AWS's error code; empty when it succeeded.
        duration_ms: time in the world.
        via: the AWS service that acted on the principal's behalf; empty otherwise.
    """

    time: float
    principal: str
    principal_account: str
    account: str
    region: str
    service: str
    operation: str
    resource: str
    status: int
    error: str
    duration_ms: float
    via: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Request:
        """A record of the log as a request."""
        return cls(**{name: record[name] for name in cls.__dataclass_fields__})


class Trail:
    """The requests of a world, oldest first.

    Args:
        records: the log's records.
    """

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self.requests = tuple(Request.of(record) for record in records)

    def select(
        self, service: str, *operations: str, where: Callable[[Request], bool] = lambda _: True
    ) -> tuple[Request, ...]:
        """The successful requests of a service's operations that meet a condition."""
        return tuple(
            request
            for request in self.requests
            if request.service == service
            and (not operations or request.operation in operations)
            and request.status < 300
            and where(request)
        )

    def by_account(self) -> Mapping[str, int]:
        """How many requests each account served."""
        return Counter(request.account for request in self.requests if request.account)

    @property
    def denied(self) -> int:
        """How many requests were refused for lack of rights."""
        return sum(1 for request in self.requests if request.status in {401, 403})
