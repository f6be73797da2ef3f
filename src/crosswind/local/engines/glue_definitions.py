"""What moto lacks of Glue's job definitions: UpdateJob.

Rules: docs.aws.amazon.com/glue/latest/webapi/API_UpdateJob.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from crosswind.local.edge.call import Call, Handler, ServiceError

__all__ = ["GlueDefinitions", "JobStore"]

# As API_JobUpdate says, which does not mark them in the model.
_REQUIRED = ("Role", "Command")


class JobStore(Protocol):
    """Where the definitions are kept."""

    def glue_job(self, account: str, region: str, name: str) -> Mapping[str, Any] | None:
        """A job as GetJob prints it; None when unknown."""

    def put_glue_job(self, account: str, region: str, name: str, definition: Mapping[str, Any]) -> None:
        """Overwrite the whole definition of a job that is there."""


class GlueDefinitions:
    """The edge service for job definitions.

    Args:
        jobs: where they are kept.
    """

    name = "glue"

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self.operations: Mapping[str, Handler] = {"UpdateJob": self.update_job}

    def update_job(self, call: Call) -> Mapping[str, Any]:
        """UpdateJob: what the update leaves out is gone, as on AWS."""
        name, update = call.parameters["JobName"], call.parameters["JobUpdate"]
        job = self._jobs.glue_job(call.account, call.region, name)
        if job is None:
            raise ServiceError("EntityNotFoundException", f"Job {name} not found.")
        for member in _REQUIRED:
            if not update.get(member):
                raise ServiceError("InvalidInputException", f"{member} should not be null or empty.")
        lost = sorted(set(update) - set(job))
        if lost:
            raise ServiceError("InvalidInputException", f"The local world keeps no {', '.join(lost)} of a Glue job.")
        self._jobs.put_glue_job(call.account, call.region, name, update)
        return {"JobName": name}
