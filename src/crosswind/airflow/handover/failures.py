"""Why S3 gave up on an object: the reasons of its own events, from the queue that the topology subscribes.

S3 sends `s3:Replication:OperationFailedReplication` when the rule has metrics. The queue is shared by all runs: a
message about somebody else's object is given back at once, so that its owner finds it.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html (the message),
docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html (keys are URL-encoded).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote_plus

from crosswind.airflow.handover.model import Handover
from crosswind.airflow.handover.reasons import NOT_A_FAILURE, sentence
from crosswind.airflow.target import Clients
from crosswind.aws.translate import translated

__all__ = ["FailedReplica", "FailureQueue", "failures_in"]

_EVENT = "Replication:OperationFailedReplication"
_BATCHES = 10
_BATCH = 10
_HIDDEN_SECONDS = 30


@dataclass(frozen=True, order=True)
class FailedReplica:
    """An object that S3 does not bring to the destination.

    Args:
        key: the object.
        version_id: of the version at the source.
        reason: a sentence that names what is missing, and where.
        code: S3's own reason, such as `DstPutObjectNotPermitted`; empty when the reason was inferred.
        inferred: true when S3 did not say why, and the reason is what its configuration suggests.
    """

    key: str
    version_id: str
    reason: str
    code: str = ""
    inferred: bool = False

    @property
    def text(self) -> str:
        """The failure as one line; an inferred reason says so."""
        return f"{self.key} ({self.version_id}): {'inferred: ' if self.inferred else ''}{self.reason}"

    def document(self) -> dict[str, Any]:
        """The failure as plain data."""
        return asdict(self)


class FailureQueue:
    """The queue of one source's failure events.

    Args:
        clients: of the queue's account and Region.
        url: of the queue.
    """

    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self._url = url

    def read(self, handover: Handover, bucket: str) -> tuple[FailedReplica, ...]:
        """The failures of a handover's objects that lie in the queue; they are taken out.

        Reads at most 100 messages. Ours are removed once they are read, others' become visible again at once. Cut
        in between, a message comes back by itself after 30 seconds.

        Args:
            handover: whose objects.
            bucket: the destination.

        Raises:
            AwsError: the queue cannot be read.
        """
        found: dict[tuple[str, str], FailedReplica] = {}
        others: list[str] = []
        with translated(f"read the queue {self._url} in {self._clients.target.text}"):
            sqs = self._clients.client("sqs")
            for _ in range(_BATCHES):
                answer = sqs.receive_message(
                    QueueUrl=self._url, MaxNumberOfMessages=_BATCH, VisibilityTimeout=_HIDDEN_SECONDS, WaitTimeSeconds=0
                )
                messages = answer.get("Messages", ())
                if not messages:
                    break
                for message in messages:
                    ours, theirs = failures_in(message["Body"], handover, bucket)
                    if theirs:
                        others.append(message["ReceiptHandle"])
                    else:
                        sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                    found |= {(each.key, each.version_id): each for each in ours}
            # Last of all: what is given back earlier would be received again.
            for receipt in others:
                sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=0)
        return tuple(sorted(found.values()))


def failures_in(body: str, handover: Handover, bucket: str) -> tuple[list[FailedReplica], bool]:
    """The failures of a handover's objects in a message, and whether the message is somebody else's too.

    S3's test message, which it sends when the queue is subscribed, is nobody's. What is no message of S3 counts as
    somebody else's.

    Args:
        body: of the message.
        handover: whose objects.
        bucket: the destination.
    """
    try:
        document = json.loads(body)
    except ValueError:
        return [], True
    if not isinstance(document, Mapping):
        return [], True
    if document.get("Event") == "s3:TestEvent":
        return [], False
    records = document.get("Records")
    if not isinstance(records, list) or not records:
        return [], True
    versions = {(version.key, version.version_id) for version in handover.versions}
    about = [_about(record) for record in records]
    ours = [i for i, each in enumerate(about) if each[0] == handover.bucket and each[1:] in versions]
    return list(_failed(handover, bucket, [(about[i], records[i]) for i in ours])), len(ours) < len(records)


def _about(record: Any) -> tuple[str, str, str]:
    try:
        s3 = record["s3"]
        return s3["bucket"]["name"], unquote_plus(s3["object"]["key"]), s3["object"].get("versionId", "")
    except (AttributeError, KeyError, TypeError):
        return "", "", ""


def _failed(
    handover: Handover, bucket: str, records: list[tuple[tuple[str, str, str], Mapping[str, Any]]]
) -> Iterator[FailedReplica]:
    for (_, key, version_id), record in records:
        data = record.get("replicationEventData") or {}
        code = data.get("failureReason", "")
        to_us = str(data.get("destinationBucket", "")).rpartition(":")[2] == bucket
        # OBJECT_PUT is the data itself; tags, ACLs and locks that fail later do not keep it from arriving.
        data_itself = data.get("s3Operation", "OBJECT_PUT") == "OBJECT_PUT"
        if (
            record.get("eventName", "").removeprefix("s3:") == _EVENT
            and to_us
            and data_itself
            and code not in NOT_A_FAILURE
        ):
            yield FailedReplica(key, version_id, sentence(code, key, handover.bucket, bucket), code)
