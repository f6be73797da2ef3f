"""What exists now, read by describe and list calls alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from crosswind.aws import Sessions, translated
from crosswind.deploy.steps import Instance
from crosswind.errors import NotFoundError

__all__ = [
    "ObservedInstance",
    "ObservedObject",
    "ObservedStack",
    "ObservedStackSet",
    "Observed",
    "Place",
    "Wanted",
    "observe",
    "outputs_of",
    "read_stack",
    "read_stackset",
]

K = TypeVar("K")
V = TypeVar("V")
Place = tuple[str, str, str]
"""An account, a Region and a name."""

_READERS = 8


@dataclass(frozen=True)
class ObservedStack:
    """A stack as CloudFormation describes it."""

    id: str
    status: str
    reason: str = ""
    template: Any = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def dead(self) -> bool:
        """Whether it can only be deleted: its creation failed, or a deletion did."""
        return self.status in {
            "CREATE_FAILED",
            "DELETE_FAILED",
            "REVIEW_IN_PROGRESS",
            "ROLLBACK_COMPLETE",
            "ROLLBACK_FAILED",
        }

    @property
    def succeeded(self) -> bool:
        """Whether its last operation ended well."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}

    @property
    def settled(self) -> bool:
        """Whether it is as its template says; after a rolled-back update that is the template before."""
        return self.succeeded or self.status in {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}

    @property
    def busy(self) -> bool:
        """Whether an operation is going on."""
        return self.status.endswith("_IN_PROGRESS") and not self.dead


@dataclass(frozen=True)
class ObservedInstance:
    """An instance of a StackSet, with the outputs of its stack."""

    status: str
    stack_id: str = ""
    reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ObservedStackSet:
    """A StackSet and its instances."""

    template: Any = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    instances: Mapping[Instance, ObservedInstance] = field(default_factory=dict)


@dataclass(frozen=True)
class ObservedObject:
    """An object in S3: its version id, and the SHA-256 that the upload noted in its metadata."""

    version: str
    sha256: str


@dataclass(frozen=True)
class Wanted:
    """What to look for. Objects are (account, Region, bucket, key), prefixes the same with a prefix."""

    stacks: frozenset[Place] = frozenset()
    stacksets: frozenset[Place] = frozenset()
    objects: frozenset[tuple[str, str, str, str]] = frozenset()
    prefixes: frozenset[tuple[str, str, str, str]] = frozenset()
    buckets: frozenset[Place] = frozenset()


@dataclass(frozen=True)
class Observed:
    """What was found of what was wanted; what does not exist has no entry."""

    stacks: Mapping[Place, ObservedStack] = field(default_factory=dict)
    stacksets: Mapping[Place, ObservedStackSet] = field(default_factory=dict)
    objects: Mapping[tuple[str, str, str, str], ObservedObject] = field(default_factory=dict)
    listed: Mapping[tuple[str, str, str, str], tuple[str, ...]] = field(default_factory=dict)
    buckets: frozenset[Place] = frozenset()


def observe(wanted: Wanted, sessions: Sessions) -> Observed:
    """Read everything wanted, several calls at a time.

    Raises:
        AwsError: a read failed for another reason than that the thing does not exist.
    """
    with ThreadPoolExecutor(_READERS, thread_name_prefix="observe") as pool:

        def read(keys: Iterable[K], reader: Callable[[Sessions, K], V | None]) -> dict[K, V]:
            ordered = list(keys)
            found = pool.map(lambda key: reader(sessions, key), ordered)
            return {key: value for key, value in zip(ordered, found, strict=True) if value is not None}

        return Observed(
            stacks=read(sorted(wanted.stacks), lambda s, place: read_stack(s, *place, template=True)),
            stacksets=read(sorted(wanted.stacksets), lambda s, place: read_stackset(s, *place)),
            objects=read(sorted(wanted.objects), _read_object),
            listed=read(sorted(wanted.prefixes), _list),
            buckets=frozenset(read(sorted(wanted.buckets), _read_bucket)),
        )


def read_stack(
    sessions: Sessions, account: str, region: str, name: str, *, template: bool = False
) -> ObservedStack | None:
    """A stack by name or id, with its template when asked for; None when there is none."""
    client = sessions.client("cloudformation", account, region)
    try:
        with translated(f"read the stack {name} in {account}, {region}"):
            stack = client.describe_stacks(StackName=name)["Stacks"][0]
            if stack["StackStatus"] == "DELETE_COMPLETE":
                return None
            body = None
            if template and stack["StackStatus"] != "REVIEW_IN_PROGRESS":
                body = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    except NotFoundError:
        return None
    return ObservedStack(
        id=stack["StackId"],
        status=stack["StackStatus"],
        reason=stack.get("StackStatusReason", ""),
        template=body,
        parameters=_parameters(stack),
        outputs=outputs_of(stack),
    )


def read_stackset(sessions: Sessions, account: str, region: str, name: str) -> ObservedStackSet | None:
    """A StackSet administered in `account` and `region`, with its instances; None when there is none."""
    client = sessions.client("cloudformation", account, region)
    try:
        with translated(f"read the StackSet {name} in {account}, {region}"):
            stackset = client.describe_stack_set(StackSetName=name)["StackSet"]
            if stackset.get("Status") == "DELETED":
                return None
            pages = client.get_paginator("list_stack_instances").paginate(StackSetName=name)
            summaries = [summary for page in pages for summary in page["Summaries"]]
    except NotFoundError:
        return None
    instances = {}
    for summary in summaries:
        where = (summary["Account"], summary["Region"])
        stack_id = summary.get("StackId", "")
        stack = read_stack(sessions, *where, stack_id) if stack_id else None
        instances[where] = ObservedInstance(
            status=_instance_status(summary),
            stack_id=stack_id,
            reason=summary.get("StatusReason", ""),
            outputs=stack.outputs if stack else {},
        )
    return ObservedStackSet(stackset.get("TemplateBody"), _parameters(stackset), instances)


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """The outputs in a description of a stack."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


def _instance_status(summary: Mapping[str, Any]) -> str:
    """CURRENT, OUTDATED or INOPERABLE; an operation that failed on it makes it OUTDATED."""
    detailed = summary.get("StackInstanceStatus", {}).get("DetailedStatus", "SUCCEEDED")
    status = str(summary.get("Status", "CURRENT"))
    return status if status != "CURRENT" or detailed == "SUCCEEDED" else "OUTDATED"


def _parameters(description: Mapping[str, Any]) -> dict[str, str]:
    return {
        parameter["ParameterKey"]: parameter.get("ParameterValue", "")
        for parameter in description.get("Parameters", ())
    }


def _read_object(sessions: Sessions, where: tuple[str, str, str, str]) -> ObservedObject | None:
    account, region, bucket, key = where
    try:
        with translated(f"look for s3://{bucket}/{key} in {account}, {region}"):
            found = sessions.client("s3", account, region).head_object(Bucket=bucket, Key=key)
    except NotFoundError:
        return None
    return ObservedObject(found.get("VersionId", ""), found.get("Metadata", {}).get("crosswind-sha256", ""))


def _list(sessions: Sessions, where: tuple[str, str, str, str]) -> tuple[str, ...] | None:
    account, region, bucket, prefix = where
    try:
        with translated(f"list s3://{bucket}/{prefix} in {account}, {region}"):
            pages = (
                sessions.client("s3", account, region)
                .get_paginator("list_objects_v2")
                .paginate(Bucket=bucket, Prefix=prefix)
            )
            return tuple(entry["Key"] for page in pages for entry in page.get("Contents", ()))
    except NotFoundError:
        return None


def _read_bucket(sessions: Sessions, place: Place) -> bool | None:
    account, region, bucket = place
    try:
        with translated(f"look for the bucket {bucket} in {account}, {region}"):
            # ExpectedBucketOwner: a bucket of the same name in a stranger's account is not ours to touch.
            sessions.client("s3", account, region).head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except NotFoundError:
        return None
    return True
