"""The messages of S3's notifications, as they lie in a queue. Pure but for the ids that nobody chose.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html (the example message) and
notification-content-structure.html. `OBJECT_PUT` is the one `s3Operation` that these pages name.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from crosswind.local.moto_backend import ObjectVersion
from crosswind.local.partitions import partition_of
from crosswind.local.replication.rules import Rule

__all__ = ["FAILED", "Source", "sent_of_failure", "sent_to_test"]

FAILED = "s3:Replication:OperationFailedReplication"
"""The event of a replica that failed."""


@dataclass(frozen=True)
class Source:
    """The owner and the Region of a source bucket."""

    account: str
    region: str


def sent_to_test(bucket: str, request: str, now: datetime) -> Mapping[str, Any]:
    """What S3 sends when a notification is set up.

    Args:
        bucket: whose notification.
        request: the id of the request that set it up.
        now: the time, in UTC.
    """
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": _written(now),
        "Bucket": bucket,
        "RequestId": request,
        "HostId": _host_id(),
    }


def sent_of_failure(
    version: ObjectVersion, source: Source, rule: Rule, reason: str, configuration: str, now: datetime
) -> Mapping[str, Any]:
    """What S3 sends when a replica failed.

    Args:
        version: at the source.
        source: who has it, where.
        rule: by which it was to be replicated.
        reason: one of S3's.
        configuration: the Id of the notification.
        now: the time, in UTC.
    """
    partition = partition_of(source.region)
    asked = version.modified.replace(tzinfo=UTC) if version.modified else now
    record = {
        "eventVersion": "2.2",
        "eventSource": "aws:s3",
        "awsRegion": source.region,
        "eventTime": _written(now),
        "eventName": FAILED.removeprefix("s3:"),
        "userIdentity": {"principalId": "s3.amazonaws.com"},
        "requestParameters": {"sourceIPAddress": "s3.amazonaws.com"},
        "responseElements": {"x-amz-request-id": str(uuid.uuid4()), "x-amz-id-2": _host_id()},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": version.bucket,
                "ownerIdentity": {"principalId": source.account},
                "arn": f"arn:{partition}:s3:::{version.bucket}",
            },
            "object": {
                "key": quote_plus(version.key, safe="/"),
                "size": version.size,
                "eTag": version.etag,
                "versionId": version.version_id,
                "sequencer": f"{int(now.timestamp() * 1e6):018X}",
            },
        },
        "replicationEventData": {
            "replicationRuleId": rule.name,
            "destinationBucket": f"arn:{partition}:s3:::{rule.destination}",
            "s3Operation": "OBJECT_PUT",
            "requestTime": _written(asked),
            "failureReason": reason,
        },
    }
    return {"Records": [record]}


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _host_id() -> str:
    return base64.b64encode(secrets.token_bytes(56)).decode()
