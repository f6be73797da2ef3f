"""AWS::EC2::EIP."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import offering, picked, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties
from crosswind.local.cloudformation.providers.ec2_tags import at_creation, retag

__all__ = ["Ec2Eip"]


class Ec2Eip:
    """An Elastic IP address; `Ref` gives the address, as on AWS."""

    type_name = "AWS::EC2::EIP"
    offers = offering("Domain", "Tags")
    attributes = frozenset({"AllocationId", "PublicIp"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        address = context.client("ec2").allocate_address(
            Domain=properties.get("Domain", "vpc"), **at_creation("elastic-ip", properties)
        )
        context.made(address["PublicIp"])
        return Made(address["PublicIp"], picked(address, "AllocationId", "PublicIp"))

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        address = context.client("ec2").describe_addresses(PublicIps=[physical_id])["Addresses"][0]
        retag(address["AllocationId"], old, new, context)
        return Made(physical_id, picked(address, "AllocationId", "PublicIp"))

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        ec2 = context.client("ec2")
        with unless_gone():
            found = ec2.describe_addresses(PublicIps=[physical_id])["Addresses"]
            for address in found:
                ec2.release_address(AllocationId=address["AllocationId"])
