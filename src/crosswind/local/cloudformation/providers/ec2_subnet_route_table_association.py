"""AWS::EC2::SubnetRouteTableAssociation."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import offering, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError

__all__ = ["Ec2SubnetRouteTableAssociation"]


class Ec2SubnetRouteTableAssociation:
    """A subnet's route table. Both properties are create-only."""

    type_name = "AWS::EC2::SubnetRouteTableAssociation"
    offers = offering("RouteTableId", "SubnetId")
    attributes = frozenset({"Id"})
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        made = context.client("ec2").associate_route_table(
            RouteTableId=properties["RouteTableId"], SubnetId=properties["SubnetId"]
        )
        association = str(made["AssociationId"])
        context.made(association)
        return Made(association, {"Id": association})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        raise ResourceError("An association cannot be changed, only replaced", "NotUpdatable")

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("ec2").disassociate_route_table(AssociationId=physical_id)
