"""AWS::EC2::SecurityGroup."""

from __future__ import annotations

from typing import Any

from crosswind.local.cloudformation.providers.calls import offering, picked, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties
from crosswind.local.cloudformation.providers.ec2_permissions import EGRESS_RULE, INGRESS_RULE, permission
from crosswind.local.cloudformation.providers.ec2_tags import at_creation, retag

__all__ = ["Ec2SecurityGroup"]

# What EC2 gives every new group in a VPC; CloudFormation takes it away when the template has egress rules of its own.
_ALL_OUT = [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]


class Ec2SecurityGroup:
    """A security group of a VPC with its embedded rules; `Ref` gives the group's id."""

    type_name = "AWS::EC2::SecurityGroup"
    offers = offering(
        "GroupDescription",
        "GroupName",
        "Tags",
        "VpcId",
        SecurityGroupEgress=EGRESS_RULE,
        SecurityGroupIngress=INGRESS_RULE,
    )
    attributes = frozenset({"GroupId", "Id", "VpcId"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        ec2 = context.client("ec2")
        group = str(
            ec2.create_security_group(
                GroupName=properties.get("GroupName") or context.name(255),
                Description=properties["GroupDescription"],
                **picked(properties, "VpcId"),
                **at_creation("security-group", properties),
            )["GroupId"]
        )
        context.made(group)
        _apply(ec2, group, {}, properties)
        return _made(group, properties)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        _apply(context.client("ec2"), physical_id, old, new)
        retag(physical_id, old, new, context)
        return _made(physical_id, new)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("ec2").delete_security_group(GroupId=physical_id)


def _apply(ec2: Any, group: str, old: Properties, new: Properties) -> None:
    moves = (
        (
            old.get("SecurityGroupIngress", []),
            new.get("SecurityGroupIngress", []),
            ec2.authorize_security_group_ingress,
            ec2.revoke_security_group_ingress,
        ),
        (
            old.get("SecurityGroupEgress") or _ALL_OUT,
            new.get("SecurityGroupEgress") or _ALL_OUT,
            ec2.authorize_security_group_egress,
            ec2.revoke_security_group_egress,
        ),
    )
    for before, after, authorize, revoke in moves:
        gone = [permission(rule) for rule in before if rule not in after]
        fresh = [permission(rule) for rule in after if rule not in before]
        if gone:
            revoke(GroupId=group, IpPermissions=gone)
        if fresh:
            authorize(GroupId=group, IpPermissions=fresh)


def _made(group: str, properties: Properties) -> Made:
    return Made(group, {"GroupId": group, "Id": group, "VpcId": properties.get("VpcId", "")})
