"""AWS::IAM::Policy: one inline policy put on roles, users and groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crosswind.local.cloudformation.providers.calls import document, offering, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["IamPolicy"]

_KINDS = {"Roles": ("role", "RoleName"), "Users": ("user", "UserName"), "Groups": ("group", "GroupName")}


class IamPolicy:
    """An inline policy; its physical id is made up, as on AWS, and names nothing in IAM."""

    type_name = "AWS::IAM::Policy"
    offers = offering("Groups", "PolicyDocument", "PolicyName", "Roles", "Users")
    attributes = frozenset({"Id"})
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        name = context.name(64)
        context.made(name)
        _apply(context.client("iam"), {}, properties)
        return Made(name, {"Id": name})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        _apply(context.client("iam"), old, new)
        return Made(physical_id, {"Id": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        _apply(context.client("iam"), properties, {})


def _holders(properties: Properties) -> Iterator[tuple[str, str, str]]:
    for kind, (verb, argument) in _KINDS.items():
        for holder in properties.get(kind, ()):
            yield verb, argument, str(holder)


def _apply(iam: Any, old: Properties, new: Properties) -> None:
    after = set(_holders(new))
    for verb, argument, holder in sorted(after):
        put = {"role": iam.put_role_policy, "user": iam.put_user_policy, "group": iam.put_group_policy}[verb]
        put(**{argument: holder}, PolicyName=new["PolicyName"], PolicyDocument=document(new["PolicyDocument"]))
    renamed = old.get("PolicyName") != new.get("PolicyName")
    for verb, argument, holder in sorted(_holders(old)):
        if renamed or (verb, argument, holder) not in after:
            drop = {"role": iam.delete_role_policy, "user": iam.delete_user_policy, "group": iam.delete_group_policy}[
                verb
            ]
            with unless_gone():
                drop(**{argument: holder}, PolicyName=old["PolicyName"])
