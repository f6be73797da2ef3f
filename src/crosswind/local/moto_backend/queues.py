"""SQS queues as moto holds them: what S3's notifications must know, and the message that S3 sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from crosswind.local.edge.call import Call, ServiceError
from crosswind.local.moto_backend.guarded import regional
from crosswind.local.moto_backend.locks import Locks

__all__ = ["QueueFacts", "Queues"]


@dataclass(frozen=True)
class QueueFacts:
    """A queue: its owner, Region and name, its URL's path, and whether it is a FIFO queue."""

    account: str
    region: str
    name: str
    path: str
    fifo: bool


class Queues(Locks):
    """Reads of SQS's state, and what S3 writes."""

    def queue(self, arn: str) -> QueueFacts | None:
        """A queue by its ARN; None when there is none."""
        held = _held(arn)
        if held is None:
            return None
        return QueueFacts(held.account_id, held.region, held.name, f"/{held.account_id}/{held.name}", held.fifo_queue)

    def send_message(self, arn: str, body: str) -> None:
        """Put a message into a queue.

        Raises:
            ServiceError: the queue is gone.
        """
        held = _held(arn)
        if held is None:
            raise ServiceError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.", 400)
        backend = regional("sqs", "sqs_backends", held.account_id, held.region)
        with self.locked("sqs", held.account_id):
            backend.send_message(held.name, body)

    @contextmanager
    def keeping_policy(self, call: Call) -> Iterator[None]:
        """Keep a queue's policy through a SetQueueAttributes that does not name it, with which moto drops it."""
        if (call.service, call.operation) != ("sqs", "SetQueueAttributes"):
            yield
            return
        path = str(call.parameters.get("QueueUrl", "")).rpartition("/")[2]
        backend = regional("sqs", "sqs_backends", call.account, call.region)
        with self.locked("sqs", call.account):
            held = backend.queues.get(path) if backend is not None else None
            before = held.policy if held is not None else None
            yield
            if held is not None and "Policy" not in (call.parameters.get("Attributes") or {}):
                held.policy = before


def _held(arn: str) -> Any:
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sqs":
        return None
    backend = regional("sqs", "sqs_backends", parts[4], parts[3])
    return backend.queues.get(parts[5]) if backend is not None else None
