"""EC2: tags by resource type, and the role in an instance profile.

Source: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; for tags on creation:
docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html.
"""

from __future__ import annotations

from collections.abc import Mapping

from crosswind.local.authorization.asking import Ask, Context, request_tags, tags_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Pass, Row, Table
from crosswind.local.edge.call import ServiceError

__all__ = ["TABLE"]

_PREFIXES = ("aws", "ec2")

# What an id begins with, and the resource type that it is of.
_KINDS: Mapping[str, str] = {
    "acl": "network-acl",
    "ami": "image",
    "cgw": "customer-gateway",
    "dopt": "dhcp-options",
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "key": "key-pair",
    "lt": "launch-template",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "sir": "spot-instances-request",
    "snap": "snapshot",
    "subnet": "subnet",
    "tgw": "transit-gateway",
    "tgw-attach": "transit-gateway-attachment",
    "vgw": "vpn-gateway",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
    "vpce-svc": "vpc-endpoint-service",
    "vpn": "vpn-connection",
}


def _tags(ask: Ask) -> Context:
    """The tags of a request, which EC2 takes by resource type."""
    tags: dict[str, str] = {}
    for specification in ask.parameters.get("TagSpecifications") or ():
        for tag in specification.get("Tags") or ():
            tags[str(tag.get("Key", ""))] = str(tag.get("Value", ""))
    return request_tags(tags) if tags else tags_in(ask.parameters)


def _creation(ask: Ask) -> Context:
    return {"ec2:CreateAction": ask.call.operation}


def _region(ask: Ask) -> Context:
    return {"ec2:Region": ask.region}


def _by_id(ask: Ask, identifier: str) -> str:
    kind = _KINDS.get(identifier.rpartition("-")[0])
    if kind is None:
        raise ServiceError("InvalidID", f"The ID '{identifier}' is not valid", 400)
    return ask.arn("ec2", f"{kind}/{identifier}")


def _tagging(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        arns = [_by_id(ask, identifier) for identifier in ask.values("Resources")]
        if not arns:
            raise ServiceError("MissingParameter", "The request must contain the parameter resourceIdSet", 400)
        context = _region(ask) | tags_in(ask.parameters)
        return [Need(f"ec2:{action}", arn, ask.account, context | ask.tagged(arn, _PREFIXES)) for arn in arns]

    return row


def _profile(ask: Ask, path: str) -> list[Need]:
    """The role in an instance profile is handed to EC2."""
    needs = []
    for member in (f"{path}.Arn", f"{path}.Name"):
        for identifier in ask.values(member):
            role = ask.facts.instance_profile_role(ask.account, identifier)
            if role:
                needs.append(Need("iam:PassRole", role, ask.account, {"iam:PassedToService": "ec2.amazonaws.com"}))
    return needs


def _run_instances(ask: Ask) -> list[Need]:
    """Every thing that an instance is made of, and what is made with it."""
    tagged = _tags(ask)
    base = _region(ask)
    if kind := ask.text("InstanceType"):
        base["ec2:InstanceType"] = kind
    there = {
        "image": "ImageId",
        "key-pair": "KeyName",
        "launch-template": "LaunchTemplate.LaunchTemplateId",
        "security-group": "SecurityGroupIds|NetworkInterfaces.Groups",
        "subnet": "SubnetId|NetworkInterfaces.SubnetId",
    }
    needs = []
    for noun, path in there.items():
        for name in dict.fromkeys(ask.values(path)):
            arn = ask.arn("ec2", f"{noun}/{name}")
            if noun == "image":  # an image may be anybody's, and its ARN names nobody
                arn = f"arn:{ask.partition}:ec2:{ask.region}::image/{name}"
            needs.append(Need("ec2:RunInstances", arn, ask.account, base | ask.tagged(arn, _PREFIXES)))
    for noun in ("instance", "network-interface", "volume"):
        arn, own = ask.arn("ec2", f"{noun}/*"), base | _tags_of(ask, noun)
        needs.append(Need("ec2:RunInstances", arn, ask.account, own))
        if tagged and len(own) > len(base):
            needs.append(Need("ec2:CreateTags", arn, ask.account, own | _creation(ask)))
    return [*needs, *_profile(ask, "IamInstanceProfile")]


def _tags_of(ask: Ask, noun: str) -> Context:
    tags: dict[str, str] = {}
    for specification in ask.parameters.get("TagSpecifications") or ():
        if specification.get("ResourceType") == noun:
            tags |= {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in specification.get("Tags") or ()}
    return request_tags(tags) if tags else {}


def _associate_profile(ask: Ask) -> list[Need]:
    arn = ask.arn("ec2", f"instance/{ask.text('InstanceId') or '*'}")
    context = _region(ask) | ask.tagged(arn, _PREFIXES)
    need = Need("ec2:AssociateIamInstanceProfile", arn, ask.account, context)
    return [need, *_profile(ask, "IamInstanceProfile")]


def _dissolving(action: str, noun: str) -> Row:
    """The end of an association, which is named by an id of its own."""

    def row(ask: Ask) -> list[Need]:
        found = ask.facts.association(ask.account, ask.region, ask.text("AssociationId"))
        arns = found or (ask.arn("ec2", f"{noun}/*"),)
        return [Need(f"ec2:{action}", arn, ask.account, _region(ask) | ask.tagged(arn, _PREFIXES)) for arn in arns]

    return row


_GROUP = "security-group/{GroupId}"
_RULES = "security-group/{GroupId} security-group-rule/*+"

TABLE = Table(
    prefix="ec2",
    names={
        "AllocationId": "AllocationId",
        "DhcpOptionsId": "DhcpOptionsId",
        "KeyPairName": "KeyName",
        "NaclId": "NetworkAclId",
        "NetworkAclId": "NetworkAclId",
        "PlacementGroupName": "GroupName",
        "SecurityGroupId": "GroupId|SecurityGroupIds|SecurityGroupId|GroupIds|Groups",
        "VpcEndpointId": "VpcEndpointId|VpcEndpointIds",
        "VpcPeeringConnectionId": "VpcPeeringConnectionId",
    },
    resources={
        "AllocateAddress": "elastic-ip/*+",
        "AssociateAddress": "elastic-ip/{AllocationId}? instance/{InstanceId}? network-interface/{NetworkInterfaceId}?",
        "AssociateRouteTable": "route-table/{RouteTableId} subnet/{SubnetId}? internet-gateway/{GatewayId}?",
        "AttachInternetGateway": "internet-gateway/{InternetGatewayId} vpc/{VpcId}",
        "AuthorizeSecurityGroupEgress": _RULES,
        "AuthorizeSecurityGroupIngress": _RULES,
        "CreateNatGateway": "natgateway/*+ subnet/{SubnetId} elastic-ip/{AllocationId}?",
        "CreateNetworkInterface": "network-interface/*+ subnet/{SubnetId} security-group/{Groups}?",
        "CreateRoute": "route-table/{RouteTableId}",
        "CreateRouteTable": "route-table/*+ vpc/{VpcId}",
        "CreateSecurityGroup": "security-group/*+ vpc/{VpcId}?",
        "CreateSubnet": "subnet/*+ vpc/{VpcId}",
        "CreateVpc": "vpc/*+",
        "CreateVpcEndpoint": (
            "vpc/{VpcId} vpc-endpoint/*+ route-table/{RouteTableIds}? subnet/{SubnetIds}?"
            " security-group/{SecurityGroupIds}?"
        ),
        "DeleteRoute": "route-table/{RouteTableId}",
        "DeleteSecurityGroup": _GROUP,
        "DetachInternetGateway": "internet-gateway/{InternetGatewayId} vpc/{VpcId}",
        "ReleaseAddress": "elastic-ip/{AllocationId}",
        "ReplaceRoute": "route-table/{RouteTableId}",
        "ReplaceRouteTableAssociation": "route-table/{RouteTableId}",
        "RevokeSecurityGroupEgress": _GROUP,
        "RevokeSecurityGroupIngress": _GROUP,
    },
    tagging="CreateTags",
    tagged={"StartDeclarativePoliciesReport": "declarative-policies-report/*+"},
    tagging_keys=_creation,
    tags=_tags,
    tag_keys=_PREFIXES,
    keys={"*": _region},
    # A right to service-linked and delivery roles is passed by these.
    passes={
        "CreateFlowLogs": (Pass("DeliverLogsPermissionArn", "vpc-flow-logs.amazonaws.com"),),
    },
    rows={
        "AssociateIamInstanceProfile": _associate_profile,
        "CreateTags": _tagging("CreateTags"),
        "DeleteTags": _tagging("DeleteTags"),
        "DisassociateAddress": _dissolving("DisassociateAddress", "elastic-ip"),
        "DisassociateRouteTable": _dissolving("DisassociateRouteTable", "route-table"),
        "RunInstances": _run_instances,
    },
)
"""Rights of EC2."""
