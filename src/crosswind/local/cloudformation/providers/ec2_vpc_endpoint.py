"""AWS::EC2::VPCEndpoint."""

from __future__ import annotations

from typing import Any

from crosswind.local.cloudformation.providers.calls import changed, document, offering, picked
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError
from crosswind.local.cloudformation.providers.ec2_tags import at_creation, retag

__all__ = ["Ec2VpcEndpoint"]

_LISTS = ("RouteTableIds", "SecurityGroupIds", "SubnetIds")


class Ec2VpcEndpoint:
    """A gateway or interface endpoint."""

    type_name = "AWS::EC2::VPCEndpoint"
    offers = offering("PolicyDocument", "PrivateDnsEnabled", "ServiceName", "Tags", "VpcEndpointType", "VpcId", *_LISTS)
    attributes = frozenset({"Id"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        wanted: dict[str, Any] = picked(
            properties, "PrivateDnsEnabled", "ServiceName", "VpcEndpointType", "VpcId", *_LISTS
        )
        if "PolicyDocument" in properties:
            wanted["PolicyDocument"] = document(properties["PolicyDocument"])
        made = context.client("ec2").create_vpc_endpoint(**wanted, **at_creation("vpc-endpoint", properties))
        endpoint = str(made["VpcEndpoint"]["VpcEndpointId"])
        context.made(endpoint)
        return Made(endpoint, {"Id": endpoint})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        wanted: dict[str, Any] = {}
        if changed(old, new, "PolicyDocument"):
            wanted |= (
                {"PolicyDocument": document(new["PolicyDocument"])}
                if "PolicyDocument" in new
                else {"ResetPolicy": True}
            )
        if changed(old, new, "PrivateDnsEnabled"):
            wanted["PrivateDnsEnabled"] = new.get("PrivateDnsEnabled", False)
        for name in _LISTS:
            before, after = set(old.get(name, ())), set(new.get(name, ()))
            if after - before:
                wanted[f"Add{name}"] = sorted(after - before)
            if before - after:
                wanted[f"Remove{name}"] = sorted(before - after)
        if wanted:
            context.client("ec2").modify_vpc_endpoint(VpcEndpointId=physical_id, **wanted)
        retag(physical_id, old, new, context)
        return Made(physical_id, {"Id": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        answer = context.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[physical_id])
        for failed in answer.get("Unsuccessful", ()):
            error = failed.get("Error", {})
            if not str(error.get("Code", "")).endswith("NotFound"):
                raise ResourceError(str(error.get("Message", "the endpoint was not deleted")))
