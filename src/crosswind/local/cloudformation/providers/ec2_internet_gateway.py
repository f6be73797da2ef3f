"""AWS::EC2::InternetGateway."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import offering, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties
from crosswind.local.cloudformation.providers.ec2_tags import at_creation, retag

__all__ = ["Ec2InternetGateway"]


class Ec2InternetGateway:
    """An internet gateway, not yet attached."""

    type_name = "AWS::EC2::InternetGateway"
    offers = offering("Tags")
    attributes = frozenset({"InternetGatewayId"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        made = context.client("ec2").create_internet_gateway(**at_creation("internet-gateway", properties))
        gateway = str(made["InternetGateway"]["InternetGatewayId"])
        context.made(gateway)
        return Made(gateway, {"InternetGatewayId": gateway})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        retag(physical_id, old, new, context)
        return Made(physical_id, {"InternetGatewayId": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("ec2").delete_internet_gateway(InternetGatewayId=physical_id)
