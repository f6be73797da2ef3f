"""AWS::IAM::Role."""

from __future__ import annotations

from typing import Any

from crosswind.local.cloudformation.providers.calls import (
    changed,
    document,
    offering,
    picked,
    tag_changes,
    tag_list,
    unless_gone,
)
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["IamRole"]

_DEFAULT_SESSION = 3600


class IamRole:
    """A role with its inline and managed policies and its boundary."""

    type_name = "AWS::IAM::Role"
    offers = offering(
        "AssumeRolePolicyDocument",
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "Path",
        "PermissionsBoundary",
        "RoleName",
        "Tags",
        Policies=offering("PolicyName", "PolicyDocument"),
    )
    attributes = frozenset({"Arn", "RoleId"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        iam = context.client("iam")
        name = str(properties.get("RoleName") or context.name(64))
        extra: dict[str, Any] = picked(properties, "Description", "MaxSessionDuration", "Path", "PermissionsBoundary")
        if properties.get("Tags"):
            extra["Tags"] = tag_list(properties["Tags"])
        role = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=document(properties["AssumeRolePolicyDocument"]), **extra
        )["Role"]
        context.made(name)
        _apply_policies(iam, name, {}, properties)
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        iam = context.client("iam")
        if changed(old, new, "AssumeRolePolicyDocument"):
            iam.update_assume_role_policy(
                RoleName=physical_id, PolicyDocument=document(new["AssumeRolePolicyDocument"])
            )
        if changed(old, new, "Description", "MaxSessionDuration"):
            iam.update_role(
                RoleName=physical_id,
                Description=new.get("Description", ""),
                MaxSessionDuration=new.get("MaxSessionDuration", _DEFAULT_SESSION),
            )
        if changed(old, new, "PermissionsBoundary"):
            if new.get("PermissionsBoundary"):
                iam.put_role_permissions_boundary(RoleName=physical_id, PermissionsBoundary=new["PermissionsBoundary"])
            else:
                iam.delete_role_permissions_boundary(RoleName=physical_id)
        set_tags, drop_tags = tag_changes(old, new)
        if set_tags:
            iam.tag_role(RoleName=physical_id, Tags=tag_list(set_tags))
        if drop_tags:
            iam.untag_role(RoleName=physical_id, TagKeys=drop_tags)
        _apply_policies(iam, physical_id, old, new)
        role = iam.get_role(RoleName=physical_id)["Role"]
        return Made(physical_id, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        iam = context.client("iam")
        _apply_policies(iam, physical_id, properties, {})
        with unless_gone():
            iam.delete_role(RoleName=physical_id)


def _apply_policies(iam: Any, role: str, old: Properties, new: Properties) -> None:
    before = {policy["PolicyName"]: policy["PolicyDocument"] for policy in old.get("Policies", ())}
    after = {policy["PolicyName"]: policy["PolicyDocument"] for policy in new.get("Policies", ())}
    for name, policy in after.items():
        if before.get(name) != policy:
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document(policy))
    for name in before.keys() - after.keys():
        with unless_gone():
            iam.delete_role_policy(RoleName=role, PolicyName=name)
    attached, wanted = set(old.get("ManagedPolicyArns", ())), set(new.get("ManagedPolicyArns", ()))
    for arn in sorted(wanted - attached):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    for arn in sorted(attached - wanted):
        with unless_gone():
            iam.detach_role_policy(RoleName=role, PolicyArn=arn)
