"""Definitions of Glue jobs and Lambda functions as moto holds them: what the engines execute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name

from crosswind.local.moto_backend.locks import Locks

__all__ = ["Jobs"]

# Of a Glue job: what an update does not touch, and what it falls back to.
_GLUE_KEPT = {"Name", "CreatedOn", "LastModifiedOn"}
_GLUE_DEFAULTS = {"ExecutionProperty": {}, "DefaultArguments": {}, "ExecutionClass": "STANDARD"}
_EVENT_INVOKE = "crosswind_event_invoke_config"  # an attribute that we give to moto's functions; its own never changes


class Jobs(Locks):
    """Reads of Glue's and Lambda's state, and the update of a job, which no API of moto does."""

    def lambda_function(self, account: str, region: str, name: str) -> tuple[bytes, dict[str, Any]] | None:
        """The package (zip) and the configuration of a function, by name or ARN; None when unknown."""
        function = _function(account, region, name)
        if function is None:
            return None
        return bytes(function.code_bytes), dict(function.get_configuration())

    def event_invoke_config(self, account: str, region: str, name: str) -> Mapping[str, Any] | None:
        """The event invoke configuration of a function; None when it has none, or is unknown."""
        function = _function(account, region, name)
        found: Mapping[str, Any] | None = getattr(function, _EVENT_INVOKE, None)
        return found

    def put_event_invoke_config(
        self, account: str, region: str, name: str, configuration: Mapping[str, Any] | None
    ) -> None:
        """Keep a function's event invoke configuration until the function is gone; None forgets it."""
        function = _function(account, region, name)
        if function is not None:
            setattr(function, _EVENT_INVOKE, configuration)

    def glue_job(self, account: str, region: str, name: str) -> dict[str, Any] | None:
        """A Glue job as GetJob prints it; None when unknown."""
        from moto.glue.models import glue_backends

        job = glue_backends[account][region].jobs.get(name)
        return dict(job.as_dict()) if job is not None else None

    def put_glue_job(self, account: str, region: str, name: str, definition: Mapping[str, Any]) -> None:
        """Overwrite the definition of a Glue job that is there; moto has no UpdateJob."""
        from moto.glue.models import glue_backends

        with self.locked("glue", account):
            job = glue_backends[account][region].jobs[name]
            for member in job.as_dict().keys() - _GLUE_KEPT:
                setattr(job, xform_name(member), definition.get(member, _GLUE_DEFAULTS.get(member)))
            job.last_modified_on = datetime.now(UTC).replace(tzinfo=None)  # as moto's own times are


def _function(account: str, region: str, name: str) -> Any:
    # Slow to import, and seldom needed.
    from moto.awslambda.exceptions import LambdaClientError
    from moto.awslambda.models import lambda_backends

    try:
        return lambda_backends[account][region].get_function(name)
    except LambdaClientError:
        return None
