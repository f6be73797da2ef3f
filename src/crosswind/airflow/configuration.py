"""A SageMaker job's request, read from S3 when the task runs, its placeholders filled for an attempt. No Airflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crosswind.airflow.owner import Attempt
from crosswind.airflow.substitution import placeholders, substituted
from crosswind.airflow.target import Clients
from crosswind.aws import translated
from crosswind.errors import InputError, Place

__all__ = ["Configuration"]

# A placeholder's value is text; these members of a request are numbers.
_NUMBERS = (
    ("ResourceConfig", "InstanceCount"),
    ("ResourceConfig", "VolumeSizeInGB"),
    ("ProcessingResources", "ClusterConfig", "InstanceCount"),
    ("ProcessingResources", "ClusterConfig", "VolumeSizeInGB"),
    ("StoppingCondition", "MaxRuntimeInSeconds"),
    ("StoppingCondition", "MaxWaitTimeInSeconds"),
)


class Configuration:
    """The JSON object of a request, in S3.

    Args:
        clients: of the bucket's account.
        bucket: where it is.
        key: its key.
        named: the member that holds the job's name, `TrainingJobName`; its value must hold `${job_name}`.
    """

    def __init__(self, clients: Clients, bucket: str, key: str, named: str) -> None:
        self._clients = clients
        self._bucket = bucket
        self._key = key
        self._named = named
        self._read: dict[str, Any] | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The request with its placeholders; read once.

        Raises:
            NotFoundError: there is none.
            InputError: not JSON, or a job's name of its own: names are unique in account and Region for ever, and
                `${job_name}` is so to the attempt.
        """
        if self._read is None:
            with translated(f"read the configuration {self._where}"):
                text = self._clients.client("s3").get_object(Bucket=self._bucket, Key=self._key)["Body"].read()
            try:
                found = json.loads(text)
            except ValueError as error:
                raise InputError(f"not JSON: {error}", place=Place(file=self._where)) from error
            if not isinstance(found, dict) or found.get(self._named) != "${job_name}":
                raise InputError(
                    f"{self._named} is not ${{job_name}}",
                    place=Place(file=self._where, path=self._named),
                    hint="a job is found again by its name, which is that of the attempt: ${job_name}",
                )
            self._read = found
        return self._read

    def filled(self, attempt: Attempt, values: Mapping[str, str], known: Mapping[str, str]) -> dict[str, Any]:
        """The request of an attempt.

        Args:
            attempt: whose name is the value of `${job_name}`.
            values: by placeholder, as the DAG gives them; each must be used.
            known: values that may be used or not, such as an arrival's `prefix`.

        Raises:
            InputError: as `document`; a placeholder without a value, or a value without a placeholder.
        """
        wanted = placeholders(self.document)
        given = {"job_name": attempt.name, **{name: known[name] for name in known if name in wanted}, **values}
        request: dict[str, Any] = substituted(self.document, given, where=self._where)
        for path in _NUMBERS:
            _as_number(request, path, self._where)
        return request

    @property
    def _where(self) -> str:
        return f"s3://{self._bucket}/{self._key}"


def _as_number(request: dict[str, Any], path: tuple[str, ...], where: str) -> None:
    *parents, last = path
    holder: Any = request
    for name in parents:
        holder = holder.get(name) if isinstance(holder, dict) else None
    if isinstance(holder, dict) and isinstance(holder.get(last), str):
        if not holder[last].isdecimal():
            raise InputError(f"{holder[last]!r} is no whole number", place=Place(file=where, path=".".join(path)))
        holder[last] = int(holder[last])
