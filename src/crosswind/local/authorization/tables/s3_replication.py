"""Rows of what S3 does by itself when it replicates, under the role of the rule.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html and
replication-config-for-kms-objects.html. These are actions, not API operations: they come by `Edge.act` with the
action's name as the operation. `ReplicateObject` reads two parameters more than Bucket, Key and VersionId:
`SourceEncryption` (the source version's: `aws:kms`, `AES256` or empty) and `ReplicaKmsKeyID` (the key of the rule,
empty for the destination's default).
"""

from __future__ import annotations

from collections.abc import Mapping

from crosswind.local.authorization.asking import Ask
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Row
from crosswind.local.authorization.tables.s3_keys import reads, use_key
from crosswind.local.authorization.tables.s3_requests import Place, object_tags

__all__ = ["ROWS"]


def _version(ask: Ask) -> str | None:
    return str(ask.parameters["VersionId"]) if ask.parameters.get("VersionId") else None


def _of_source(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        place = Place(ask)
        found = ask.facts.object(place.bucket, place.key, _version(ask))
        return [place.on_object(action, object_tags(found.tags) if found else {})]

    return row


def _read(ask: Ask) -> list[Need]:
    place = Place(ask)
    found = ask.facts.object(place.bucket, place.key, _version(ask))
    return [
        place.on_object("GetObjectVersionForReplication", object_tags(found.tags) if found else {}),
        *reads(place, found),
    ]


def _write(ask: Ask) -> list[Need]:
    place = Place(ask)
    return [place.on_object("ReplicateObject"), *_replica_key(ask, place)]


def _replica_key(ask: Ask, place: Place) -> list[Need]:
    encrypted = str(ask.parameters.get("SourceEncryption", "")).startswith("aws:kms")
    key = str(ask.parameters.get("ReplicaKmsKeyID") or "")
    bucket = place.facts
    default = bucket is not None and bucket.encryption.startswith("aws:kms")
    if not key and not default:
        return []
    # A plain source into an encrypted bucket is a new data key; an encrypted one is encrypted again.
    actions = ["Encrypt"] if encrypted else ["GenerateDataKey"]
    bucket_key = bucket is not None and bucket.bucket_key
    if bucket_key:
        actions.append("Decrypt")
    named = key or (bucket.kms_key if bucket else "")
    return use_key(place, actions, named, bucket_key=bucket_key, keys_of=place.account)


def _on_destination(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        return [Place(ask).on_object(action)]

    return row


def _on_bucket(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        return [Place(ask).on_bucket(action)]

    return row


def _nothing(_: Ask) -> list[Need]:
    # Logged by the worker to tell that the role cannot be assumed; it always ends in that refusal.
    return []


ROWS: Mapping[str, Row] = {
    "AssumeReplicationRole": _nothing,
    "GetObjectVersionAcl": _of_source("GetObjectVersionAcl"),
    "GetObjectVersionForReplication": _read,
    "GetObjectVersionTagging": _of_source("GetObjectVersionTagging"),
    "GetReplicationConfiguration": _on_bucket("GetReplicationConfiguration"),
    "ListBucket": _on_bucket("ListBucket"),
    "ObjectOwnerOverrideToBucketOwner": _on_destination("ObjectOwnerOverrideToBucketOwner"),
    "ReplicateDelete": _on_destination("ReplicateDelete"),
    "ReplicateObject": _write,
    "ReplicateTags": _on_destination("ReplicateTags"),
}
"""Action to row."""
