"""The tags of SageMaker's jobs at the edge; other resources' are moto's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosswind.local.edge.call import Call, Handler, HttpResponse, ServiceError
from crosswind.local.engines.sagemaker_jobs import Jobs

__all__ = ["SageMakerTags", "through"]


class SageMakerTags:
    """The edge service for AddTags and ListTags.

    Args:
        holders: the jobs that have tags.
        pass_on: what answers calls about other resources, such as `through(moto.dispatch)`; None refuses.
    """

    name = "sagemaker"

    def __init__(self, holders: Sequence[Jobs], pass_on: Callable[[Call], Mapping[str, Any]] | None = None) -> None:
        self._holders = holders
        self._pass_on = pass_on
        self.operations: Mapping[str, Handler] = {"AddTags": self.add_tags, "ListTags": self.list_tags}

    def add_tags(self, call: Call) -> Mapping[str, Any]:
        """AddTags."""
        return self._answer(call, {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]})

    def list_tags(self, call: Call) -> Mapping[str, Any]:
        """ListTags."""
        return self._answer(call, {})

    def _answer(self, call: Call, added: Mapping[str, str]) -> Mapping[str, Any]:
        arn = str(call.parameters["ResourceArn"])
        for jobs in self._holders:
            with jobs.lock:
                job = jobs.with_arn(call, arn)
                if job is not None:
                    job.tags |= added
                    return {"Tags": [{"Key": key, "Value": value} for key, value in job.tags.items()]}
        ours = tuple(f":{jobs.kind.resource}/" for jobs in self._holders)
        if self._pass_on is None or any(kind in arn for kind in ours):
            raise ServiceError("ResourceNotFound", f"Requested resource not found: {arn}")
        return self._pass_on(call)


def through(dispatch: Callable[[Call], HttpResponse]) -> Callable[[Call], Mapping[str, Any]]:
    """A handler that lets another backend answer.

    Args:
        dispatch: carries a call out, such as `MotoBackend.dispatch`; SageMaker answers in JSON.
    """

    def handler(call: Call) -> Mapping[str, Any]:
        response = dispatch(call)
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        answer: dict[str, Any] = json.loads(body or b"{}")
        if response.status >= 300:
            code = str(answer.get("__type", "InternalFailure")).rpartition("#")[2]
            raise ServiceError(code, str(answer.get("message") or answer.get("Message") or ""), response.status)
        return answer

    return handler
