"""Tags of resources as moto's services hold them, each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosswind.local.moto_backend.guarded import regional
from crosswind.local.moto_backend.identities import iam_of, role_at

__all__ = ["tags_of"]

_Backends = Mapping[str, tuple[str, str]]

# Service in the ARN -> moto's module and variable.
_BACKENDS: _Backends = {
    "kms": ("kms", "kms_backends"),
    "secretsmanager": ("secretsmanager", "secretsmanager_backends"),
    "lambda": ("awslambda", "lambda_backends"),
    "glue": ("glue", "glue_backends"),
    "sagemaker": ("sagemaker", "sagemaker_backends"),
    "sqs": ("sqs", "sqs_backends"),
    "sns": ("sns", "sns_backends"),
    "ecr": ("ecr", "ecr_backends"),
    "events": ("events", "events_backends"),
    "logs": ("logs", "logs_backends"),
    "ec2": ("ec2", "ec2_backends"),
    "states": ("stepfunctions", "stepfunctions_backends"),
}


def tags_of(arn: str) -> Mapping[str, str]:
    """The tags of a resource by its ARN; empty when there are none, or the service has none here."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return {}
    _, partition, service, region, account, rest = parts
    if service == "iam":
        return _iam(arn, account, partition, rest)
    if service not in _BACKENDS:
        return {}
    module, name = _BACKENDS[service]
    backend = regional(module, name, account, region)
    if backend is None:
        return {}
    reader = _READERS.get(service)
    if reader is not None:
        return reader(backend, rest, arn)
    return _tagger(backend, arn)


def _tagger(backend: Any, arn: str) -> Mapping[str, str]:
    tagger = getattr(backend, "tagger", None)
    return dict(tagger.get_tag_dict_for_resource(arn)) if tagger is not None else {}


def _iam(arn: str, account: str, partition: str, rest: str) -> Mapping[str, str]:
    kind = rest.partition("/")[0]
    if kind == "role":
        role = role_at(arn)
        return pairs(role.tags) if role is not None and role.tags else {}
    backend = iam_of(account, partition)
    if backend is None:
        return {}
    if kind == "policy":
        policy = backend.managed_policies.get(arn)
        return pairs(list(policy.tags.values())) if policy is not None else {}
    return _tagger(backend, arn)


def _kms(backend: Any, rest: str, _arn: str) -> Mapping[str, str]:
    return dict(backend.tagger.get_tag_dict_for_resource(rest.removeprefix("key/")))


def _secret(backend: Any, _rest: str, arn: str) -> Mapping[str, str]:
    found = next((one for one in list(dict.values(backend.secrets)) if one.arn == arn), None)
    return pairs(getattr(found, "tags", None))


def _function(backend: Any, rest: str, _arn: str) -> Mapping[str, str]:
    held = backend._lambdas._functions.get(rest.partition(":")[2].partition(":")[0])
    return dict(held["latest"].tags) if held else {}


def _queue(backend: Any, rest: str, _arn: str) -> Mapping[str, str]:
    queue = backend.queues.get(rest)
    return dict(queue.tags) if queue is not None else {}


def _topic(backend: Any, _rest: str, arn: str) -> Mapping[str, str]:
    topic = backend.topics.get(arn)
    return dict(topic._tags) if topic is not None else {}


def _sagemaker(backend: Any, _rest: str, arn: str) -> Mapping[str, str]:
    from moto.sagemaker.exceptions import AWSValidationException

    try:
        resource = backend._get_resource_from_arn(arn)
    except AWSValidationException:  # a kind of resource that moto does not tag
        return {}
    return pairs(resource.tags) if resource is not None else {}


def _ec2(backend: Any, rest: str, _arn: str) -> Mapping[str, str]:
    return dict(backend.tags.get(rest.rpartition("/")[2], {}))


def pairs(tags: Any) -> dict[str, str]:
    """A list of `{"Key": ..., "Value": ...}` as a mapping."""
    return {pair["Key"]: pair["Value"] for pair in list(tags or ())}


_READERS: Mapping[str, Callable[[Any, str, str], Mapping[str, str]]] = {
    "kms": _kms,
    "secretsmanager": _secret,
    "lambda": _function,
    "sqs": _queue,
    "sns": _topic,
    "ec2": _ec2,
    "sagemaker": _sagemaker,
}
