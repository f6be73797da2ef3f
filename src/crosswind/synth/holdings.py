"""What templates hold, read back from them: the ground for the rights of whoever makes it.

So nobody is allowed to make a kind of resource, a role or a policy that no template has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crosswind.synth.stack import Stack

__all__ = ["Held", "policies", "roles", "types"]


@dataclass(frozen=True)
class Held:
    """A role in a template.

    Attributes:
        name: its name in AWS.
        inline: whether it has an inline policy.
        attached: the names of the template's own managed policies that it has.
        boundary: the name of the managed policy that is its permissions boundary.
    """

    name: str
    inline: bool
    attached: tuple[str, ...]
    boundary: str


def roles(stacks: Iterable[Stack]) -> list[Held]:
    """The roles of some stacks, by name."""
    found = []
    for stack in stacks:
        resources = stack.template["Resources"]
        for each in _of(stack, "AWS::IAM::Role"):
            attached = [resources[arn["Ref"]]["Properties"] for arn in each.get("ManagedPolicyArns", ())]
            found.append(
                Held(
                    each["RoleName"],
                    "Policies" in each,
                    tuple(policy["ManagedPolicyName"] for policy in attached),
                    _policy(each.get("PermissionsBoundary")),
                )
            )
    return sorted(found, key=lambda role: role.name)


def policies(stacks: Iterable[Stack]) -> list[str]:
    """The names of the managed policies of some stacks, sorted."""
    return sorted(each["ManagedPolicyName"] for stack in stacks for each in _of(stack, "AWS::IAM::ManagedPolicy"))


def types(stacks: Iterable[Stack]) -> list[str]:
    """The resource types in some stacks, as CloudFormation writes them in ARNs: `AWS-S3-Bucket`; sorted."""
    return sorted(
        {each["Type"].replace("::", "-") for stack in stacks for each in stack.template["Resources"].values()}
    )


def _of(stack: Stack, kind: str) -> Iterator[Mapping[str, Any]]:
    return (each["Properties"] for each in stack.template["Resources"].values() if each["Type"] == kind)


def _policy(arn: Any) -> str:
    """The name at the end of a managed policy's ARN."""
    return json.dumps(arn).rpartition("/")[2].rstrip('"}') if arn else ""
