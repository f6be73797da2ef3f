"""S3's replication: under its role from each source bucket, and the events by which it tells of failures."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate
from crosswind.prove.flow import OBSERVED, Flow, documented

__all__ = ["replication"]

_ROLE = documented("AmazonS3/latest/userguide/setting-repl-config-perm-overview.html")
_OWNER = documented("AmazonS3/latest/userguide/replication-change-owner.html")
_MARKERS = documented("AmazonS3/latest/userguide/delete-marker-replication.html")
_KEYS = documented("AmazonS3/latest/userguide/replication-config-for-kms-objects.html")


def replication(estate: Estate) -> Iterator[Flow]:
    """Every replication that is S3's."""
    for name, moved in sorted(estate.topology.replications.items()):
        if not moved.by_s3:
            continue
        asks = f"replications.{name}"
        region, account = estate.at(moved.source)
        service = estate.service("s3", region, account, asks)
        role = estate.names.replication_role_arn(moved.source)
        yield service.flow("takes the replication role", "sts:AssumeRole", role)
        at = Actor(role, region, account, asks)
        yield at.flow("reads its rules", "s3:GetReplicationConfiguration", estate.bucket(moved.source))
        yield at.flow("lists the source", "s3:ListBucket", estate.bucket(moved.source))
        version = estate.object(moved.source, f"{moved.folder}/<object>")
        yield at.flow("reads the versions", "s3:GetObjectVersionForReplication", version)
        yield at.flow("reads their access lists", "s3:GetObjectVersionAcl", version, _ROLE)
        yield at.flow("reads their tags", "s3:GetObjectVersionTagging", version, _ROLE)
        there, owner = estate.at(moved.destination)
        into = Actor(role, there, owner, asks)
        replica = estate.object(moved.destination, f"{moved.folder}/<object>")
        yield into.flow("writes replicas", "s3:ReplicateObject", replica)
        yield into.flow("writes their tags", "s3:ReplicateTags", replica, _ROLE)
        if moved.delete_markers:
            yield into.flow("writes delete markers", "s3:ReplicateDelete", replica, _MARKERS)
        if moved.owner is not None:
            yield into.flow("hands replicas over", "s3:ObjectOwnerOverrideToBucketOwner", replica, _OWNER)
        yield from _keys(estate, at, into, moved.source, moved.destination)
        if moved.failure_events:
            told = {"aws:SourceArn": estate.bucket(moved.source), "aws:SourceAccount": account}
            yield service.flow("tells of failures", "sqs:SendMessage", estate.queue(moved.source), OBSERVED, told)


def _keys(estate: Estate, at: Actor, into: Actor, source: str, destination: str) -> Iterator[Flow]:
    """Decrypt at the source, encrypt at the destination; and decrypt there, for the key of the bucket itself."""
    for actor, bucket, action in (
        (at, source, "Decrypt"),
        (into, destination, "Encrypt"),
        (into, destination, "Decrypt"),
    ):
        # Rules take objects that KMS encrypts only where the destination has a key.
        if estate.key(bucket) and estate.key(destination):
            via = {"kms:ViaService": f"s3.{actor.region}.{estate.url_suffix}"}
            # The bucket's ARN with its Bucket Key, the object's where an upload has named its key itself.
            for arn in (estate.bucket(bucket), f"{estate.bucket(bucket)}/<key>"):
                context = {**via, "kms:EncryptionContext:aws:s3:arn": arn}
                words = f"{action.lower()}s with the key of {bucket}"
                yield actor.flow(words, f"kms:{action}", estate.key(bucket), _KEYS, context)
