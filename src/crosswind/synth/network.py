"""The hub's VPC: two public and two private subnets in two Availability Zones, with a NAT gateway in each.

MWAA asks for exactly two private subnets in two zones, with a way out
(docs.aws.amazon.com/mwaa/latest/userguide/networking-about.html).
"""

from __future__ import annotations

import ipaddress
from typing import Any

from crosswind.synth.layout import Layout
from crosswind.synth.template import Template, get_att, ref

__all__ = ["add_network", "subnet_cidrs"]


def subnet_cidrs(cidr: str) -> tuple[str, str, str, str]:
    """Four subnets of a VPC's range (two public, two private), with 256 addresses each where they fit.

    Args:
        cidr: the VPC's range, /16 to /26 (S.: docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html: a
            subnet is /28 or larger).
    """
    network = ipaddress.IPv4Network(cidr)
    subnets = network.subnets(new_prefix=min(28, max(24, network.prefixlen + 2)))
    first, second, third, fourth = (str(next(subnets)) for _ in range(4))
    return first, second, third, fourth


def add_network(template: Template, layout: Layout) -> tuple[tuple[str, str], str]:
    """Add the network; returns the logical ids of the two private subnets and of the security group."""
    name = layout.topology.name
    cidr = layout.topology.hub.network.cidr
    public_1, public_2, private_1, private_2 = subnet_cidrs(cidr)
    vpc = template.add(
        "Vpc",
        "AWS::EC2::VPC",
        {"CidrBlock": cidr, "EnableDnsSupport": True, "EnableDnsHostnames": True, "Tags": _tags(name)},
    )
    gateway = template.add("InternetGateway", "AWS::EC2::InternetGateway", {"Tags": _tags(name)})
    attachment = template.add(
        "InternetGatewayAttachment",
        "AWS::EC2::VPCGatewayAttachment",
        {"VpcId": ref(vpc), "InternetGatewayId": ref(gateway)},
    )
    public_routes = template.add(
        "PublicRouteTable", "AWS::EC2::RouteTable", {"VpcId": ref(vpc), "Tags": _tags(f"{name}-public")}
    )
    template.add(
        "PublicRoute",
        "AWS::EC2::Route",
        {
            "RouteTableId": ref(public_routes),
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": ref(gateway),
        },
        depends_on=[attachment],
    )
    private = (
        _add_zone(template, name, 1, public_1, private_1),
        _add_zone(template, name, 2, public_2, private_2),
    )
    return private, _add_security_group(template, name)


def _add_zone(template: Template, name: str, zone: int, public_cidr: str, private_cidr: str) -> str:
    """One Availability Zone; returns the logical id of its private subnet."""
    public = _add_subnet(template, f"PublicSubnet{zone}", f"{name}-public-{zone}", zone, public_cidr)
    template.add(
        f"PublicSubnet{zone}Routes",
        "AWS::EC2::SubnetRouteTableAssociation",
        {"SubnetId": ref(public), "RouteTableId": ref("PublicRouteTable")},
    )
    address = template.add(
        f"NatAddress{zone}",
        "AWS::EC2::EIP",
        {"Domain": "vpc", "Tags": _tags(f"{name}-nat-{zone}")},
        depends_on=["InternetGatewayAttachment"],
    )
    nat = template.add(
        f"NatGateway{zone}",
        "AWS::EC2::NatGateway",
        {
            "AllocationId": get_att(address, "AllocationId"),
            "SubnetId": ref(public),
            "Tags": _tags(f"{name}-{zone}"),
        },
    )
    private = _add_subnet(template, f"PrivateSubnet{zone}", f"{name}-private-{zone}", zone, private_cidr)
    routes = template.add(
        f"PrivateRouteTable{zone}",
        "AWS::EC2::RouteTable",
        {"VpcId": ref("Vpc"), "Tags": _tags(f"{name}-private-{zone}")},
    )
    template.add(
        f"PrivateRoute{zone}",
        "AWS::EC2::Route",
        {"RouteTableId": ref(routes), "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": ref(nat)},
    )
    template.add(
        f"PrivateSubnet{zone}Routes",
        "AWS::EC2::SubnetRouteTableAssociation",
        {"SubnetId": ref(private), "RouteTableId": ref(routes)},
    )
    return private


def _add_subnet(template: Template, logical_id: str, name: str, zone: int, cidr: str) -> str:
    return template.add(
        logical_id,
        "AWS::EC2::Subnet",
        {
            "VpcId": ref("Vpc"),
            "CidrBlock": cidr,
            "AvailabilityZone": {"Fn::Select": [zone - 1, {"Fn::GetAZs": ""}]},
            # NAT gateways have addresses of their own; nothing else here may be reached from outside.
            "MapPublicIpOnLaunch": False,
            "Tags": _tags(name),
        },
    )


def _add_security_group(template: Template, name: str) -> str:
    """A group whose members reach each other, as MWAA asks, and through NAT all else."""
    group = template.add(
        "SecurityGroup",
        "AWS::EC2::SecurityGroup",
        {
            "GroupDescription": f"Airflow of {name}",
            "VpcId": ref("Vpc"),
            "SecurityGroupEgress": [
                {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "Description": "through NAT"},
            ],
            "Tags": _tags(name),
        },
    )
    template.add(
        "SecurityGroupIngress",
        "AWS::EC2::SecurityGroupIngress",
        {
            "GroupId": get_att(group, "GroupId"),
            "IpProtocol": "-1",
            "SourceSecurityGroupId": get_att(group, "GroupId"),
            "Description": "members among themselves",
        },
    )
    return group


def _tags(name: str) -> list[dict[str, Any]]:
    return [{"Key": "Name", "Value": name}]
