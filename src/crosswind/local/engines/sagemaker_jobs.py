"""What SageMaker keeps of named jobs, training and processing alike: one of a name, for ever, and its tags."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crosswind.local.children import Halt
from crosswind.local.edge.call import Call, ServiceError
from crosswind.local.partitions import partition_of

__all__ = ["OPEN", "Job", "Jobs", "Kind", "now"]

OPEN = ("InProgress", "Stopping")
"""The statuses of a job that has not ended."""

_PAGE, _LARGEST_PAGE = 10, 100


@dataclass(frozen=True)
class Kind:
    """How the API speaks of a kind of job.

    Args:
        word: in operations and members: `Training` of `TrainingJobName`.
        summary: the members of a summary.
        taken: why a second job of a name is refused.
        unknown: what is said of a name that no job has; may name `{name}`.
    """

    word: str
    summary: tuple[str, ...]
    taken: str
    unknown: str

    @property
    def name(self) -> str:
        """The member that names a job."""
        return f"{self.word}JobName"

    @property
    def arn(self) -> str:
        """The member that holds its ARN."""
        return f"{self.word}JobArn"

    @property
    def status(self) -> str:
        """The member that holds its status."""
        return f"{self.word}JobStatus"

    @property
    def resource(self) -> str:
        """Its type in ARNs."""
        return f"{self.word.lower()}-job"


@dataclass
class Job:
    """One job; changed under the lock of its `Jobs` alone."""

    record: dict[str, Any]
    tags: dict[str, str]
    halt: Halt = field(default_factory=lambda: Halt(grace=10))
    thread: threading.Thread | None = None


class Jobs:
    """The jobs of one kind, by account, Region and name. Thread-safe; `lock` may be held over several steps.

    Args:
        kind: theirs.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.lock = threading.RLock()
        self._jobs: dict[tuple[str, str], dict[str, Job]] = {}

    def arn_of(self, call: Call, name: str) -> str:
        """The ARN of a name; SageMaker writes names in ARNs in lower case."""
        place = f"arn:{partition_of(call.region)}:sagemaker:{call.region}:{call.account}"
        return f"{place}:{self.kind.resource}/{name.lower()}"

    def refuse_second(self, call: Call, name: str) -> None:
        """Raise ServiceError (ResourceInUse) when a job has that name, or had it."""
        with self.lock:
            if name in self._jobs.get((call.account, call.region), {}):
                raise ServiceError("ResourceInUse", f"{self.kind.taken} ({self.arn_of(call, name)})")

    def start(self, call: Call, name: str, job: Job, work: Callable[[], None]) -> None:
        """Add a job and begin its work, in a thread of its own.

        Raises:
            ServiceError: ResourceInUse: of two calls at once one must lose.
        """
        with self.lock:
            self.refuse_second(call, name)
            self._jobs.setdefault((call.account, call.region), {})[name] = job
            job.thread = threading.Thread(target=work, name=f"{self.kind.resource}-{name}", daemon=True)
            job.thread.start()

    def named(self, call: Call) -> Job:
        """The job that a call names; raises ServiceError when there is none."""
        name = call.parameters[self.kind.name]
        with self.lock:
            job = self._jobs.get((call.account, call.region), {}).get(name)
        if job is None:
            # SageMaker answers so for a name that it does not know, although its model says ResourceNotFound.
            raise ServiceError("ValidationException", self.kind.unknown.format(name=name))
        return job

    def with_arn(self, call: Call, arn: str) -> Job | None:
        """The job with an ARN, in the call's account and Region."""
        with self.lock:
            jobs: Sequence[Job] = list(self._jobs.get((call.account, call.region), {}).values())
        return next((job for job in jobs if job.record[self.kind.arn] == arn), None)

    def halt(self, job: Job) -> None:
        """Ask a job to end, without waiting for it."""
        threading.Thread(target=job.halt.ask, name=f"{self.kind.resource}-stop", daemon=True).start()

    def page(self, call: Call) -> Mapping[str, Any]:
        """One page of the list, by the call's filters, order and token.

        Raises:
            ServiceError: the token is none of ours, or the page's size is not one.
        """
        with self.lock:
            records = [dict(job.record) for job in self._jobs.get((call.account, call.region), {}).values()]
        return _page_of(self.kind, records, call.parameters)

    def stop(self) -> None:
        """End every job; called when the world stops."""
        with self.lock:
            jobs = [job for by_name in self._jobs.values() for job in by_name.values()]
            left = [job for job in jobs if job.record[self.kind.status] in OPEN]
        for job in left:
            job.halt.ask()
        for job in left:
            if job.thread:
                job.thread.join(timeout=15)


def now() -> datetime:
    """The time, as precise as it is printed: who asks for what came after a printed time must not miss that itself."""
    found = datetime.now(UTC)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _page_of(kind: Kind, records: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    found = [record for record in records if _matches(kind, record, asked)]
    key = {"Name": kind.name, "Status": kind.status}.get(asked.get("SortBy", ""), "CreationTime")
    found.sort(key=lambda record: record[key], reverse=asked.get("SortOrder", "Ascending") == "Descending")
    token = asked.get("NextToken") or "0"
    if not token.isdigit():
        raise ServiceError("ValidationException", "Invalid NextToken")
    first, size = int(token), int(asked.get("MaxResults", _PAGE))
    if not 1 <= size <= _LARGEST_PAGE:
        raise ServiceError("ValidationException", f"MaxResults must be between 1 and {_LARGEST_PAGE}, not {size}")
    last = first + size
    summaries = [{name: record[name] for name in kind.summary if name in record} for record in found[first:last]]
    page: dict[str, Any] = {f"{kind.word}JobSummaries": summaries}
    return page | ({"NextToken": str(last)} if last < len(found) else {})


def _matches(kind: Kind, record: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    if asked.get("NameContains", "") not in record[kind.name]:
        return False
    if asked.get("StatusEquals", record[kind.status]) != record[kind.status]:
        return False
    return all(
        asked.get(f"{time}After", record[time]) <= record[time] <= asked.get(f"{time}Before", record[time])
        for time in ("CreationTime", "LastModifiedTime")
    )
