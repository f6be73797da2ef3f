"""AWS::EC2::Route."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import offering, picked, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["Ec2Route"]

_TARGETS = ("GatewayId", "NatGatewayId", "NetworkInterfaceId", "TransitGatewayId", "VpcPeeringConnectionId")


class Ec2Route:
    """One IPv4 route of a route table."""

    type_name = "AWS::EC2::Route"
    offers = offering("DestinationCidrBlock", "RouteTableId", *_TARGETS)
    attributes = frozenset({"CidrBlock"})
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        context.client("ec2").create_route(**picked(properties, "DestinationCidrBlock", "RouteTableId", *_TARGETS))
        made = _made(properties)
        context.made(made.physical_id)
        return made

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        context.client("ec2").replace_route(**picked(new, "DestinationCidrBlock", "RouteTableId", *_TARGETS))
        return _made(new)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("ec2").delete_route(**picked(properties, "DestinationCidrBlock", "RouteTableId"))


def _made(properties: Properties) -> Made:
    block = properties["DestinationCidrBlock"]
    return Made(f"{properties['RouteTableId']}|{block}", {"CidrBlock": block})
