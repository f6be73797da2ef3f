"""Security group rules: CloudFormation's flat rules into the API's `IpPermissions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.local.cloudformation.providers.calls import offering, picked

__all__ = ["EGRESS_RULE", "INGRESS_RULE", "permission"]

_BOTH = ("CidrIp", "CidrIpv6", "Description", "FromPort", "IpProtocol", "ToPort")
INGRESS_RULE = offering(*_BOTH, "SourcePrefixListId", "SourceSecurityGroupId", "SourceSecurityGroupOwnerId")
EGRESS_RULE = offering(*_BOTH, "DestinationPrefixListId", "DestinationSecurityGroupId")


def permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """One rule as one member of `IpPermissions`."""
    found: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"]), **picked(rule, "FromPort", "ToPort")}
    note = picked(rule, "Description")
    if "CidrIp" in rule:
        found["IpRanges"] = [{"CidrIp": rule["CidrIp"], **note}]
    if "CidrIpv6" in rule:
        found["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **note}]
    prefix_list = rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")
    if prefix_list:
        found["PrefixListIds"] = [{"PrefixListId": prefix_list, **note}]
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    if group:
        owner = {"UserId": rule["SourceSecurityGroupOwnerId"]} if "SourceSecurityGroupOwnerId" in rule else {}
        found["UserIdGroupPairs"] = [{"GroupId": group, **owner, **note}]
    return found
