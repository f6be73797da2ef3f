"""AWS::SQS::Queue."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crosswind.local.cloudformation.providers.calls import (
    changed,
    error_code,
    offering,
    picked,
    tag_changes,
    tag_map,
    texts,
    unless_gone,
)
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError

__all__ = ["SqsQueue"]

# What a dropped property goes back to. Source: the SQS API's SetQueueAttributes page.
_DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}


class SqsQueue:
    """A standard queue. Its physical id is its URL."""

    type_name = "AWS::SQS::Queue"
    offers = offering("QueueName", "Tags", *_DEFAULTS)
    attributes = frozenset({"Arn", "QueueName", "QueueUrl"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        sqs = context.client("sqs")
        name = str(properties.get("QueueName") or context.name(80))
        _refuse_existing(sqs, name)
        extra = {"tags": tag_map(properties["Tags"])} if properties.get("Tags") else {}
        attributes = texts(picked(properties, *_DEFAULTS))
        url = str(sqs.create_queue(QueueName=name, Attributes=attributes, **extra)["QueueUrl"])
        context.made(url)
        return _made(url, context)

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        sqs = context.client("sqs")
        wanted = {**_DEFAULTS, **texts(picked(new, *_DEFAULTS))}
        attributes = {name: wanted[name] for name in _DEFAULTS if changed(old, new, name)}
        if attributes:
            sqs.set_queue_attributes(QueueUrl=physical_id, Attributes=attributes)
        set_tags, drop_tags = tag_changes(old, new)
        if set_tags:
            sqs.tag_queue(QueueUrl=physical_id, Tags=set_tags)
        if drop_tags:
            sqs.untag_queue(QueueUrl=physical_id, TagKeys=drop_tags)
        return _made(physical_id, context)

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("sqs").delete_queue(QueueUrl=physical_id)


def _refuse_existing(sqs: Any, name: str) -> None:
    # CreateQueue answers 200 for a queue that is there with the same attributes; a stack must not adopt it.
    there = False
    try:
        with unless_gone():
            sqs.get_queue_url(QueueName=name)
            there = True
    except ClientError as error:
        if error_code(error) != "AccessDenied":  # who may not look learns it from CreateQueue
            raise
    if there:
        raise ResourceError(f"Queue {name} already exists", "AlreadyExists")


def _made(url: str, context: Context) -> Made:
    name = url.rpartition("/")[2]
    arn = f"arn:{context.partition}:sqs:{context.region}:{context.account}:{name}"
    return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})
