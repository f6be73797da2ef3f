"""Policies are read when they are stored: what IAM cannot read is refused there, in the service's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosswind.iam import PolicyError, PolicyKind, parse
from crosswind.local.edge.call import Call, ServiceError

__all__ = ["refuse_malformed"]


@dataclass(frozen=True)
class _Place:
    """Where an operation carries a document: the path of members (`` for the body), its kind, the service's code."""

    path: str
    kind: PolicyKind
    code: str


_IAM, _NAMED, _PLAIN = "MalformedPolicyDocument", "MalformedPolicyDocumentException", "MalformedPolicy"
_PLACES: Mapping[tuple[str, str], _Place] = {
    ("iam", "CreateRole"): _Place("AssumeRolePolicyDocument", PolicyKind.TRUST, _IAM),
    ("iam", "UpdateAssumeRolePolicy"): _Place("PolicyDocument", PolicyKind.TRUST, _IAM),
    ("iam", "PutRolePolicy"): _Place("PolicyDocument", PolicyKind.IDENTITY, _IAM),
    ("iam", "PutUserPolicy"): _Place("PolicyDocument", PolicyKind.IDENTITY, _IAM),
    ("iam", "PutGroupPolicy"): _Place("PolicyDocument", PolicyKind.IDENTITY, _IAM),
    ("iam", "CreatePolicy"): _Place("PolicyDocument", PolicyKind.IDENTITY, _IAM),
    ("iam", "CreatePolicyVersion"): _Place("PolicyDocument", PolicyKind.IDENTITY, _IAM),
    ("s3", "PutBucketPolicy"): _Place("", PolicyKind.RESOURCE, _PLAIN),
    ("kms", "CreateKey"): _Place("Policy", PolicyKind.KEY, _NAMED),
    ("kms", "PutKeyPolicy"): _Place("Policy", PolicyKind.KEY, _NAMED),
    ("secretsmanager", "PutResourcePolicy"): _Place("ResourcePolicy", PolicyKind.RESOURCE, _NAMED),
    ("organizations", "CreatePolicy"): _Place("Content", PolicyKind.SCP, _NAMED),
    ("ecr", "SetRepositoryPolicy"): _Place("policyText", PolicyKind.RESOURCE, "InvalidParameterException"),
    ("logs", "PutResourcePolicy"): _Place("policyDocument", PolicyKind.RESOURCE, "InvalidParameterException"),
    ("glue", "PutResourcePolicy"): _Place("PolicyInJson", PolicyKind.RESOURCE, "InvalidInputException"),
    ("events", "PutPermission"): _Place("Policy", PolicyKind.RESOURCE, "ValidationException"),
    ("kinesis", "PutResourcePolicy"): _Place("Policy", PolicyKind.RESOURCE, "InvalidArgumentException"),
    ("sqs", "CreateQueue"): _Place("Attributes.Policy", PolicyKind.RESOURCE, "InvalidAttributeValue"),
    ("sqs", "SetQueueAttributes"): _Place("Attributes.Policy", PolicyKind.RESOURCE, "InvalidAttributeValue"),
    ("sns", "CreateTopic"): _Place("Attributes.Policy", PolicyKind.RESOURCE, "InvalidParameter"),
    ("sns", "SetTopicAttributes"): _Place("AttributeValue", PolicyKind.RESOURCE, "InvalidParameter"),
}
_ORGANIZATION = {"SERVICE_CONTROL_POLICY": PolicyKind.SCP, "RESOURCE_CONTROL_POLICY": PolicyKind.RCP}


def refuse_malformed(call: Call) -> None:
    """Refuse a policy that is none (an edge's BeforeCall).

    Raises:
        ServiceError: `MalformedPolicyDocument`, or what the service calls it.
    """
    place = _PLACES.get((call.service, call.operation))
    if place is None:
        return
    kind: PolicyKind | None = place.kind
    if call.service == "organizations":
        kind = _ORGANIZATION.get(str(call.parameters.get("Type", "")))  # the other types are no IAM policies
    if (call.service, call.operation) == ("sns", "SetTopicAttributes"):
        kind = kind if call.parameters.get("AttributeName") == "Policy" else None
    text = _text(call, place.path)
    if kind is None or not text:
        return
    try:
        parse(text, kind, account=call.account)
    except PolicyError as error:
        raise ServiceError(place.code, error.message, 400) from error


def _text(call: Call, path: str) -> str:
    if not path:
        return call.http.body.decode("utf-8", "replace")
    value: Any = call.parameters
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, Mapping) else ""
