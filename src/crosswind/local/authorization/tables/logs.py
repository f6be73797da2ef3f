"""CloudWatch Logs: a log group is `NAME:log-stream:` to its API, but `NAME` where it is tagged.

Source: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html (the ARN with `:*` at its
end is for all operations but those on tags).
"""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask, tags_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]

_TAGGING = {"ListTagsForResource", "TagResource", "UntagResource"}
_OF_STREAM = {"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"}
_STREAM = "log-group:{logGroupName}:log-stream:{logStreamName}"
_IDENTIFIED = "log-group:{logGroupIdentifier|logGroupName}"
_BY_IDENTIFIER = (
    "DeleteDataProtectionPolicy DeleteTransformer GetDataProtectionPolicy GetLogGroupFields GetTransformer"
    " PutDataProtectionPolicy PutLogGroupDeletionProtection PutTransformer"
)


def _group(ask: Ask, arn: str, _: bool) -> str:
    """The ARN as the operation names the log group."""
    if ":log-group:" not in arn or ":log-stream:" in arn:
        return arn
    name = arn.removesuffix(":*")
    if ask.call.operation in _OF_STREAM:  # the group was given by its ARN
        return f"{name}:log-stream:{ask.text('logStreamName') or '*'}"
    return name if ask.call.operation in _TAGGING else f"{name}:log-stream:"


def _create_group(ask: Ask) -> list[Need]:
    arn, tags = ask.arn("logs", f"log-group:{ask.text('logGroupName') or '*'}"), tags_in(ask.parameters)
    needs = [Need("logs:CreateLogGroup", f"{arn}:log-stream:", ask.account, tags)]
    if tags:
        needs.append(Need("logs:TagResource", arn, ask.account, tags))
    return needs


TABLE = Table(
    prefix="logs",
    resources={
        "CreateLogStream": _STREAM,
        "DeleteLogStream": _STREAM,
        "DescribeLogGroups": "*",
        "DescribeLogStreams": _IDENTIFIED,
        "FilterLogEvents": _IDENTIFIED,
        "GetLogEvents": "log-group:{logGroupIdentifier|logGroupName}:log-stream:{logStreamName}",
        "GetLogRecord": "log-group:*",
        "GetQueryResults": "log-group:*",
        "PutLogEvents": _STREAM,
        "StartLiveTail": "{logGroupIdentifiers}",
        "StartQuery": "log-group:{logGroupIdentifiers|logGroupNames|logGroupName}",
        **dict.fromkeys(_BY_IDENTIFIER.split(), _IDENTIFIED),
    },
    names={"AnomalyDetector.DetectorId": "anomalyDetectorArn", "DestinationName": "destinationName"},
    passed_to="logs.amazonaws.com",
    tagging="TagResource",
    resolve=_group,
    rows={"CreateLogGroup": _create_group},
)
"""Rights of CloudWatch Logs."""
