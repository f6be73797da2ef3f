"""The deployer's IAM statements for the hub's network. Each statement stands once, here.

EC2 gives its resources ids that nobody knows before. So what is made bears the stack's tag `crosswind:topology` from
its first moment (the types' schemas say `tagOnCreate`), and whatever is done later is bound to that tag.
Resource types of each action: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; tags on
creation: docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html.
"""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.synth.arns import arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow

__all__ = ["LOOKS", "network", "our_tag"]

LOOKS = tuple(
    f"ec2:Describe{what}"
    for what in (
        "Addresses",
        "AvailabilityZones",
        "Instances",
        "InternetGateways",
        "NatGateways",
        "NetworkAcls",
        "NetworkInterfaces",
        "RouteTables",
        "SecurityGroupRules",
        "SecurityGroups",
        "Subnets",
        "VpcEncryptionControls",
        "Vpcs",
        "VpnGateways",
    )
)
"""EC2's reads, none of which takes a resource."""

# What stands alone when it is made, and what is made inside something of ours.
_ROOTS = {"AllocateAddress": "elastic-ip", "CreateInternetGateway": "internet-gateway", "CreateVpc": "vpc"}
_INSIDE = {
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
}
_CHANGES = (
    "AssociateRouteTable",
    "AttachInternetGateway",
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateRoute",
    "CreateTags",
    "DeleteInternetGateway",
    "DeleteNatGateway",
    "DeleteRoute",
    "DeleteRouteTable",
    "DeleteSecurityGroup",
    "DeleteSubnet",
    "DeleteTags",
    "DeleteVpc",
    "DescribeVpcAttribute",
    "DetachInternetGateway",
    "DisassociateAddress",
    "DisassociateRouteTable",
    "ModifySubnetAttribute",
    "ModifyVpcAttribute",
    "ReleaseAddress",
    "ReplaceRoute",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "UpdateSecurityGroupRuleDescriptionsEgress",
    "UpdateSecurityGroupRuleDescriptionsIngress",
)


def our_tag(layout: Layout) -> dict[str, dict[str, str]]:
    """The condition that a resource bears the tag that every stack of ours puts on what it holds."""
    return {"StringEquals": {"aws:ResourceTag/crosswind:topology": layout.topology.name}}


def network(layout: Layout) -> list[Statement]:
    """The hub's VPC with all that is in it."""
    region, account = layout.topology.hub.region, layout.topology.hub_account
    kinds = sorted({*_ROOTS.values(), *_INSIDE.values()})

    def named(kinds: Sequence[str]) -> list[dict[str, str]]:
        return [arn("ec2", region, account, f"{kind}/*") for kind in kinds]

    asked = {"StringEquals": {"aws:RequestTag/crosswind:topology": layout.topology.name}}
    return [
        allow("MakeRoots", [f"ec2:{action}" for action in _ROOTS], named(list(_ROOTS.values())), asked),
        *(
            allow(f"Make{action.removeprefix('Create')}s", [f"ec2:{action}"], named([kind]), asked)
            for action, kind in sorted(_INSIDE.items())
        ),
        # What a thing is made inside of, or from, is ours.
        allow(
            "MakeInside",
            [f"ec2:{action}" for action in _INSIDE],
            named(["elastic-ip", "subnet", "vpc"]),
            our_tag(layout),
        ),
        allow(
            "TagWhatIsMade",
            ["ec2:CreateTags"],
            named(kinds),
            {"StringEquals": {"ec2:CreateAction": sorted({*_ROOTS, *_INSIDE})}},
        ),
        allow("ChangeNetwork", [f"ec2:{action}" for action in _CHANGES], named(kinds), our_tag(layout)),
        # A rule has an ARN of its own beside its group's, and bears no tag.
        allow(
            "MakeRules",
            ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"],
            named(["security-group-rule"]),
        ),
    ]
