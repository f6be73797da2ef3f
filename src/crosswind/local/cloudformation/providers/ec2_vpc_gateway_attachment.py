"""AWS::EC2::VPCGatewayAttachment."""

from __future__ import annotations

from botocore.exceptions import ClientError

from crosswind.local.cloudformation.providers.calls import error_code, offering, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["Ec2VpcGatewayAttachment"]


class Ec2VpcGatewayAttachment:
    """An internet gateway in a VPC. VPN gateways are not offered."""

    type_name = "AWS::EC2::VPCGatewayAttachment"
    offers = offering("InternetGatewayId", "VpcId")
    attributes = frozenset({"AttachmentType"})
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        vpc = str(properties["VpcId"])
        context.client("ec2").attach_internet_gateway(InternetGatewayId=properties["InternetGatewayId"], VpcId=vpc)
        context.made(f"IGW|{vpc}")
        return Made(f"IGW|{vpc}", {"AttachmentType": "IGW"})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        self.delete(physical_id, old, context)
        return self.create(new, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        try:
            with unless_gone():
                context.client("ec2").detach_internet_gateway(
                    InternetGatewayId=properties["InternetGatewayId"], VpcId=properties["VpcId"]
                )
        except ClientError as error:
            if error_code(error) != "Gateway.NotAttached":
                raise
