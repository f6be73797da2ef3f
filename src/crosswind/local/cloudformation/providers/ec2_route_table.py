"""AWS::EC2::RouteTable."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import offering, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties
from crosswind.local.cloudformation.providers.ec2_tags import at_creation, retag

__all__ = ["Ec2RouteTable"]


class Ec2RouteTable:
    """A route table."""

    type_name = "AWS::EC2::RouteTable"
    offers = offering("Tags", "VpcId")
    attributes = frozenset({"RouteTableId"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        made = context.client("ec2").create_route_table(
            VpcId=properties["VpcId"], **at_creation("route-table", properties)
        )
        table = str(made["RouteTable"]["RouteTableId"])
        context.made(table)
        return Made(table, {"RouteTableId": table})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        retag(physical_id, old, new, context)
        return Made(physical_id, {"RouteTableId": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("ec2").delete_route_table(RouteTableId=physical_id)
