"""AWS::EC2::NatGateway."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crosswind.local.cloudformation.providers.calls import error_code, offering, picked, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError
from crosswind.local.cloudformation.providers.ec2_tags import at_creation, retag

__all__ = ["Ec2NatGateway"]

_SECONDS = 600.0


class Ec2NatGateway:
    """A NAT gateway, waited for until it is available, and until it is gone."""

    type_name = "AWS::EC2::NatGateway"
    offers = offering("AllocationId", "ConnectivityType", "PrivateIpAddress", "SubnetId", "Tags")
    attributes = frozenset({"NatGatewayId"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        ec2 = context.client("ec2")
        wanted = picked(properties, "AllocationId", "ConnectivityType", "PrivateIpAddress", "SubnetId")
        gateway = str(
            ec2.create_nat_gateway(**wanted, **at_creation("natgateway", properties))["NatGateway"]["NatGatewayId"]
        )
        context.made(gateway)

        def available() -> bool:
            state = _state(ec2, gateway)
            if state == "failed":
                raise ResourceError(f"NAT gateway {gateway} failed", "NotStabilized")
            return state == "available"

        context.wait(available, seconds=_SECONDS, what=f"NAT gateway {gateway}")
        return Made(gateway, {"NatGatewayId": gateway})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        retag(physical_id, old, new, context)
        return Made(physical_id, {"NatGatewayId": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        ec2 = context.client("ec2")
        with unless_gone():
            ec2.delete_nat_gateway(NatGatewayId=physical_id)
        context.wait(
            lambda: _state(ec2, physical_id) in {"", "deleted"}, seconds=_SECONDS, what=f"NAT gateway {physical_id}"
        )


def _state(ec2: Any, gateway: str) -> str:
    try:
        found = ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]
    except ClientError as error:
        if error_code(error) == "NatGatewayNotFound":
            return ""
        raise
    return str(found[0]["State"]) if found else ""
