"""The hub's VPC, with two private subnets in two Availability Zones, and the way out of them.

MWAA asks for exactly two private subnets in two zones, with a way out: by NAT gateways in two public subnets, or by
endpoints of the services that it calls (docs.aws.amazon.com/mwaa/latest/userguide/networking-about.html).
"""

from __future__ import annotations

import ipaddress
from typing import Any

from crosswind.synth.endpoints import add_endpoints
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
    """Add a network that is made; returns the logical ids of the two private subnets and of the security group."""
    name, network = layout.topology.name, layout.topology.hub.network
    vpc = template.add(
        "Vpc",
        "AWS::EC2::VPC",
        {"CidrBlock": network.cidr, "EnableDnsSupport": True, "EnableDnsHostnames": True, "Tags": _tags(name)},
    )
    if network.kind == "endpoints":
        private = _add_closed_zones(template, name, network.cidr)
        group = _add_security_group(template, name, _closed(network.cidr))
        add_endpoints(template, layout, private, group)
        return private, group
    _add_gateway(template, name, vpc)
    public_1, public_2, private_1, private_2 = subnet_cidrs(network.cidr)
    zones = (
        _add_zone(template, name, 1, public_1, private_1),
        _add_zone(template, name, 2, public_2, private_2),
    )
    return zones, _add_security_group(template, name, _OPEN)


def _add_gateway(template: Template, name: str, vpc: str) -> None:
    """The internet gateway, and the routes of the public subnets to it."""
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


def _add_closed_zones(template: Template, name: str, cidr: str) -> tuple[str, str]:
    """Two private subnets from which no route leads but to endpoints; returns their logical ids."""
    cidrs = subnet_cidrs(cidr)[2:]
    first, second = (_add_private(template, name, zone, each) for zone, each in enumerate(cidrs, start=1))
    return first, second


def _add_private(template: Template, name: str, zone: int, cidr: str) -> str:
    """A private subnet with a route table of its own; returns its logical id."""
    private = _add_subnet(template, f"PrivateSubnet{zone}", f"{name}-private-{zone}", zone, cidr)
    routes = template.add(
        f"PrivateRouteTable{zone}",
        "AWS::EC2::RouteTable",
        {"VpcId": ref("Vpc"), "Tags": _tags(f"{name}-private-{zone}")},
    )
    template.add(
        f"PrivateSubnet{zone}Routes",
        "AWS::EC2::SubnetRouteTableAssociation",
        {"SubnetId": ref(private), "RouteTableId": ref(routes)},
    )
    return private


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
    private = _add_private(template, name, zone, private_cidr)
    template.add(
        f"PrivateRoute{zone}",
        "AWS::EC2::Route",
        {
            "RouteTableId": ref(f"PrivateRouteTable{zone}"),
            "DestinationCidrBlock": "0.0.0.0/0",
            "NatGatewayId": ref(nat),
        },
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


_OPEN = [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "Description": "through NAT"}]


def _closed(cidr: str) -> list[dict[str, Any]]:
    """The way out where there are endpoints alone: to those inside, and to S3's addresses by its gateway endpoint."""
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
    return [
        {"IpProtocol": "-1", "CidrIp": cidr, "Description": "members and endpoints"},
        {**https, "Description": "S3, by its gateway endpoint: no other route leads out"},
    ]


def _add_security_group(template: Template, name: str, egress: list[dict[str, Any]]) -> str:
    """A group whose members reach each other, as MWAA asks, and what lies outside."""
    group = template.add(
        "SecurityGroup",
        "AWS::EC2::SecurityGroup",
        {
            "GroupDescription": f"Airflow of {name}",
            "VpcId": ref("Vpc"),
            "SecurityGroupEgress": egress,
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
