"""What of a topology still exists in its declared accounts and Regions: found by listing, not by records.

A thing is the topology's when a template of it names it so, or when it carries the tag `crosswind:topology`. A KMS key
never goes at once: KMS deletes it after a week at least, and until then it is left with that reason. What belongs to
another thing is not looked for: a bucket's notifications go with it, and a function's settings with the function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from crosswind.aws import Sessions, translated
from crosswind.deploy.cleanup import log_groups
from crosswind.deploy.inventory import bucket_places, log_group_prefixes, plain
from crosswind.deploy.observe import Wanted, observe
from crosswind.deploy.target import places
from crosswind.errors import AccessDeniedError
from crosswind.synth import Stack
from crosswind.topology.model import Topology

__all__ = ["Leftover", "sweep"]

_NAMES = {
    "AWS::Glue::Job": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::MWAA::Environment": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::SQS::Queue": "QueueName",
}
_SWEEPERS = 8
# docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html: such a key does nothing and costs nothing.
_ENDING = {"PendingDeletion", "PendingReplicaDeletion"}


@dataclass(frozen=True, order=True)
class Leftover:
    """A thing that is still there.

    Args:
        account: where.
        region: where.
        kind: `stack`, `StackSet`, `bucket`, `key`, `queue`, `role`, `function`, `Glue job`, `environment`,
            `secret`, `secret (scheduled for deletion)`, `log group` or `VPC`.
        name: its name or id.
        reason: why it may be there, and for how long; empty for what should be gone.
    """

    account: str
    region: str
    kind: str
    name: str
    reason: str = ""


def sweep(topology: Topology, stacks: tuple[Stack, ...], sessions: Sessions) -> tuple[Leftover, ...]:
    """Look through every declared account and Region.

    Args:
        topology: the topology.
        stacks: its stacks, whose templates name what they hold.
        sessions: makes the clients.

    Returns:
        What is left, sorted; empty when nothing is.
    """
    buckets = observe(Wanted(buckets=frozenset(bucket_places(topology))), sessions).buckets
    found = {Leftover(account, region, "bucket", name) for account, region, name in buckets}
    with ThreadPoolExecutor(_SWEEPERS, thread_name_prefix="sweep") as pool:
        swept = [
            pool.submit(list, search(_Sweep(topology, stacks, sessions, account, region)))
            for account, region in places(topology)
            for search in _SEARCHES
        ]
        for future in swept:
            found.update(future.result())
    return tuple(sorted(found))


class _Sweep:
    """One account and Region, and the names to look for there."""

    def __init__(
        self, topology: Topology, stacks: tuple[Stack, ...], sessions: Sessions, account: str, region: str
    ) -> None:
        self.topology, self.sessions = topology, sessions
        self.account, self.region = account, region
        self.stacks = {stack.name for stack in stacks if (stack.account, stack.region) == (account, region)}
        self.stacksets = {stack.name for stack in stacks if stack.kind == "stackset"}
        self.keys = any(
            resource["Type"] == "AWS::KMS::Key"
            for stack in stacks
            if (stack.account, stack.region) == (account, region)
            for resource in stack.template["Resources"].values()
        )
        self.names: dict[str, set[str]] = {kind: set() for kind in _NAMES}
        for stack in stacks:
            if stack.account != account:
                continue
            for resource in stack.template["Resources"].values():
                kind = resource["Type"]
                if kind in _NAMES and (stack.region == region or kind == "AWS::IAM::Role"):
                    name = plain(resource.get("Properties", {}).get(_NAMES[kind]), stack, topology.partition)
                    self.names[kind].add(name)

    def client(self, service: str) -> Any:
        return self.sessions.client(service, self.account, self.region)

    def left(self, kind: str, name: str) -> Leftover:
        return Leftover(self.account, self.region, kind, name)

    def pages(self, service: str, operation: str, key: str, **request: Any) -> Iterator[Any]:
        with translated(f"list {key} in {self.account}, {self.region}"):
            for page in self.client(service).get_paginator(operation).paginate(**request):
                yield from page[key]

    def is_tagged(self, tags: list[dict[str, str]]) -> bool:
        return {"Key": "crosswind:topology", "Value": self.topology.name} in tags


def _stacks(at: _Sweep) -> Iterator[Leftover]:
    prefixes = tuple(f"StackSet-{name}-" for name in at.stacksets)
    for stack in at.pages("cloudformation", "describe_stacks", "Stacks"):
        name = stack["StackName"]
        if stack["StackStatus"] == "DELETE_COMPLETE":
            continue
        if name in at.stacks or name.startswith(prefixes) or at.is_tagged(stack.get("Tags", [])):
            yield at.left("stack", name)


def _stacksets(at: _Sweep) -> Iterator[Leftover]:
    for summary in at.pages("cloudformation", "list_stack_sets", "Summaries", Status="ACTIVE"):
        if summary["StackSetName"] in at.stacksets:
            yield at.left("StackSet", summary["StackSetName"])


def _roles(at: _Sweep) -> Iterator[Leftover]:
    if at.region != min(region for account, region in places(at.topology) if account == at.account):
        return  # IAM is global: one look an account
    for role in at.pages("iam", "list_roles", "Roles"):
        if role["RoleName"] in at.names["AWS::IAM::Role"]:
            yield at.left("role", role["RoleName"])


def _functions(at: _Sweep) -> Iterator[Leftover]:
    for function in at.pages("lambda", "list_functions", "Functions"):
        if function["FunctionName"] in at.names["AWS::Lambda::Function"]:
            yield at.left("function", function["FunctionName"])


def _queues(at: _Sweep) -> Iterator[Leftover]:
    names = at.names["AWS::SQS::Queue"]
    if not names:
        return
    with translated(f"list queues in {at.account}, {at.region}"):
        for page in at.client("sqs").get_paginator("list_queues").paginate():
            for url in page.get("QueueUrls", ()):  # SQS leaves the key out when there is none
                if (name := url.rpartition("/")[2]) in names:
                    yield at.left("queue", name)


def _glue_jobs(at: _Sweep) -> Iterator[Leftover]:
    for job in at.pages("glue", "get_jobs", "Jobs"):
        if job["Name"] in at.names["AWS::Glue::Job"]:
            yield at.left("Glue job", job["Name"])


def _environments(at: _Sweep) -> Iterator[Leftover]:
    if not at.names["AWS::MWAA::Environment"]:
        return  # MWAA is not in every Region
    for name in at.pages("mwaa", "list_environments", "Environments"):
        if name in at.names["AWS::MWAA::Environment"]:
            yield at.left("environment", name)


def _secrets(at: _Sweep) -> Iterator[Leftover]:
    for secret in at.pages("secretsmanager", "list_secrets", "SecretList", IncludePlannedDeletion=True):
        if secret["Name"] in at.names["AWS::SecretsManager::Secret"]:
            scheduled = " (scheduled for deletion)" if secret.get("DeletedDate") else ""
            yield at.left(f"secret{scheduled}", secret["Name"])


def _log_groups(at: _Sweep) -> Iterator[Leftover]:
    declared = tuple(f"{name}$" for name in sorted(at.names["AWS::Logs::LogGroup"]) if name)
    prefixes = {*declared, *log_group_prefixes(at.topology, at.account, at.region)}
    for name in log_groups(at.sessions, at.account, at.region, tuple(sorted(prefixes))):
        yield at.left("log group", name)


def _vpcs(at: _Sweep) -> Iterator[Leftover]:
    for vpc in at.pages("ec2", "describe_vpcs", "Vpcs"):
        tags = vpc.get("Tags", [])
        named = any(tag["Key"] == "aws:cloudformation:stack-name" and tag["Value"] in at.stacks for tag in tags)
        if named or at.is_tagged(tags):
            yield at.left("VPC", vpc["VpcId"])


def _keys(at: _Sweep) -> Iterator[Leftover]:
    """Keys by their tags: the alias goes with the stack, the key after its window."""
    if not at.keys:
        return
    kms = at.client("kms")
    for key in at.pages("kms", "list_keys", "Keys"):
        name = key["KeyId"]
        try:
            with translated(f"read the key {name} in {at.account}, {at.region}"):
                tags = kms.list_resource_tags(KeyId=name)["Tags"]
                if not at.is_tagged([{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in tags]):
                    continue
                found = kms.describe_key(KeyId=name)["KeyMetadata"]
        except AccessDeniedError:
            continue  # a stranger's key, whose policy leaves nothing to IAM; ours does
        reason = ""
        if found["KeyState"] in _ENDING:
            when = f" on {found['DeletionDate']:%Y-%m-%d}" if "DeletionDate" in found else ""
            reason = f"scheduled: KMS deletes it{when}"
        yield Leftover(at.account, at.region, "key", name, reason)


_SEARCHES: tuple[Callable[[_Sweep], Iterator[Leftover]], ...] = (
    _stacks,
    _stacksets,
    _roles,
    _functions,
    _queues,
    _glue_jobs,
    _environments,
    _secrets,
    _log_groups,
    _vpcs,
    _keys,
)
