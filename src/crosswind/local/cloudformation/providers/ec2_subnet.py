"""AWS::EC2::Subnet."""

from __future__ import annotations

from typing import Any

from crosswind.local.cloudformation.providers.calls import offering, picked, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties
from crosswind.local.cloudformation.providers.ec2_tags import at_creation, retag

__all__ = ["Ec2Subnet"]


class Ec2Subnet:
    """A subnet."""

    type_name = "AWS::EC2::Subnet"
    offers = offering("AvailabilityZone", "CidrBlock", "MapPublicIpOnLaunch", "Tags", "VpcId")
    attributes = frozenset({"AvailabilityZone", "CidrBlock", "SubnetId", "VpcId"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        ec2 = context.client("ec2")
        subnet = ec2.create_subnet(
            **picked(properties, "AvailabilityZone", "CidrBlock", "VpcId"), **at_creation("subnet", properties)
        )["Subnet"]
        context.made(subnet["SubnetId"])
        _map_public(ec2, subnet["SubnetId"], {}, properties)
        return _made(subnet)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        ec2 = context.client("ec2")
        _map_public(ec2, physical_id, old, new)
        retag(physical_id, old, new, context)
        return _made(ec2.describe_subnets(SubnetIds=[physical_id])["Subnets"][0])

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("ec2").delete_subnet(SubnetId=physical_id)


def _map_public(ec2: Any, subnet: str, old: Properties, new: Properties) -> None:
    wanted = new.get("MapPublicIpOnLaunch", False)
    if old.get("MapPublicIpOnLaunch", False) != wanted:
        ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": wanted})


def _made(subnet: dict[str, Any]) -> Made:
    return Made(subnet["SubnetId"], picked(subnet, "AvailabilityZone", "CidrBlock", "SubnetId", "VpcId"))
