"""EventBridge: rules on the default bus have a shorter ARN.

Source: docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
"""

from __future__ import annotations

from crosswind.local.authorization.asking import Ask, Context, account_in, tags_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Pass, Row, Table, pass_role

__all__ = ["TABLE"]

_SERVICE = "events.amazonaws.com"


def _rule(ask: Ask) -> str:
    bus, name = ask.text("EventBusName"), ask.text("Name|Rule") or "*"
    account = account_in(bus, ask.account)
    bus = bus.rpartition("/")[2]
    place = f"rule/{name}" if bus in ("", "default") else f"rule/{bus}/{name}"
    return f"arn:{ask.partition}:events:{ask.region}:{account}:{place}"


def _on_rule(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        arn, tags = _rule(ask), tags_in(ask.parameters)
        owner = account_in(arn, ask.account)
        context: Context = tags | ask.tagged(arn)
        if targets := list(ask.values("Targets.Arn")):
            context["events:TargetArn"] = targets
        needs = [Need(f"events:{action}", arn, owner, context)]
        if tags and action == "PutRule":
            needs.append(Need("events:TagResource", arn, owner, context))
        passed = Pass("Targets.RoleArn" if action == "PutTargets" else "RoleArn", _SERVICE)
        return [*needs, *pass_role(ask, passed, arn)]

    return row


def _put_events(ask: Ask) -> list[Need]:
    needs = []
    for entry in ask.parameters.get("Entries") or ():
        bus = str(entry.get("EventBusName") or "default")
        arn = bus if bus.startswith("arn:") else ask.arn("events", f"event-bus/{bus}")
        context: Context = {}
        if "Source" in entry:
            context["events:source"] = str(entry["Source"])
        if "DetailType" in entry:
            context["events:detail-type"] = str(entry["DetailType"])
        needs.append(Need("events:PutEvents", arn, account_in(arn, ask.account), context))
    return needs or [Need("events:PutEvents", ask.arn("events", "event-bus/default"), ask.account)]


_RULES = "DeleteRule DescribeRule DisableRule EnableRule ListTargetsByRule PutRule PutTargets RemoveTargets"

TABLE = Table(
    prefix="events",
    names={
        "ApiDestinationName": "Name",
        "ArchiveName": "ArchiveName",
        "ConnectionName": "Name",
        "EndpointName": "Name",
        "EventSourceName": "Name",
    },
    resources={
        "CreateApiDestination": "api-destination/{Name}+ {ConnectionArn}",
        "CreateArchive": "archive/{ArchiveName}+ {EventSourceArn}",
        "CreateEventBus": "event-bus/{Name}+",
        "DeleteEventBus": "event-bus/{Name}",
        "DescribeApiDestination": "api-destination/{Name}",
        "DescribeEventBus": "event-bus/{Name}",
        "ListRules": "*",
        "ListTagsForResource": "{ResourceARN}",
        "TagResource": "{ResourceARN}",
        "UntagResource": "{ResourceARN}",
    },
    passed_to=_SERVICE,
    tagging="TagResource",
    rows={"PutEvents": _put_events, **{operation: _on_rule(operation) for operation in _RULES.split()}},
)
"""Rights of EventBridge."""
