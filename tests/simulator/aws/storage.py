"""What S3 stores: versions in buckets, and how a version gets to another bucket.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-status.html.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["Bucket", "Fate", "Replica", "Stored", "Upload", "crc32", "fail", "failure_event", "land"]


class Stored:
    """One version of an object, or a delete marker."""

    __slots__ = (
        "body", "checksum", "etag", "key", "marker", "metadata", "modified", "origin", "replication", "tags", "type",
        "version_id",
    )  # fmt: skip

    def __init__(self, key: str, version_id: str, body: bytes, modified: float, *, marker: bool = False) -> None:
        self.key = key
        self.version_id = version_id
        self.origin = version_id  # the version that these bytes were first written as
        self.body = body
        self.modified = modified
        self.marker = marker
        self.etag = "" if marker else f'"{hashlib.md5(body).hexdigest()}"'
        self.checksum = {} if marker else {"ChecksumCRC32": crc32(body), "ChecksumType": "FULL_OBJECT"}
        self.replication = ""
        self.metadata: Mapping[str, str] = {}
        self.tags: Mapping[str, str] = {}
        self.type = "binary/octet-stream"


class Fate:
    """What becomes of a replica."""

    ARRIVES = "arrives"
    FAILS = "fails"
    LOST = "lost"


@dataclass(frozen=True)
class Replica:
    """How S3 replicates one version.

    Args:
        fate: of `Fate`; LOST stays PENDING for ever.
        seconds: until then.
    """

    fate: str = Fate.ARRIVES
    seconds: float = 5.0


@dataclass
class Upload:
    key: str
    metadata: Mapping[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)
    algorithm: str = ""
    whole: bool = False
    origin: str = ""


class Bucket:
    """A bucket with versioning on.

    Args:
        name: of the bucket.
        account: its owner.
        region: its Region.

    Attributes:
        guarded: key endings that may only be written with `If-None-Match`, by policy.
        replicate_to: the destination, or None.
        folder: the prefix that is replicated.
        script: the fate of each version's replica.
        failed: told of versions whose replication failed (the queue of events).
    """

    def __init__(self, name: str, account: str, region: str) -> None:
        self.name, self.account, self.region = name, account, region
        self.objects: dict[str, list[Stored]] = {}
        self.uploads: dict[str, Upload] = {}
        self.guarded: tuple[str, ...] = ()
        self.replicate_to: Bucket | None = None
        self.folder = ""
        self.script: Callable[[Stored], Replica] = lambda stored: Replica()
        self.failed: Callable[[Bucket, Stored], None] = lambda bucket, stored: None

    def current(self, key: str) -> Stored | None:
        """The current version; None when there is none, or a delete marker."""
        versions = self.objects.get(key)
        return None if not versions or versions[-1].marker else versions[-1]

    def below(self, prefix: str) -> list[Stored]:
        """The current versions below a prefix, by key."""
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        return [found for key in keys if (found := self.current(key))]

    def version(self, key: str, version_id: str) -> Stored | None:
        for stored in self.objects.get(key, ()):
            if stored.version_id == version_id:
                return stored
        return None


def crc32(body: bytes) -> str:
    """A CRC-32 as S3 writes it."""
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def land(source: Bucket, there: Bucket, stored: Stored) -> None:
    """The replica arrives, with the source's version id; an older one never covers a newer one."""
    if source.version(stored.key, stored.version_id) is None:
        return
    replica = Stored.__new__(Stored)
    for name in Stored.__slots__:
        setattr(replica, name, getattr(stored, name))
    replica.replication, stored.replication = "REPLICA", "COMPLETED"
    versions = there.objects.setdefault(stored.key, [])
    versions.append(replica)
    versions.sort(key=lambda each: (each.modified, each.version_id))


def fail(source: Bucket, stored: Stored) -> None:
    stored.replication = "FAILED"
    source.failed(source, stored)


def failure_event(bucket: Bucket, there: Bucket, stored: Stored) -> str:
    """The message that S3 sends for a replica that failed (event structure 2.2).

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    data = {
        "replicationRuleId": "transformed",
        "destinationBucket": f"arn:aws:s3:::{there.name}",
        "s3Operation": "OBJECT_PUT",
        "requestTime": "2026-01-05T00:00:00.000Z",
        "failureReason": "AccessDenied",
    }
    body = {"key": stored.key, "versionId": stored.version_id, "size": len(stored.body)}
    record = {
        "eventVersion": "2.2",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventName": "Replication:OperationFailedReplication",
        "s3": {"bucket": {"name": bucket.name, "arn": f"arn:aws:s3:::{bucket.name}"}, "object": body},
        "replicationEventData": data,
    }
    return json.dumps({"Records": [record]})
