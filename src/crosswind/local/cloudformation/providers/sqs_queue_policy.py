"""AWS::SQS::QueuePolicy."""

from __future__ import annotations

from crosswind.local.cloudformation.providers.calls import document, offering, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties

__all__ = ["SqsQueuePolicy"]


class SqsQueuePolicy:
    """The one policy of each of some queues, which are named by their URLs."""

    type_name = "AWS::SQS::QueuePolicy"
    offers = offering("PolicyDocument", "Queues")
    attributes = frozenset({"Id"})
    tags = ""

    def create(self, properties: Properties, context: Context) -> Made:
        name = context.name(100)
        context.made(name)
        _put(properties, context)
        return Made(name, {"Id": name})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        _put(new, context)
        _drop([queue for queue in old["Queues"] if queue not in new["Queues"]], context)
        return Made(physical_id, {"Id": physical_id})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        _drop(properties["Queues"], context)


def _put(properties: Properties, context: Context) -> None:
    sqs, policy = context.client("sqs"), document(properties["PolicyDocument"])
    for queue in properties["Queues"]:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


def _drop(queues: list[str], context: Context) -> None:
    for queue in queues:
        with unless_gone():
            context.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
