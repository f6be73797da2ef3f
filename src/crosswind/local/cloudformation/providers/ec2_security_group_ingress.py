"""AWS::EC2::SecurityGroupIngress."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import changed, offering, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties
from crosswind.local.cloudformation.providers.ec2_permissions import INGRESS_RULE, permission

__all__ = ["Ec2SecurityGroupIngress"]


class Ec2SecurityGroupIngress:
    """One ingress rule of a group that is made elsewhere, such as one that names the group itself."""

    type_name = "AWS::EC2::SecurityGroupIngress"
    offers = offering("GroupId", **dict(INGRESS_RULE))
    attributes = frozenset({"Id"})
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        answer = context.client("ec2").authorize_security_group_ingress(
            GroupId=properties["GroupId"], IpPermissions=[permission(properties)]
        )
        rule = str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])
        context.made(rule)
        return Made(rule, {"Id": rule})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        if changed(old, new, "Description"):
            context.client("ec2").update_security_group_rule_descriptions_ingress(
                GroupId=new["GroupId"], IpPermissions=[permission(new)]
            )
        return Made(physical_id, {"Id": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("ec2").revoke_security_group_ingress(
                GroupId=properties["GroupId"], IpPermissions=[permission(properties)]
            )
