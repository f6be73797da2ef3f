"""SQS, as far as a reader of events needs it: visibility, several receivers, messages given back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.aws.errors import refused
from tests.simulator.clock import Clock

__all__ = ["Queues"]


class Message:
    __slots__ = ("body", "count", "id", "receipt", "visible")

    def __init__(self, id: str, body: str) -> None:  # noqa: A002 - AWS's word
        self.id, self.body = id, body
        self.visible = 0.0
        self.receipt = ""
        self.count = 0


class Queues:
    """The SQS of all accounts and Regions: queues by URL.

    Args:
        clock: the time.
        timeout: seconds for which a received message is hidden when the call does not say.
    """

    name = "sqs"

    def __init__(self, clock: Clock, timeout: float = 30.0) -> None:
        self.clock, self.timeout = clock, timeout
        self.queues: dict[str, list[Message]] = {}
        self._count = 0

    def create(self, url: str) -> None:
        self.queues[url] = []

    def push(self, url: str, body: str) -> None:
        self._count += 1
        self.queues[url].append(Message(f"m{self._count}", body))

    def send_message(self, p: Mapping[str, Any]) -> dict[str, Any]:
        self._queue(p, "SendMessage")
        self.push(p["QueueUrl"], p["MessageBody"])
        return {"MessageId": f"m{self._count}"}

    def receive_message(self, p: Mapping[str, Any]) -> dict[str, Any]:
        now, timeout = self.clock.now, p.get("VisibilityTimeout", self.timeout)
        seen = [message for message in self._queue(p, "ReceiveMessage") if message.visible <= now]
        found = []
        for message in seen[: p.get("MaxNumberOfMessages", 1)]:
            self._count += 1
            message.receipt, message.visible = f"r{self._count}", now + timeout
            message.count += 1
            entry = {"MessageId": message.id, "ReceiptHandle": message.receipt, "Body": message.body}
            found.append({**entry, "Attributes": {"ApproximateReceiveCount": str(message.count)}})
        return {"Messages": found} if found else {}

    def delete_message(self, p: Mapping[str, Any]) -> dict[str, Any]:
        queue = self._queue(p, "DeleteMessage")
        queue[:] = [message for message in queue if message.receipt != p["ReceiptHandle"]]
        return {}

    def delete_message_batch(self, p: Mapping[str, Any]) -> dict[str, Any]:
        for entry in p["Entries"]:
            self.delete_message({"QueueUrl": p["QueueUrl"], "ReceiptHandle": entry["ReceiptHandle"]})
        return {"Successful": [{"Id": entry["Id"]} for entry in p["Entries"]]}

    def change_message_visibility(self, p: Mapping[str, Any]) -> dict[str, Any]:
        for message in self._queue(p, "ChangeMessageVisibility"):
            if message.receipt == p["ReceiptHandle"]:
                message.visible = self.clock.now + p["VisibilityTimeout"]
        return {}

    def change_message_visibility_batch(self, p: Mapping[str, Any]) -> dict[str, Any]:
        for entry in p["Entries"]:
            timeout = {"VisibilityTimeout": entry.get("VisibilityTimeout", 0)}
            self.change_message_visibility(
                {"QueueUrl": p["QueueUrl"], "ReceiptHandle": entry["ReceiptHandle"], **timeout}
            )
        return {"Successful": [{"Id": entry["Id"]} for entry in p["Entries"]]}

    def _queue(self, p: Mapping[str, Any], operation: str) -> list[Message]:
        if p["QueueUrl"] not in self.queues:
            raise refused("AWS.SimpleQueueService.NonExistentQueue", operation, "The specified queue does not exist.")
        return self.queues[p["QueueUrl"]]
