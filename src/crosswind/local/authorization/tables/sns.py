"""SNS: a subscription's ARN is that of its topic with an id.

Source: docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
"""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask, Context
from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]


def _topic(_: Ask, arn: str, __: bool) -> str:
    return ":".join(arn.split(":")[:6])


def _keys(ask: Ask) -> Context:
    return {key: ask.text(path) for key, path in (("sns:Endpoint", "Endpoint"), ("sns:Protocol", "Protocol"))
            if ask.text(path)}  # fmt: skip


TABLE = Table(
    prefix="sns",
    resources={
        "ConfirmSubscription": "{TopicArn}",
        "CreateTopic": "{Name}+",
        "GetDataProtectionPolicy": "{ResourceArn}",
        "GetSubscriptionAttributes": "{SubscriptionArn}",
        "Publish": "{TopicArn|TargetArn}?",
        "PublishBatch": "{TopicArn}",
        "PutDataProtectionPolicy": "{ResourceArn}",
        "SetSubscriptionAttributes": "{SubscriptionArn}",
        "Unsubscribe": "{SubscriptionArn}",
    },
    actions={"PublishBatch": "Publish"},
    passed_to="sns.amazonaws.com",
    tagging="TagResource",
    keys={"Subscribe": _keys},
    resolve=_topic,
)
"""Rights of SNS."""
