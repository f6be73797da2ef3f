"""What CloudFormation does with EC2's resource types; as `handlers`.

EC2 chooses ids, so what is made bears the stack's tag from its first moment, and all that follows is bound to it.
Which resources an action asks about: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosswind.prove.estate import Actor, Estate
from crosswind.prove.flow import OBSERVED, Flow
from crosswind.prove.flows.handlers import schema

__all__ = ["NETWORK_TYPES", "environment_handlers", "network_handlers"]


@dataclass(frozen=True)
class _Network:
    """One type.

    Attributes:
        makes: the action that makes it, and the kind in its ARN; empty for what has no id of its own.
        inside: the kinds of what it is made inside of, or from.
        seen: other actions that the local world shows, each with the kinds that it asks about.
        said: other actions that only the schema says.
        looks: reads, which take no resource.
        shown: those of them that the local world shows.
        observed: whether a run of the example shows it at all.
    """

    makes: tuple[str, str] = ("", "")
    inside: tuple[str, ...] = ()
    seen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    said: tuple[tuple[str, tuple[str, ...]], ...] = ()
    looks: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    observed: bool = True


_VPC, _GATEWAY, _TABLE, _SUBNET = ("vpc",), ("internet-gateway",), ("route-table",), ("subnet",)
_GROUP, _ADDRESS, _NAT, _RULE = ("security-group",), ("elastic-ip",), ("natgateway",), "security-group-rule"

NETWORK_TYPES = {
    "AWS::EC2::VPC": _Network(
        ("CreateVpc", "vpc"),
        (),
        (("ModifyVpcAttribute", _VPC), ("DeleteVpc", _VPC)),
        (("DescribeVpcAttribute", _VPC), ("DeleteTags", _VPC), ("CreateTags", _VPC)),
        ("DescribeVpcEncryptionControls", "DescribeVpcs"),
        ("DescribeNetworkAcls", "DescribeSecurityGroups"),
    ),
    "AWS::EC2::InternetGateway": _Network(
        ("CreateInternetGateway", "internet-gateway"),
        (),
        (("DeleteInternetGateway", _GATEWAY),),
        (("CreateTags", _GATEWAY), ("DeleteTags", _GATEWAY)),
        ("DescribeInternetGateways",),
    ),
    "AWS::EC2::VPCGatewayAttachment": _Network(
        seen=(("AttachInternetGateway", (*_GATEWAY, *_VPC)), ("DetachInternetGateway", (*_GATEWAY, *_VPC))),
        looks=("DescribeInternetGateways", "DescribeVpnGateways"),
    ),
    "AWS::EC2::RouteTable": _Network(
        ("CreateRouteTable", "route-table"),
        _VPC,
        (("DeleteRouteTable", _TABLE),),
        (("CreateTags", _TABLE), ("DeleteTags", _TABLE)),
        ("DescribeRouteTables",),
    ),
    "AWS::EC2::Route": _Network(
        seen=(("CreateRoute", _TABLE), ("DeleteRoute", _TABLE)),
        said=(("ReplaceRoute", _TABLE),),
        looks=("DescribeNetworkInterfaces", "DescribeRouteTables"),
    ),
    "AWS::EC2::Subnet": _Network(
        ("CreateSubnet", "subnet"),
        _VPC,
        (("DeleteSubnet", _SUBNET),),
        (("ModifySubnetAttribute", _SUBNET), ("CreateTags", _SUBNET), ("DeleteTags", _SUBNET)),
        ("DescribeNetworkAcls", "DescribeSubnets"),
        ("DescribeAvailabilityZones",),  # for Fn::GetAZs
    ),
    "AWS::EC2::SubnetRouteTableAssociation": _Network(
        seen=(("AssociateRouteTable", (*_TABLE, *_SUBNET)), ("DisassociateRouteTable", (*_TABLE, *_SUBNET))),
        looks=("DescribeRouteTables", "DescribeSubnets"),
    ),
    "AWS::EC2::EIP": _Network(
        ("AllocateAddress", "elastic-ip"),
        (),
        (("ReleaseAddress", _ADDRESS),),
        (("DisassociateAddress", _ADDRESS), ("CreateTags", _ADDRESS), ("DeleteTags", _ADDRESS)),
        (),
        ("DescribeAddresses",),
    ),
    "AWS::EC2::NatGateway": _Network(
        ("CreateNatGateway", "natgateway"),
        (*_ADDRESS, *_SUBNET),
        (("DeleteNatGateway", _NAT),),
        (("CreateTags", _NAT), ("DeleteTags", _NAT)),
        (),
        ("DescribeNatGateways",),
    ),
    "AWS::EC2::SecurityGroup": _Network(
        ("CreateSecurityGroup", "security-group"),
        _VPC,
        (
            ("AuthorizeSecurityGroupEgress", (*_GROUP, _RULE)),
            ("RevokeSecurityGroupEgress", _GROUP),
            ("DeleteSecurityGroup", _GROUP),
        ),
        (
            ("UpdateSecurityGroupRuleDescriptionsEgress", _GROUP),
            ("CreateTags", _GROUP),
            ("DeleteTags", _GROUP),
        ),
        ("DescribeInstances", "DescribeSecurityGroups"),
    ),
    "AWS::EC2::SecurityGroupIngress": _Network(
        seen=(("AuthorizeSecurityGroupIngress", (*_GROUP, _RULE)), ("RevokeSecurityGroupIngress", _GROUP)),
        said=(("UpdateSecurityGroupRuleDescriptionsIngress", _GROUP),),
        looks=("DescribeSecurityGroupRules", "DescribeSecurityGroups"),
    ),
    # An interface in subnets, with security groups; S3's gateway in route tables.
    "AWS::EC2::VPCEndpoint": _Network(
        ("CreateVpcEndpoint", "vpc-endpoint"),
        (*_VPC, *_TABLE, *_SUBNET, *_GROUP),
        (),
        (
            ("DeleteVpcEndpoints", ("vpc-endpoint",)),
            ("ModifyVpcEndpoint", ("vpc-endpoint", *_TABLE, *_SUBNET, *_GROUP)),
            ("CreateTags", ("vpc-endpoint",)),
            ("DeleteTags", ("vpc-endpoint",)),
        ),
        ("DescribeVpcEndpoints",),
        observed=False,
    ),
}


def network_handlers(estate: Estate, at: Actor, kind: str, logical_id: str) -> Iterator[Flow]:
    """What CloudFormation does with one resource of EC2's."""
    network, page = NETWORK_TYPES[kind], schema(kind)
    name = estate.topology.name
    asked, tagged = {"aws:RequestTag/crosswind:topology": name}, {"aws:ResourceTag/crosswind:topology": name}
    words = f"makes, changes and removes {logical_id}"

    def arn(each: str) -> str:
        return estate.arn("ec2", at.region, at.owner, f"{each}/<id>")

    action, made = network.makes
    seen = OBSERVED if network.observed else page
    if action:
        yield at.flow(words, f"ec2:{action}", arn(made), seen, asked)
        yield at.flow(words, "ec2:CreateTags", arn(made), seen, {**asked, "ec2:CreateAction": action})
        for each in network.inside:
            yield at.flow(words, f"ec2:{action}", arn(each), seen, tagged)
    for actions, evidence in ((network.seen, OBSERVED), (network.said, page)):
        for action, kinds in actions:
            for each in kinds:
                # A rule bears no tag.
                yield at.flow(words, f"ec2:{action}", arn(each), evidence, {} if each == _RULE else tagged)
    for action in network.looks:
        yield at.flow(words, f"ec2:{action}", "*", page)
    for action in network.shown:
        yield at.flow(words, f"ec2:{action}", "*", OBSERVED)


def environment_handlers(estate: Estate, at: Actor) -> Iterator[Flow]:
    """What MWAA does with the rights of who creates an environment: endpoints, interfaces, its service-linked role.

    Source: the handlers, and docs.aws.amazon.com/mwaa/latest/userguide/mwaa-slr.html.
    """
    page, words = schema("AWS::MWAA::Environment"), "makes the environment"
    network, service = estate.topology.hub.network, "airflow.amazonaws.com"
    tagged = {"aws:ResourceTag/crosswind:topology": estate.topology.name} if network.is_made else {}
    inside = ["security-group/<id>", "subnet/<id>"]
    if not network.is_made:
        inside = [f"security-group/{each}" for each in network.security_groups]
        inside += [f"subnet/{each}" for each in network.subnets]

    def arn(rest: str) -> str:
        return estate.arn("ec2", at.region, at.owner, rest)

    for action, made in (("CreateNetworkInterface", "network-interface"), ("CreateVpcEndpoint", "vpc-endpoint")):
        yield at.flow(words, f"ec2:{action}", arn(f"{made}/<id>"))
        for each in inside:
            yield at.flow(words, f"ec2:{action}", arn(each), OBSERVED, tagged)
    vpc = f"vpc/{network.vpc}" if not network.is_made else "vpc/<id>"
    yield at.flow(words, "ec2:CreateVpcEndpoint", arn(vpc), page, tagged)
    for action in ("DescribeRouteTables", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"):
        yield at.flow(words, f"ec2:{action}", "*", page)
    role = estate.role(f"aws-service-role/{service}/AWSServiceRoleForAmazonMWAA", at.owner)
    yield at.flow(words, "iam:CreateServiceLinkedRole", role, OBSERVED, {"iam:AWSServiceName": service})
    yield at.flow(words, "s3:GetEncryptionConfiguration", estate.airflow_bucket)
    for action in ("GetBucketLocation", "ListBucket", "ListBucketVersions"):
        yield at.flow(words, f"s3:{action}", estate.airflow_bucket, page)
