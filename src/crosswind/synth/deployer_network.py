"""The deployer's IAM statements for the hub's network. Each statement stands once, here.

EC2 gives its resources ids that nobody knows before. So what is made bears the stack's tag `crosswind:topology` from
its first moment (the types' schemas say `tagOnCreate`), and whatever is done later is bound to that tag.
Resource types of each action: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; tags on
creation: docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crosswind.synth.arns import arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow

__all__ = ["LOOKS", "looks", "network", "our_tag"]


@dataclass(frozen=True)
class _Rights:
    """What CloudFormation does with one resource type.

    Attributes:
        makes: the action that makes it, and the kind in its ARN; none for what has no id of its own.
        inside: the kinds of what it is made inside of, or from; none for what stands alone.
        changes: other actions on it, and on what it joins.
        looks: what it describes, which takes no resource.
    """

    makes: tuple[str, str] = ("", "")
    inside: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    looks: tuple[str, ...] = ()


_TAGS = ("CreateTags", "DeleteTags")
_VPC = ("vpc",)
_OF_BOTH = {
    "VPC": _Rights(
        ("CreateVpc", "vpc"),
        (),
        ("DeleteVpc", "DescribeVpcAttribute", "ModifyVpcAttribute", *_TAGS),
        ("NetworkAcls", "SecurityGroups", "VpcEncryptionControls", "Vpcs"),
    ),
    "RouteTable": _Rights(("CreateRouteTable", "route-table"), _VPC, ("DeleteRouteTable", *_TAGS), ("RouteTables",)),
    "Subnet": _Rights(
        ("CreateSubnet", "subnet"),
        _VPC,
        ("DeleteSubnet", "ModifySubnetAttribute", *_TAGS),
        ("AvailabilityZones", "NetworkAcls", "Subnets"),
    ),
    "SubnetRouteTableAssociation": _Rights(
        changes=("AssociateRouteTable", "DisassociateRouteTable"), looks=("RouteTables", "Subnets")
    ),
    "SecurityGroup": _Rights(
        ("CreateSecurityGroup", "security-group"),
        _VPC,
        (
            "AuthorizeSecurityGroupEgress",
            "DeleteSecurityGroup",
            "RevokeSecurityGroupEgress",
            "UpdateSecurityGroupRuleDescriptionsEgress",
            *_TAGS,
        ),
        ("Instances", "SecurityGroups"),
    ),
    "SecurityGroupIngress": _Rights(
        changes=(
            "AuthorizeSecurityGroupIngress",
            "RevokeSecurityGroupIngress",
            "UpdateSecurityGroupRuleDescriptionsIngress",
        ),
        looks=("SecurityGroupRules", "SecurityGroups"),
    ),
}
_OF_NAT = {
    "InternetGateway": _Rights(
        ("CreateInternetGateway", "internet-gateway"), (), ("DeleteInternetGateway", *_TAGS), ("InternetGateways",)
    ),
    "VPCGatewayAttachment": _Rights(
        changes=("AttachInternetGateway", "DetachInternetGateway"), looks=("InternetGateways", "VpnGateways")
    ),
    "Route": _Rights(
        changes=("CreateRoute", "DeleteRoute", "ReplaceRoute"), looks=("NetworkInterfaces", "RouteTables")
    ),
    "EIP": _Rights(
        ("AllocateAddress", "elastic-ip"), (), ("DisassociateAddress", "ReleaseAddress", *_TAGS), ("Addresses",)
    ),
    "NatGateway": _Rights(
        ("CreateNatGateway", "natgateway"), ("elastic-ip", "subnet"), ("DeleteNatGateway", *_TAGS), ("NatGateways",)
    ),
}
# Making one is a right of `deployer_airflow`: MWAA makes some too.
_OF_ENDPOINTS = {
    "VPCEndpoint": _Rights(
        changes=("DeleteVpcEndpoints", "ModifyVpcEndpoint", *_TAGS),
        looks=("VpcEndpoints",),
    )
}
# What MWAA looks at in a network, whoever made it: the handlers in the schema of AWS::MWAA::Environment.
_OF_MWAA = _Rights(looks=("RouteTables", "SecurityGroups", "Subnets", "Vpcs"))
LOOKS = tuple(
    sorted(
        {
            f"ec2:Describe{what}"
            for rights in (*_OF_BOTH.values(), *_OF_NAT.values(), *_OF_ENDPOINTS.values(), _OF_MWAA)
            for what in rights.looks
        }
    )
)
"""EC2's reads, none of which takes a resource; of all kinds of network."""

_KINDS = {
    "nat": (*_OF_BOTH.values(), *_OF_NAT.values(), _OF_MWAA),
    "endpoints": (*_OF_BOTH.values(), *_OF_ENDPOINTS.values(), _OF_MWAA),
    "existing": (_OF_MWAA,),
}


def looks(layout: Layout) -> list[str]:
    """Those of the topology's kind; sorted."""
    found = {f"ec2:Describe{what}" for rights in _rights(layout) for what in rights.looks}
    return sorted(found)


def our_tag(layout: Layout) -> dict[str, dict[str, str]]:
    """The condition that a resource bears the tag that every stack of ours puts on what it holds."""
    return {"StringEquals": {"aws:ResourceTag/crosswind:topology": layout.topology.name}}


def network(layout: Layout) -> list[Statement]:
    """The hub's VPC with all that is in it; nothing of one that is there already."""
    if not layout.topology.hub.network.is_made:
        return []
    rights = _rights(layout)
    region, account = layout.topology.hub.region, layout.topology.hub_account
    made = dict(each.makes for each in rights if each.makes[0])
    roots = sorted(each.makes for each in rights if each.makes[0] and not each.inside)
    inside = sorted(each.makes for each in rights if each.inside)
    into = sorted({kind for each in rights for kind in each.inside})
    closed = layout.topology.hub.network.kind == "endpoints"
    kinds = sorted({*made.values(), *(["vpc-endpoint"] if closed else [])})
    creations = sorted({*made, *(["CreateVpcEndpoint"] if closed else [])})

    def named(kinds: Iterable[str]) -> list[dict[str, str]]:
        return [arn("ec2", region, account, f"{kind}/*") for kind in kinds]

    asked = {"StringEquals": {"aws:RequestTag/crosswind:topology": layout.topology.name}}
    changes = sorted({action for each in rights for action in each.changes})
    return [
        allow("MakeRoots", [f"ec2:{action}" for action, _ in roots], named(kind for _, kind in roots), asked),
        *(
            allow(f"Make{action.removeprefix('Create')}s", [f"ec2:{action}"], named([kind]), asked)
            for action, kind in inside
        ),
        # What a thing is made inside of, or from, is ours.
        allow("MakeInside", [f"ec2:{action}" for action, _ in inside], named(into), our_tag(layout)),
        allow("TagWhatIsMade", ["ec2:CreateTags"], named(kinds), {"StringEquals": {"ec2:CreateAction": creations}}),
        allow("ChangeNetwork", [f"ec2:{action}" for action in changes], named(kinds), our_tag(layout)),
        # A rule has an ARN of its own beside its group's, and bears no tag.
        allow(
            "MakeRules",
            ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"],
            named(["security-group-rule"]),
        ),
    ]


def _rights(layout: Layout) -> Sequence[_Rights]:
    return _KINDS[layout.topology.hub.network.kind]
