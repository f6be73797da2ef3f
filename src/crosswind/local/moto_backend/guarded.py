"""The resource policies that moto keeps: who guards what a call works on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crosswind.local.authorization.documents import Document
from crosswind.local.moto_backend.buckets import bucket_of

__all__ = ["ResourcePolicies", "regional", "used"]

_Reader = Callable[[str, str, str], "tuple[str, str | bytes] | None"]
"""Takes account, Region and the ARN's last part; gives the policy's name and text."""


class ResourcePolicies:
    """Reads of resource policies, but for the trust policies of roles and the policies of KMS keys."""

    def resource_policy(self, arn: str, account: str) -> Document | None:
        """The policy of the resource to which an ARN leads, such as an object's bucket.

        Args:
            arn: the resource's ARN.
            account: its owner.

        Returns:
            None for a resource without a policy, and for a service whose resources have none here.
        """
        parts = arn.split(":", 5)
        if len(parts) < 6:
            return None
        if parts[2] == "s3":
            return _bucket_policy(parts[5].partition("/")[0], account)
        reader = _READERS.get(parts[2])
        found = reader(account, parts[3], parts[5]) if reader is not None else None
        return Document(found[1], found[0], "", account) if found is not None else None

    def restricts_public(self, bucket: str, account: str) -> bool:
        """Whether Block Public Access of the bucket or of its account says RestrictPublicBuckets."""
        return _is_on("restrict_public_buckets", bucket, account)

    def blocks_public_policies(self, bucket: str, account: str) -> bool:
        """Whether Block Public Access of the bucket or of its account says BlockPublicPolicy."""
        return _is_on("block_public_policy", bucket, account)


def _is_on(setting: str, bucket: str, account: str) -> bool:
    held = bucket_of(bucket)
    block = held.public_access_block if held is not None else None
    if block is not None and getattr(block, setting):
        return True
    backends = used("s3control", "s3control_backends")
    partitions = backends.get(account) if backends is not None else None
    for backend in list(partitions.values()) if partitions else ():
        whole = backend.public_access_block
        if whole is not None and getattr(whole, setting):
            return True
    return False


def used(module: str, name: str) -> Any:
    """A service's state by moto's module and variable; None while nobody has used the service."""
    # To import a service takes up to a second, and one that is not imported holds no policy.
    loaded = sys.modules.get(f"moto.{module}.models")
    return getattr(loaded, name, None)


def regional(module: str, name: str, account: str, region: str) -> Any:
    """A service's state in one account and Region; None when it was never used there."""
    backends = used(module, name)
    held = backends.get(account) if backends is not None else None
    return held.get(region) if held is not None else None


def _bucket_policy(name: str, account: str) -> Document | None:
    bucket = bucket_of(name)
    policy = bucket.policy if bucket is not None else None
    return Document(policy, name, "", account) if policy else None


def _function(account: str, region: str, rest: str) -> tuple[str, str] | None:
    # function:NAME[:QUALIFIER]
    backend = regional("awslambda", "lambda_backends", account, region)
    name = rest.split(":")[1] if rest.startswith("function:") else ""
    held = backend._lambdas._functions.get(name) if backend is not None else None
    latest = held["latest"] if held else None
    statements = list(latest.policy.statements) if latest is not None else []
    return (name, _document(statements)) if statements else None


def _secret(account: str, region: str, rest: str) -> tuple[str, str] | None:
    backend = regional("secretsmanager", "secretsmanager_backends", account, region)
    arn = f":{rest}"
    for secret in list(dict.values(backend.secrets)) if backend is not None else ():
        if secret.arn.endswith(arn):
            policy = getattr(secret, "policy", None)  # a replica has none
            return (secret.name, policy) if policy else None
    return None


def _queue(account: str, region: str, name: str) -> tuple[str, str] | None:
    backend = regional("sqs", "sqs_backends", account, region)
    queue = backend.queues.get(name) if backend is not None else None
    policy = queue.policy if queue is not None else None
    return (name, policy) if policy else None


def _topic(account: str, region: str, rest: str) -> tuple[str, str] | None:
    backend = regional("sns", "sns_backends", account, region)
    name = rest.partition(":")[0]
    for arn, topic in list(backend.topics.items()) if backend is not None else ():
        if arn.endswith(f":{account}:{name}"):
            return name, topic.policy
    return None


def _repository(account: str, region: str, rest: str) -> tuple[str, str] | None:
    backend = regional("ecr", "ecr_backends", account, region)
    name = rest.partition("/")[2]
    held = backend.repositories.get(name) if backend is not None else None
    return (name, held.policy) if held is not None and held.policy else None


def _logs(account: str, region: str, _rest: str) -> tuple[str, str] | None:
    backend = regional("logs", "logs_backends", account, region)
    kept = list(backend.resource_policies.values()) if backend is not None else []
    return ("CloudWatch Logs resource policies", _joined(one.policy_document for one in kept)) if kept else None


def _catalog(account: str, region: str, _rest: str) -> tuple[str, str] | None:
    backend = regional("glue", "glue_backends", account, region)
    kept = list(backend.resource_policies.values()) if backend is not None else []
    return ("Data Catalog resource policy", _joined(one["PolicyInJson"] for one in kept)) if kept else None


def _bus(account: str, region: str, rest: str) -> tuple[str, str] | None:
    backend = regional("events", "events_backends", account, region)
    kind, _, name = rest.partition("/")
    bus = backend.event_buses.get(name) if backend is not None and kind == "event-bus" else None
    policy = bus.policy if bus is not None else None
    return (name, policy) if policy else None


def _stream(account: str, region: str, rest: str) -> tuple[str, str] | None:
    backend = regional("kinesis", "kinesis_backends", account, region)
    for arn, policy in list(backend.resource_policies.items()) if backend is not None else ():
        if arn.endswith(f":{rest}"):
            return rest, policy
    return None


def _joined(documents: Iterable[str]) -> str:
    """One document of the statements of several that count together."""
    statements: list[Any] = []
    for text in documents:
        held = json.loads(text).get("Statement", [])
        statements.extend(held if isinstance(held, list) else [held])
    return _document(statements)


def _document(statements: list[Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


_READERS: Mapping[str, _Reader] = {
    "lambda": _function,
    "secretsmanager": _secret,
    "sqs": _queue,
    "sns": _topic,
    "ecr": _repository,
    "logs": _logs,
    "glue": _catalog,
    "events": _bus,
    "kinesis": _stream,
}
