"""CloudWatch: metrics have no ARN, their namespace is a condition key.

Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
"""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask, Context
from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]


def _namespace(ask: Ask) -> Context:
    return {"cloudwatch:namespace": ask.text("Namespace")}


TABLE = Table(
    prefix="cloudwatch",
    names={"AlarmName": "AlarmName|AlarmNames", "DashboardName": "DashboardName|DashboardNames"},
    resources={
        "GetMetricData": "*",
        "PutMetricData": "*",
        "GetDashboard": "dashboard/{DashboardName}",
        "ListTagsForResource": "{ResourceARN}",
        "PutDashboard": "dashboard/{DashboardName}",
        "TagResource": "{ResourceARN}",
        "UntagResource": "{ResourceARN}",
    },
    tagging="TagResource",
    keys={"PutMetricData": _namespace},
)
"""Rights of CloudWatch."""
