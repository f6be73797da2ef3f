"""What should be, as steps: the stacks in their phases, the files, and who waits for whom. Pure.

A stack with late needs (a replication rule that needs the destination bucket, a bucket policy that names the
hub's role) is applied twice: first without them, then with them once their givers are there. The two are
separate steps with the same template.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crosswind.deploy.artifacts import AIRFLOW, File
from crosswind.deploy.steps import (
    ApplyStack,
    ApplyStackSet,
    Later,
    ObjectVersion,
    Output,
    Parameters,
    Upload,
    Value,
)
from crosswind.errors import InputError
from crosswind.synth import Stack, compact
from crosswind.topology.model import Topology
from crosswind.topology.names import Names

__all__ = ["Desired", "desired", "late_id", "stack_id", "upload_id"]

Desired = ApplyStack | ApplyStackSet | Upload


def stack_id(stack: str) -> str:
    """The id of the step that first applies a stack or StackSet."""
    return f"stack/{stack}"


def late_id(stack: str) -> str:
    """The id of the step that gives a stack or StackSet its late parameters."""
    return f"stack/{stack}/late"


def upload_id(bucket: str, key: str) -> str:
    """The id of the step that uploads an object."""
    return f"upload/{bucket}/{key}"


def desired(topology: Topology, stacks: Iterable[Stack], files: Iterable[File]) -> tuple[Desired, ...]:
    """Every step of a first deploy, each after the steps that it needs.

    Args:
        topology: the topology.
        stacks: its stacks, as synthesis gives them.
        files: the files that its buckets must hold.

    Raises:
        InputError: a template is over CloudFormation's limits, or needs form a circle.
    """
    by_name = {stack.name: stack for stack in stacks}
    buckets = _Buckets(topology, by_name)
    uploads = [buckets.upload(file) for file in files]
    hub_uploads = tuple(step.id for step in uploads if step.bucket == buckets.names.airflow_bucket)
    steps: dict[str, Desired] = {step.id: step for step in uploads}
    for stack in by_name.values():
        for step in _phases(topology, stack, hub_uploads, buckets.names.airflow_bucket):
            steps[step.id] = step
    return tuple(_sorted(steps))


class _Buckets:
    """Where each file goes, and which stack makes its bucket."""

    def __init__(self, topology: Topology, stacks: Mapping[str, Stack]) -> None:
        self._topology = topology
        self.names = Names(topology)
        self._makers = {
            (stack.part, stack.site): stack.name for stack in stacks.values() if stack.part in {"site", "network"}
        }

    def upload(self, file: File) -> Upload:
        """The step that uploads a file."""
        if file.bucket == AIRFLOW:
            account, region = self._topology.hub_account, self._topology.hub.region
            bucket, maker = self.names.airflow_bucket, self._makers["network", "hub"]
        else:
            site = self._topology.buckets[file.bucket].site
            account, region = self._topology.account_of(site), self._topology.region_of(site)
            bucket, maker = self.names.bucket(file.bucket), self._makers["site", site]
        return Upload(
            id=upload_id(bucket, file.key),
            account=account,
            region=region,
            after=(stack_id(maker),),
            bucket=bucket,
            key=file.key,
            content=file.content,
            content_type=file.content_type,
        )


def _phases(
    topology: Topology, stack: Stack, hub_uploads: tuple[str, ...], hub_bucket: str
) -> list[ApplyStack | ApplyStackSet]:
    """The one or two steps of a stack."""
    early = [need for need in stack.needs if not need.late]
    late = [need for need in stack.needs if need.late]
    parameters: dict[str, Value] = {name: default for name, default in stack.parameters.items() if default is not None}
    parameters.update({name: Later() for name in (need.parameter for need in late) if name})
    parameters.update({need.parameter: Output(need.stack, need.output) for need in early if need.parameter})
    parameters.update({name: ObjectVersion(upload_id(hub_bucket, key)) for name, key in stack.object_versions.items()})
    after = {stack_id(need.stack) for need in early}
    if stack.part == "airflow":
        after.update(hub_uploads)  # Airflow finds its DAGs and its code there when it comes up
    first = _apply(topology, stack, stack_id(stack.name), sorted(after), parameters)
    if not late:
        return [first]
    parameters.update({need.parameter: Output(need.stack, need.output) for need in late if need.parameter})
    after = {stack_id(stack.name), *(stack_id(need.stack) for need in stack.needs)}
    return [first, _apply(topology, stack, late_id(stack.name), sorted(after), parameters)]


def _apply(
    topology: Topology, stack: Stack, step: str, after: Iterable[str], parameters: Mapping[str, Value]
) -> ApplyStack | ApplyStackSet:
    template = compact(stack.template, name=stack.name)
    pairs: Parameters = tuple(sorted(parameters.items()))
    if stack.kind == "stack":
        return ApplyStack(
            id=step,
            account=stack.account,
            region=stack.region,
            after=tuple(after),
            stack=stack.name,
            template=template,
            parameters=pairs,
            capabilities=stack.capabilities,
            topology=topology.name,
        )
    return ApplyStackSet(
        id=step,
        account=stack.account,
        region=stack.admin_region or stack.region,
        after=tuple(after),
        stackset=stack.name,
        template=template,
        parameters=pairs,
        capabilities=stack.capabilities,
        instances=((stack.account, stack.region),),
        administration_role_arn=stack.administration_role,
        execution_role=stack.execution_role,
        topology=topology.name,
    )


def _sorted(steps: Mapping[str, Desired]) -> list[Desired]:
    """Each step after what it needs; among those that may stand next, in the order given."""
    done: dict[str, Desired] = {}
    waiting = dict(steps)
    while waiting:
        ready = [step for step in waiting.values() if all(before in done for before in step.after)]
        if not ready:
            raise InputError(f"these steps wait for each other: {', '.join(sorted(waiting))}")
        for step in ready:
            done[step.id] = step
            del waiting[step.id]
    return list(done.values())
