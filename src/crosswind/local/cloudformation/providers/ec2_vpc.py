"""AWS::EC2::VPC."""

from __future__ import annotations

from typing import Any

from crosswind.local.cloudformation.providers.calls import offering, picked, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties
from crosswind.local.cloudformation.providers.ec2_tags import at_creation, retag

__all__ = ["Ec2Vpc"]

# What EC2 sets for a VPC that is not the default one.
_SWITCHES = {"EnableDnsSupport": True, "EnableDnsHostnames": False}


class Ec2Vpc:
    """A VPC."""

    type_name = "AWS::EC2::VPC"
    offers = offering("CidrBlock", "InstanceTenancy", "Tags", *_SWITCHES)
    attributes = frozenset({"CidrBlock", "DefaultNetworkAcl", "DefaultSecurityGroup", "VpcId"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        ec2 = context.client("ec2")
        vpc = ec2.create_vpc(**picked(properties, "CidrBlock", "InstanceTenancy"), **at_creation("vpc", properties))
        vpc_id = str(vpc["Vpc"]["VpcId"])
        context.made(vpc_id)
        _switch(ec2, vpc_id, _SWITCHES, properties)
        return _made(ec2, vpc_id, properties)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        ec2 = context.client("ec2")
        _switch(ec2, physical_id, old, new)
        retag(physical_id, old, new, context)
        return _made(ec2, physical_id, new)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("ec2").delete_vpc(VpcId=physical_id)


def _switch(ec2: Any, vpc: str, old: Properties, new: Properties) -> None:
    for name, default in _SWITCHES.items():
        if old.get(name, default) != new.get(name, default):
            ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": new.get(name, default)}})


def _made(ec2: Any, vpc: str, properties: Properties) -> Made:
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    groups = ec2.describe_security_groups(Filters=[*inside, {"Name": "group-name", "Values": ["default"]}])
    acls = ec2.describe_network_acls(Filters=[*inside, {"Name": "default", "Values": ["true"]}])
    return Made(
        vpc,
        {
            "CidrBlock": properties.get("CidrBlock", ""),
            "DefaultNetworkAcl": acls["NetworkAcls"][0]["NetworkAclId"],
            "DefaultSecurityGroup": groups["SecurityGroups"][0]["GroupId"],
            "VpcId": vpc,
        },
    )
