"""The plan as data: frozen steps, what they refer to, and nothing that acts.

A step names its account and Region, the steps that must end before it (`after`), and values that are either
known text or references which are resolved when it runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "ApplyStack",
    "ApplyStackSet",
    "Change",
    "DeleteStack",
    "DeleteStackSet",
    "EmptyBucket",
    "Instance",
    "Later",
    "ObjectVersion",
    "Output",
    "Parameters",
    "Plan",
    "RemoveLogGroups",
    "RemoveObject",
    "SageMakerJobs",
    "Step",
    "StopJobs",
    "StopReplication",
    "StopRuns",
    "Unchanged",
    "Upload",
    "Value",
]

Change = Literal["create", "update", "verify", "replace"]
"""What a step will do: make, change, check at run time (its references are not known yet), or make anew."""

Instance = tuple[str, str]
"""A StackSet's instance: its account and Region."""


@dataclass(frozen=True)
class Output:
    """The output `key` of the stack or StackSet `stack`, known after that is applied."""

    stack: str
    key: str

    def __str__(self) -> str:
        return f"{self.stack}.{self.key}"


@dataclass(frozen=True)
class ObjectVersion:
    """The S3 version id that the upload step `step` gives its object."""

    step: str

    def __str__(self) -> str:
        return f"version of {self.step}"


@dataclass(frozen=True)
class Later:
    """A parameter that a later step sets: as it is now when the stack exists, else empty.

    A second deploy must not take away, in its first phase, what the second phase of the last one gave.
    """

    def __str__(self) -> str:
        return "as it is"


Value = str | Output | ObjectVersion | Later
Parameters = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, kw_only=True)
class _Step:
    """What every step has.

    Args:
        id: unique in its plan, such as `stack/unified-pipelines-network-hub`.
        account: the 12-digit id of the account that is acted in.
        region: the Region that is acted in.
        after: the ids of the steps that must end well before this one starts.
    """

    id: str
    account: str
    region: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ApplyStack(_Step):
    """Create or update one stack, and read its outputs."""

    stack: str
    template: str = field(repr=False)
    parameters: Parameters = ()
    capabilities: tuple[str, ...] = ()
    topology: str
    change: Change = "create"
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class ApplyStackSet(_Step):
    """Create or update one self-managed StackSet and its instances, and read the instances' outputs.

    `account` and `region` are where the StackSet is administered; `instances` where its stacks are.
    """

    stackset: str
    template: str = field(repr=False)
    parameters: Parameters = ()
    capabilities: tuple[str, ...] = ()
    instances: tuple[Instance, ...]
    administration_role_arn: str
    execution_role: str
    topology: str
    change: Change = "create"
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class Upload(_Step):
    """Put one object; `because` says why when it is not new."""

    bucket: str
    key: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"
    change: Change = "create"
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class RemoveObject(_Step):
    """Remove one object of ours that is no longer declared (its versions stay)."""

    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Unchanged(_Step):
    """Nothing to do: `name` is as declared. Its outputs or version feed the steps after it."""

    kind: Literal["stack", "stackset", "object"]
    name: str
    outputs: tuple[tuple[str, str], ...] = ()
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class DeleteStack(_Step):
    """Delete one stack and wait until it is gone."""

    stack: str
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class DeleteStackSet(_Step):
    """Delete a StackSet's instances, their stacks, and then the StackSet."""

    stackset: str
    instances: tuple[Instance, ...]


@dataclass(frozen=True, kw_only=True)
class StopRuns(_Step):
    """Pause the DAGs of an MWAA environment, when it can be reached."""

    environment: str
    dags: tuple[str, ...]


@dataclass(frozen=True)
class SageMakerJobs:
    """The jobs of a declared SageMaker job: their kind, the role that they act under, and how their names begin."""

    kind: Literal["training", "processing"]
    role_arn: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StopJobs(_Step):
    """Stop running Glue job runs by job name, and SageMaker's jobs by their roles and names."""

    glue_jobs: tuple[str, ...] = ()
    sagemaker: tuple[SageMakerJobs, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StopReplication(_Step):
    """Remove a bucket's replication rules, so that no object returns while buckets are emptied."""

    bucket: str


@dataclass(frozen=True, kw_only=True)
class EmptyBucket(_Step):
    """Delete every version and delete marker of a bucket, and the bucket itself when `delete` is set."""

    bucket: str
    delete: bool = False


@dataclass(frozen=True, kw_only=True)
class RemoveLogGroups(_Step):
    """Delete the log groups with these prefixes (a name that ends in `$` is exact)."""

    prefixes: tuple[str, ...]


Step = (
    ApplyStack
    | ApplyStackSet
    | Upload
    | RemoveObject
    | Unchanged
    | DeleteStack
    | DeleteStackSet
    | StopRuns
    | StopJobs
    | StopReplication
    | EmptyBucket
    | RemoveLogGroups
)


@dataclass(frozen=True)
class Plan:
    """Steps in an order in which each stands after what it needs, and messages for the reader.

    Args:
        topology: the topology's name.
        verb: `deploy` or `destroy`.
        steps: the steps.
        messages: what the reader should know before saying yes.
    """

    topology: str
    verb: Literal["deploy", "destroy"]
    steps: tuple[Step, ...]
    messages: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that would do something."""
        return tuple(step for step in self.steps if not isinstance(step, Unchanged))

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account that a step acts in, sorted."""
        found = {step.account for step in self.steps}
        for step in self.steps:
            if isinstance(step, ApplyStackSet | DeleteStackSet):
                found.update(account for account, _ in step.instances)
        return tuple(sorted(found))
