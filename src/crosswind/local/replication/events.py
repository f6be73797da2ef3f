"""S3's replication events: a bucket's notification configuration, and the message that a failed replica sends to SQS.

S3 acts as itself (`s3.amazonaws.com`, for the bucket): the queue's policy decides, at the edge. Only
`s3:Replication:OperationFailedReplication` is sent, to queues, for rules whose metrics are enabled; other notifications
are refused where they are set up (`authorization.deliveries`, and here).

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html and
notification-how-to-filtering.html; docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from crosswind.local.edge.call import Call, Handler, Principal, ServiceError
from crosswind.local.moto_backend import MotoBackend, ObjectVersion
from crosswind.local.partitions import url_suffix
from crosswind.local.replication.messages import FAILED, Source, sent_of_failure, sent_to_test
from crosswind.local.replication.rules import Rule
from crosswind.local.replication.seams import Acts

__all__ = ["ReplicationEvents"]

_SENT = {FAILED, "s3:Replication:*"}
_S3 = Principal("", "s3.amazonaws.com", "s3.amazonaws.com")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Subscription:
    """A queue's configuration.

    Args:
        name: its Id.
        queue: the queue's ARN.
        prefix: of the key.
        suffix: of the key.
    """

    name: str
    queue: str
    prefix: str
    suffix: str

    def overlaps(self, other: _Subscription) -> bool:
        """Whether some key meets both."""
        prefixes = self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)
        return prefixes and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))


class ReplicationEvents:
    """Keeps notification configurations, and sends.

    Args:
        acts: the edge, by which every message goes.
        moto: where buckets and queues are.
    """

    def __init__(self, acts: Acts, moto: MotoBackend) -> None:
        self._acts = acts
        self._moto = moto
        self._kept: dict[str, tuple[Mapping[str, Any], Sequence[_Subscription]]] = {}

    @property
    def operations(self) -> Mapping[str, Handler]:
        """The operations that are ours: moto would send without asking the queue's policy."""
        return {
            "PutBucketNotificationConfiguration": self._put,
            "GetBucketNotificationConfiguration": self._get,
            "GetBucketNotification": _refuse,
        }

    def forget(self, bucket: str) -> None:
        """A bucket is gone."""
        self._kept.pop(bucket, None)

    def failed(self, version: ObjectVersion, rule: Rule, reason: str) -> None:
        """Send S3's event for a replica that failed, to who subscribed.

        Args:
            version: at the source.
            rule: by which it was to be replicated.
            reason: S3's; without one nothing is sent.
        """
        if not rule.metrics or not reason or version.marker:
            return
        _, subscriptions = self._kept.get(version.bucket, ({}, ()))
        source = Source(self._moto.bucket_owner(version.bucket) or "", self._moto.bucket_region(version.bucket) or "")
        now = datetime.now(UTC)
        for one in subscriptions:
            if version.key.startswith(one.prefix) and version.key.endswith(one.suffix):
                try:
                    self._send(version.bucket, one.queue, sent_of_failure(version, source, rule, reason, one.name, now))
                except ServiceError as error:
                    # Nobody waits for the answer; the request log has it.
                    _LOG.warning("S3's event for %s/%s was refused: %s", version.bucket, version.key, error)

    # -- configuration -------------------------------------------------------------------------------------

    def _put(self, call: Call) -> Mapping[str, Any]:
        bucket = self._existing(call)
        wanted = dict(call.parameters.get("NotificationConfiguration") or {})
        queues = [{"Id": secrets.token_urlsafe(36), **dict(one)} for one in wanted.get("QueueConfigurations") or ()]
        subscriptions = [_subscription(one) for one in queues]
        if len({one.name for one in subscriptions}) < len(subscriptions):
            raise _invalid("Same ID used for multiple configurations. IDs must be unique")
        if any(one.overlaps(other) for one, other in combinations(subscriptions, 2)):
            raise _invalid(
                "Configurations overlap. Configurations on the same bucket cannot share a common event type."
            )
        if not call.parameters.get("SkipDestinationValidation"):
            for queue in dict.fromkeys(one.queue for one in subscriptions):
                self._check(bucket, queue, call.id)
        if queues:
            self._kept[bucket] = ({"QueueConfigurations": queues}, subscriptions)
        else:
            self.forget(bucket)
        return {}

    def _get(self, call: Call) -> Mapping[str, Any]:
        return self._kept.get(self._existing(call), ({}, ()))[0]

    def _existing(self, call: Call) -> str:
        bucket = str(call.parameters["Bucket"])
        if self._moto.bucket_owner(bucket) is None:
            text = "The specified bucket does not exist"
            raise ServiceError("NoSuchBucket", text, 404, fields={"BucketName": bucket})
        return bucket

    def _check(self, bucket: str, queue: str, request: str) -> None:
        """Send the test message, as S3 does; what cannot be sent refuses the configuration."""
        held = self._moto.queue(queue)
        if held is None:
            raise _unreachable(queue, "The destination queue does not exist")
        if held.region != self._moto.bucket_region(bucket):
            raise _invalid(
                "The notification destination service region is not valid for the bucket location constraint"
            )
        if held.fifo:
            raise _unreachable(queue, "FIFO queues are not supported as a destination")
        try:
            self._send(bucket, queue, sent_to_test(bucket, request, datetime.now(UTC)))
        except ServiceError as error:
            text = "Permissions on the destination queue do not allow S3 to publish notifications from this bucket"
            raise _unreachable(queue, text) from error

    # -- sending -------------------------------------------------------------------------------------------

    def _send(self, bucket: str, queue: str, message: Mapping[str, Any]) -> None:
        _, partition, _, region, account, name = queue.split(":")
        self._acts.act(
            _S3,
            service="sqs",
            operation="SendMessage",
            account=account,
            region=region,
            parameters={
                "QueueUrl": f"https://sqs.{region}.{url_suffix(region)}/{account}/{name}",
                "SourceArn": f"arn:{partition}:s3:::{bucket}",
                "SourceAccount": self._moto.bucket_owner(bucket) or "",
            },
            via="s3",
            run=lambda: self._moto.send_message(queue, json.dumps(message)),
        )


def _subscription(configuration: Mapping[str, Any]) -> _Subscription:
    unsent = sorted(set(configuration.get("Events", ())) - _SENT)
    if unsent:
        text = f"The local world sends {FAILED} alone, not {', '.join(unsent)}."
        raise ServiceError("NotImplemented", text, 501)
    found = {"prefix": "", "suffix": ""}
    seen: set[str] = set()
    for rule in configuration.get("Filter", {}).get("Key", {}).get("FilterRules", ()):
        name = str(rule.get("Name", "")).lower()
        if name not in found:
            raise _invalid("filter rule name must be either prefix or suffix")
        if name in seen:
            raise _invalid(f"Cannot specify more than one {name} rule in a filter.")
        seen.add(name)
        found[name] = str(rule.get("Value", ""))
    queue = str(configuration.get("QueueArn", ""))
    if queue.count(":") != 5 or not queue.startswith("arn:") or queue.split(":")[2] != "sqs":
        raise _invalid("The ARN could not be parsed")
    return _Subscription(str(configuration["Id"]), queue, found["prefix"], found["suffix"])


def _refuse(call: Call) -> Mapping[str, Any]:
    text = f"The local world does not offer s3:{call.operation}; use GetBucketNotificationConfiguration."
    raise ServiceError("NotImplemented", text, 501)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidArgument", message, 400)


def _unreachable(queue: str, why: str) -> ServiceError:
    text = "Unable to validate the following destination configurations"
    return ServiceError("InvalidArgument", text, 400, fields={"ArgumentName": queue, "ArgumentValue": why})
