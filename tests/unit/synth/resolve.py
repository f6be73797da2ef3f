"""Templates as CloudFormation would resolve them, as far as policies need it; and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswind.synth import Stack

__all__ = ["Resolved", "policies", "resolved", "statements"]

SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}
NOTHING = object()


@dataclass(frozen=True)
class Resolved:
    """A template with its intrinsic functions resolved: resources by logical id, and outputs."""

    stack: Stack
    resources: Mapping[str, Any]
    outputs: Mapping[str, str]

    def of(self, kind: str) -> dict[str, Any]:
        """The properties of the resources of a type."""
        return {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == kind}


def resolved(stack: Stack, parameters: Mapping[str, str], partition: str = "aws") -> Resolved:
    """A stack's template resolved with these parameters (its defaults where they are not given)."""
    return _Resolver(stack, parameters, partition).run()


def policies(template: Resolved) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Every policy document: (where, `trust`, `identity`, `boundary`, `key` or `resource`, its statements)."""
    for name, role in template.of("AWS::IAM::Role").items():
        yield name, "trust", role["AssumeRolePolicyDocument"]["Statement"]
        for policy in role.get("Policies", []):
            yield name, "identity", policy["PolicyDocument"]["Statement"]
    for name, policy in template.of("AWS::IAM::ManagedPolicy").items():
        kind = "boundary" if name.endswith("Boundary") else "identity"
        yield name, kind, policy["PolicyDocument"]["Statement"]
    for name, key in template.of("AWS::KMS::Key").items():
        yield name, "key", key["KeyPolicy"]["Statement"]
    for name, policy in template.of("AWS::S3::BucketPolicy").items():
        yield name, "resource", policy["PolicyDocument"]["Statement"]


def statements(template: Resolved, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of a kind, with where it stands."""
    for where, found, content in policies(template):
        if found == kind:
            for statement in content:
                yield f"{template.stack.name} {where} {statement.get('Sid', '')}", statement


@dataclass
class _Resolver:
    stack: Stack
    given: Mapping[str, str]
    partition: str
    conditions: dict[str, bool] = field(default_factory=dict)

    def run(self) -> Resolved:
        template = self.stack.template
        for name, condition in template.get("Conditions", {}).items():
            self.conditions[name] = self.truth(condition)
        resources = {
            name: self.value(resource)
            for name, resource in template["Resources"].items()
            if self.conditions.get(resource.get("Condition", ""), True)
        }
        outputs = {name: self.value(o["Value"]) for name, o in template.get("Outputs", {}).items()}
        return Resolved(self.stack, resources, outputs)

    def truth(self, condition: Any) -> bool:
        (function, content), *_ = condition.items()
        if function == "Fn::Not":
            return not self.truth(content[0])
        if function == "Fn::And":
            return all(self.truth(item) for item in content)
        if function == "Condition":
            return self.conditions.get(content) or self.truth(self.stack.template["Conditions"][content])
        assert function == "Fn::Equals", function
        return self.value(content[0]) == self.value(content[1])

    def value(self, content: Any) -> Any:
        if isinstance(content, list):
            return [v for v in map(self.value, content) if v is not NOTHING]
        if not isinstance(content, dict):
            return content
        if len(content) == 1:
            (function, inner), *_ = content.items()
            if function == "Ref":
                return self.ref(inner)
            if function == "Fn::GetAtt":
                return self.attribute(*inner)
            if function == "Fn::Sub":
                return re.sub(r"\$\{([^!}]+)\}", lambda match: self.named(match[1]), inner)
            if function == "Fn::If":
                return self.value(inner[1] if self.conditions[inner[0]] else inner[2])
            if function == "Fn::Join":
                return inner[0].join(self.value(inner[1]))
        items = {key: self.value(item) for key, item in content.items()}
        return {key: item for key, item in items.items() if item is not NOTHING}

    def named(self, name: str) -> str:
        return str(self.attribute(*name.split(".")) if "." in name else self.ref(name))

    def ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": self.stack.account,
            "AWS::NoValue": NOTHING,
            "AWS::Partition": self.partition,
            "AWS::Region": self.stack.region,
            "AWS::URLSuffix": SUFFIXES[self.partition],
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.given:
            return self.given[name]
        parameter = self.stack.template.get("Parameters", {}).get(name)
        if parameter is not None:
            return parameter.get("Default", f"<{name}>")
        properties = self.stack.template["Resources"][name]["Properties"]
        physical = properties.get("BucketName") or properties.get("RoleName") or properties.get("LogGroupName")
        return self.value(physical) if physical else f"<{name}>"

    def attribute(self, logical_id: str, attribute: str) -> str:
        resource = self.stack.template["Resources"][logical_id]
        if resource["Type"] == "AWS::IAM::Role" and attribute == "Arn":
            return f"arn:{self.partition}:iam::{self.stack.account}:role/{self.ref(logical_id)}"
        if resource["Type"] == "AWS::KMS::Key" and attribute == "Arn":
            return f"arn:{self.partition}:kms:{self.stack.region}:{self.stack.account}:key/{logical_id}"
        if resource["Type"] == "AWS::S3::Bucket" and attribute == "Arn":
            return f"arn:{self.partition}:s3:::{self.ref(logical_id)}"
        return f"<{logical_id}.{attribute}>"
