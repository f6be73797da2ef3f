"""SQS: a queue's URL names its account.

Source: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from __future__ import annotations

from urllib.parse import urlsplit

from crosswind.local.authorization.asking import Ask, Context, account_in, tags_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Row, Table
from crosswind.local.edge.call import ServiceError

__all__ = ["TABLE"]


def _queue(ask: Ask) -> str:
    url = ask.text("QueueUrl")
    if not url:
        raise ServiceError("MissingParameter", "The request must contain the parameter QueueUrl.", 400)
    if "?" in url or "#" in url:
        raise ServiceError("InvalidAddress", f"The address {url} is not valid for this endpoint.", 404)
    account, _, name = urlsplit(url).path.strip("/").rpartition("/")
    owner = account.rpartition("/")[2]
    return f"arn:{ask.partition}:sqs:{ask.region}:{owner if owner.isdigit() else ask.account}:{name}"


def _source(ask: Ask) -> Context:
    """For what a service sends in its own name (`Edge.act`): an account that signs is never empty."""
    if ask.caller:
        return {}
    return {
        f"aws:{name}": str(ask.parameters[name]) for name in ("SourceArn", "SourceAccount") if name in ask.parameters
    }


def _on_queue(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        arn = _queue(ask)
        context = tags_in(ask.parameters) | ask.tagged(arn) | _source(ask)
        return [Need(f"sqs:{action}", arn, account_in(arn, ask.account), context)]

    return row


def _named(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        owner = ask.text("QueueOwnerAWSAccountId") or ask.account
        arn = f"arn:{ask.partition}:sqs:{ask.region}:{owner}:{ask.text('QueueName') or '*'}"
        tags = tags_in(ask.parameters)
        needs = [Need(f"sqs:{action}", arn, owner, tags)]
        if tags and action == "CreateQueue":
            needs.append(Need("sqs:TagQueue", arn, owner, tags))
        return needs

    return row


_ON_QUEUE = (
    "AddPermission ChangeMessageVisibility DeleteMessage DeleteQueue GetQueueAttributes ListDeadLetterSourceQueues"
    " ListQueueTags PurgeQueue ReceiveMessage RemovePermission SendMessage SetQueueAttributes TagQueue UntagQueue"
)

TABLE = Table(
    prefix="sqs",
    resources={
        "ListMessageMoveTasks": "{SourceArn}",
        "ListQueues": "*",
        "StartMessageMoveTask": "{SourceArn}",
    },
    rows={
        **{operation: _on_queue(operation) for operation in _ON_QUEUE.split()},
        "ChangeMessageVisibilityBatch": _on_queue("ChangeMessageVisibility"),
        "CreateQueue": _named("CreateQueue"),
        "DeleteMessageBatch": _on_queue("DeleteMessage"),
        "GetQueueUrl": _named("GetQueueUrl"),
        "SendMessageBatch": _on_queue("SendMessage"),
    },
)
"""Rights of SQS."""
