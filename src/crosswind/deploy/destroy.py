"""What to do to remove a topology, as a plan: stop what runs, empty buckets, delete in reverse. Pure.

Works from whatever a deploy has left behind: steps are planned for what exists alone. The order:

1. DAGs are paused; the Airflow environment is deleted, which ends its runs, so that nothing new starts.
2. Running jobs are stopped, replication rules removed (no replica may fill a bucket that is being emptied).
3. Buckets are emptied, then the stacks and StackSets that hold them deleted; StackSet roles last.
4. Log groups that services made for what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from crosswind.deploy.inventory import bucket_places, log_group_prefixes, plain
from crosswind.deploy.observe import Observed, Wanted
from crosswind.deploy.steps import (
    DeleteStack,
    DeleteStackSet,
    EmptyBucket,
    Plan,
    RemoveLogGroups,
    SageMakerJobs,
    Step,
    StopJobs,
    StopReplication,
    StopRuns,
)
from crosswind.deploy.target import places
from crosswind.synth import Stack, job_prefixes
from crosswind.topology.model import GlueJob, SageMakerJob, Topology, TrainingJob
from crosswind.topology.names import Names

__all__ = ["plan_removal", "wanted_for_removal"]

_KEPT = {"Retain", "RetainExceptOnCreate"}


def wanted_for_removal(topology: Topology, stacks: Iterable[Stack]) -> Wanted:
    """What to observe before a removal."""
    found: dict[str, set[tuple[str, str, str]]] = {"stack": set(), "stackset": set()}
    for stack in stacks:
        found[stack.kind].add(_where(stack))
    return Wanted(
        stacks=frozenset(found["stack"]),
        stacksets=frozenset(found["stackset"]),
        buckets=frozenset(bucket_places(topology)),
    )


def plan_removal(
    topology: Topology,
    stacks: Iterable[Stack],
    observed: Observed,
    logs: Mapping[tuple[str, str], tuple[str, ...]],
) -> Plan:
    """The plan of a removal.

    Args:
        topology: the topology.
        stacks: its stacks, as synthesis gives them.
        observed: what exists of them and of its buckets.
        logs: the log groups of ours that exist, by account and Region.
    """
    return _Removal(topology, list(stacks), observed, logs).plan()


class _Removal:
    """Collects steps stage by stage; each stage comes after the one before."""

    def __init__(
        self,
        topology: Topology,
        stacks: list[Stack],
        observed: Observed,
        logs: Mapping[tuple[str, str], tuple[str, ...]],
    ) -> None:
        self._topology, self._names = topology, Names(topology)
        self._stacks, self._observed, self._logs = stacks, observed, logs
        self._steps: list[Step] = []

    def plan(self) -> Plan:
        airflow = self._airflow()
        quiet = self._stop_jobs(airflow)
        quiet = self._stop_replication(quiet) or quiet
        emptied = self._empty(airflow, quiet)
        self._delete(emptied, airflow, quiet)
        messages = []
        if any(isinstance(step, EmptyBucket) for step in self._steps):
            messages.append("every object and version in the topology's buckets is deleted for good")
        return Plan(self._topology.name, "destroy", tuple(self._steps), tuple(messages))

    def _airflow(self) -> tuple[str, ...]:
        """Stop the DAGs and delete the environment."""
        stack = next((one for one in self._stacks if one.part == "airflow"), None)
        if stack is None or _where(stack) not in self._observed.stacks:
            return ()
        stop = StopRuns(
            id="stop/airflow",
            account=stack.account,
            region=stack.region,
            environment=self._names.environment,
            dags=tuple(sorted(self._topology.pipelines)),
        )
        delete = DeleteStack(
            id=f"delete/{stack.name}",
            account=stack.account,
            region=stack.region,
            after=(stop.id,),
            stack=stack.name,
        )
        self._steps += [stop, delete]
        return (delete.id,)

    def _stop_jobs(self, after: tuple[str, ...]) -> tuple[str, ...]:
        """Stop jobs at each site whose stack is there."""
        found: list[str] = []
        for stack in self._stacks:
            if stack.part != "site" or not self._exists(stack):
                continue
            jobs = {name: job for name, job in self._topology.jobs.items() if job.site == stack.site}
            glue = tuple(self._names.job(name) for name, job in jobs.items() if isinstance(job, GlueJob))
            sagemaker = tuple(self._sagemaker(name, job) for name, job in jobs.items() if isinstance(job, SageMakerJob))
            if glue or sagemaker:
                step = StopJobs(
                    id=f"stop/{stack.site}",
                    account=stack.account,
                    region=stack.region,
                    after=after,
                    glue_jobs=glue,
                    sagemaker=sagemaker,
                )
                self._steps.append(step)
                found.append(step.id)
        return tuple(found) or after

    def _sagemaker(self, name: str, job: SageMakerJob) -> SageMakerJobs:
        kind: Literal["training", "processing"] = "training" if isinstance(job, TrainingJob) else "processing"
        return SageMakerJobs(kind, self._names.job_role_arn(name), job_prefixes(self._topology, name))

    def _stop_replication(self, after: tuple[str, ...]) -> tuple[str, ...]:
        sources = {replication.source for replication in self._topology.replications.values() if replication.by_s3}
        steps = [
            StopReplication(id=f"stop/replication/{bucket}", account=account, region=region, after=after, bucket=bucket)
            for (account, region, bucket), name in bucket_places(self._topology).items()
            if name in sources and (account, region, bucket) in self._observed.buckets
        ]
        self._steps += steps
        return tuple(step.id for step in steps)

    def _empty(self, airflow: tuple[str, ...], quiet: tuple[str, ...]) -> dict[tuple[str, str, str], str]:
        """Empty every bucket, and delete one that no stack will delete. Gives the step by bucket.

        The hub's bucket waits for Airflow alone, the sites' also for their jobs and replication.
        """
        found = {}
        declared = bucket_places(self._topology)
        for account, region, bucket in sorted(self._observed.buckets):
            step = EmptyBucket(
                id=f"empty/{bucket}",
                account=account,
                region=region,
                after=quiet if declared[account, region, bucket] else airflow,
                bucket=bucket,
                delete=not self._held(bucket, account, region),
            )
            self._steps.append(step)
            found[account, region, bucket] = step.id
        return found

    def _held(self, bucket: str, account: str, region: str) -> bool:
        """Whether a stack holds the bucket and deletes it when it is deleted.

        One whose creation failed may hold it or not; a deletion does not mind that its bucket is gone.
        """
        for stack in self._stacks:
            if (stack.account, stack.region) != (account, region) or not self._lives(stack):
                continue
            for resource in stack.template["Resources"].values():
                if resource["Type"] == "AWS::S3::Bucket" and self._is_named(resource, bucket, stack):
                    return resource.get("DeletionPolicy", "Delete") not in _KEPT
        return False

    def _is_named(self, resource: Mapping[str, Any], bucket: str, stack: Stack) -> bool:
        return plain(resource.get("Properties", {}).get("BucketName"), stack, self._topology.partition) == bucket

    def _delete(
        self,
        emptied: Mapping[tuple[str, str, str], str],
        airflow: tuple[str, ...],
        quiet: tuple[str, ...],
    ) -> None:
        """Delete stacks and StackSets, the roles of StackSets last; then log groups, place by place."""
        stacksets = {stack.name: f"delete/{stack.name}" for stack in self._stacks if stack.kind == "stackset"}
        gone: dict[tuple[str, str], list[str]] = {place: [] for place in places(self._topology)}
        for stack in sorted(self._stacks, key=lambda stack: (stack.part == "stacksets", stack.name)):
            where = (stack.account, stack.region)
            if stack.part == "airflow" or not self._exists(stack):
                continue
            after = set(airflow if stack.part == "network" else quiet)
            after.update(step for (*place, _), step in emptied.items() if tuple(place) == where)
            if stack.part == "stacksets":
                after.update(step for name, step in stacksets.items() if self._planned(step))
            step = self._deletion(stack, tuple(sorted(after)))
            self._steps.append(step)
            gone.setdefault(where, []).append(step.id)
        for (account, region), steps in gone.items():
            prefixes = log_group_prefixes(self._topology, account, region)
            hub = (account, region) == (self._topology.hub_account, self._topology.hub.region)
            if prefixes and (steps or (airflow and hub) or self._logs.get((account, region))):
                self._steps.append(
                    RemoveLogGroups(
                        id=f"delete/logs/{account}/{region}",
                        account=account,
                        region=region,
                        after=tuple(sorted({*steps, *airflow})),
                        prefixes=prefixes,
                    )
                )

    def _deletion(self, stack: Stack, after: tuple[str, ...]) -> DeleteStack | DeleteStackSet:
        account, region, name = _where(stack)
        if stack.kind == "stack":
            return DeleteStack(id=f"delete/{name}", account=account, region=region, after=after, stack=name)
        found = self._observed.stacksets[account, region, name]
        return DeleteStackSet(
            id=f"delete/{name}",
            account=account,
            region=region,
            after=after,
            stackset=name,
            instances=tuple(sorted(found.instances)),
        )

    def _exists(self, stack: Stack) -> bool:
        held = self._observed.stacks if stack.kind == "stack" else self._observed.stacksets
        return _where(stack) in held

    def _lives(self, stack: Stack) -> bool:
        """Whether a stack is there and holds what its template says."""
        where = _where(stack)
        if stack.kind == "stack":
            return where in self._observed.stacks and not self._observed.stacks[where].dead
        found = self._observed.stacksets.get(where)
        instance = found.instances.get((stack.account, stack.region)) if found else None
        return instance is not None and instance.status == "CURRENT"

    def _planned(self, step_id: str) -> bool:
        return any(step.id == step_id for step in self._steps)


def _where(stack: Stack) -> tuple[str, str, str]:
    return stack.account, stack.admin_region or stack.region, stack.name
