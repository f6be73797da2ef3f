"""AWS::IAM::ManagedPolicy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crosswind.local.cloudformation.providers.calls import changed, document, offering, picked, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["IamManagedPolicy"]

_KINDS = {"Roles": ("role", "RoleName"), "Users": ("user", "UserName"), "Groups": ("group", "GroupName")}


class IamManagedPolicy:
    """A customer managed policy and what it is attached to."""

    type_name = "AWS::IAM::ManagedPolicy"
    offers = offering("Description", "Groups", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users")
    attributes = frozenset({"PolicyArn", "PolicyId"})
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        iam = context.client("iam")
        policy = iam.create_policy(
            PolicyName=properties.get("ManagedPolicyName") or context.name(128),
            PolicyDocument=document(properties["PolicyDocument"]),
            **picked(properties, "Description", "Path"),
        )["Policy"]
        context.made(policy["Arn"])
        _attach(iam, policy["Arn"], {}, properties)
        return Made(policy["Arn"], {"PolicyArn": policy["Arn"], "PolicyId": policy["PolicyId"]})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        iam = context.client("iam")
        if changed(old, new, "PolicyDocument"):
            before = iam.get_policy(PolicyArn=physical_id)["Policy"]["DefaultVersionId"]
            iam.create_policy_version(
                PolicyArn=physical_id, PolicyDocument=document(new["PolicyDocument"]), SetAsDefault=True
            )
            # IAM keeps five versions at most.
            iam.delete_policy_version(PolicyArn=physical_id, VersionId=before)
        _attach(iam, physical_id, old, new)
        policy = iam.get_policy(PolicyArn=physical_id)["Policy"]
        return Made(physical_id, {"PolicyArn": physical_id, "PolicyId": policy["PolicyId"]})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        iam = context.client("iam")
        _attach(iam, physical_id, properties, {})
        with unless_gone():
            for version in iam.list_policy_versions(PolicyArn=physical_id)["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=physical_id, VersionId=version["VersionId"])
            iam.delete_policy(PolicyArn=physical_id)


def _holders(properties: Properties) -> Iterator[tuple[str, str, str]]:
    for kind, (verb, argument) in _KINDS.items():
        for holder in properties.get(kind, ()):
            yield verb, argument, str(holder)


def _attach(iam: Any, arn: str, old: Properties, new: Properties) -> None:
    before, after = set(_holders(old)), set(_holders(new))
    attach = {"role": iam.attach_role_policy, "user": iam.attach_user_policy, "group": iam.attach_group_policy}
    detach = {"role": iam.detach_role_policy, "user": iam.detach_user_policy, "group": iam.detach_group_policy}
    for verb, argument, holder in sorted(after - before):
        attach[verb](**{argument: holder}, PolicyArn=arn)
    for verb, argument, holder in sorted(before - after):
        with unless_gone():
            detach[verb](**{argument: holder}, PolicyArn=arn)
