"""S3's buckets and objects as moto holds them, and the writing of replicas, which no API of moto does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from moto.s3.models import FakeDeleteMarker, FakeKey, s3_backends

from crosswind.local.edge.call import ServiceError
from crosswind.local.moto_backend.locks import Locks

__all__ = ["REPLICATION_STATUS", "Buckets", "ObjectVersion", "bucket_of", "copied"]

REPLICATION_STATUS = "crosswind_replication_status"  # an attribute that we give to moto's objects


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an S3 object, or a delete marker.

    Args:
        bucket: its bucket.
        key: its key.
        version_id: as S3 prints it; `null` in a bucket without versioning.
        marker: true for a delete marker.
        size: bytes.
        modified: when it was made.
        tags: its tags.
        encryption: `AES256`, `aws:kms` or empty.
        status: replication status, empty when there is none.
        etag: without quotes.
    """

    bucket: str
    key: str
    version_id: str
    marker: bool
    size: int = 0
    modified: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    encryption: str = ""
    status: str = ""
    etag: str = ""


class Buckets(Locks):
    """Reads of S3's state, and what replication writes."""

    def bucket_owner(self, name: str) -> str | None:
        """The account that owns a bucket."""
        found = s3_backends.bucket_accounts.get(name)
        return found[1] if found else None

    def bucket_region(self, name: str) -> str | None:
        """The Region of a bucket."""
        bucket = self._bucket(name)
        return str(bucket.region_name) if bucket is not None else None

    def bucket_versioning(self, name: str) -> str:
        """`Enabled`, `Suspended`, or empty when versioning never was on."""
        bucket = self._bucket(name)
        return str(bucket.versioning_status or "") if bucket is not None else ""

    def object_version(self, bucket: str, key: str, version_id: str | None = None) -> ObjectVersion | None:
        """A version, the latest when no id is given; None when there is none."""
        found = self.found(bucket, key, version_id)
        if found is None:
            return None
        if isinstance(found, FakeDeleteMarker):
            return ObjectVersion(bucket, key, found.version_id, marker=True, modified=found.last_modified)
        tags = self._store(bucket).tagger.get_tag_dict_for_resource(found.arn)
        return ObjectVersion(
            bucket,
            key,
            found.version_id,
            marker=False,
            size=found.size,
            modified=found.last_modified,
            tags=dict(tags),
            encryption=found.encryption or "",
            status=getattr(found, REPLICATION_STATUS, ""),
            etag=found.etag.strip('"'),
        )

    def set_replication_status(self, bucket: str, key: str, version_id: str, status: str) -> None:
        """Give a version its replication status: PENDING, COMPLETED, FAILED or REPLICA."""
        found = self.found(bucket, key, version_id)
        if found is not None:
            setattr(found, REPLICATION_STATUS, status)

    def put_replica(
        self, source: ObjectVersion, destination: str, *, storage_class: str = "", kms_key: str = ""
    ) -> None:
        """Write a replica: same bytes, version id, metadata, content type, tags, ETag, checksum and time.

        Args:
            source: the version to copy; must exist.
            destination: the bucket.
            storage_class: that of the rule; the source's when empty.
            kms_key: the key of the rule's encryption; the source's own way of encryption when empty.

        Raises:
            ServiceError: `NoSuchVersion` when the source is gone.
        """
        found = self.found(source.bucket, source.key, source.version_id)
        if not isinstance(found, FakeKey):
            raise ServiceError("NoSuchVersion", "The specified version does not exist.", 404)
        store = self._store(destination)
        with self.locked("s3", store.account_id):
            replica = self.found(destination, source.key, source.version_id)
            if replica is None:
                replica = store.put_object(
                    destination,
                    source.key,
                    found.value,
                    storage=storage_class or found.storage_class,
                    etag=found.etag.strip('"'),
                    encryption="aws:kms" if kms_key else found.encryption,
                    kms_key_id=kms_key or None,
                    checksum_value=found.checksum_value,
                )
                _copy_facts(found, replica)
            store.tagger.delete_all_tags_for_resource(replica.arn)
            store.tagger.tag_resource(replica.arn, store.tagger.convert_dict_to_tags_input(dict(source.tags)))
            setattr(replica, REPLICATION_STATUS, "REPLICA")
            _in_order(store.buckets[destination], source.key)

    def put_tags_of(self, replica: ObjectVersion, destination: str) -> None:
        """Give the same version at another bucket the tags of a replica of it; nothing where it is gone."""
        store = self._store(destination)
        with self.locked("s3", store.account_id):
            found = self.found(destination, replica.key, replica.version_id)
            if isinstance(found, FakeKey):
                store.tagger.delete_all_tags_for_resource(found.arn)
                store.tagger.tag_resource(found.arn, store.tagger.convert_dict_to_tags_input(dict(replica.tags)))

    def put_marker_replica(self, source: ObjectVersion, destination: str) -> None:
        """Write a delete marker with the source's version id."""
        found = self.found(source.bucket, source.key, source.version_id)
        bucket = self._bucket(destination)
        if not isinstance(found, FakeDeleteMarker) or bucket is None:
            raise ServiceError("NoSuchVersion", "The specified version does not exist.", 404)
        with self.locked("s3", bucket.account_id):
            if self.found(destination, source.key, source.version_id) is not None:
                return
            marker = FakeDeleteMarker(key=bucket.keys.get(source.key) or found.key)
            marker.name = source.key
            marker._version_id = found.version_id
            marker.last_modified = found.last_modified
            setattr(marker, REPLICATION_STATUS, "REPLICA")
            bucket.keys[source.key] = marker
            _in_order(bucket, source.key)

    def _store(self, bucket: str) -> Any:
        partition, account = s3_backends.bucket_accounts[bucket]
        # `get`, since moto's `[]` takes a lock of the whole process each time.
        return s3_backends.get(account).get(partition)

    def _bucket(self, name: str) -> Any:
        return bucket_of(name)

    def found(self, bucket: str, key: str, version_id: str | None) -> Any:
        """The object of moto's own or delete marker; the latest without a version id, None when there is none."""
        held = self._bucket(bucket)
        if held is None:
            return None
        versions = list(held.keys.getlist(key, default=None) or ())
        if version_id is None:
            return versions[-1] if versions else None
        return next((one for one in versions if str(one.version_id) == version_id), None)


def bucket_of(name: str) -> Any:
    """The bucket of moto's with this name; None when there is none."""
    found = s3_backends.bucket_accounts.get(name)
    held = s3_backends.get(found[1]) if found else None
    store = held.get(found[0]) if held is not None else None
    return store.buckets.get(name) if store is not None else None


def copied(asked: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """Bucket, key and version id (None for the latest) of what a checked call copies."""
    path, _, query = str(asked.get("CopySource", "")).partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    return bucket, key, dict(parse_qsl(query)).get("versionId")


def _in_order(bucket: Any, key: str) -> None:
    # A replica that was tried twice arrives late; the newest version must stay the newest.
    bucket.keys.setlist(key, sorted(bucket.keys.getlist(key), key=lambda one: one.last_modified))


def _copy_facts(source: Any, replica: Any) -> None:
    replica._version_id = source.version_id
    replica._is_versioned = True
    replica.last_modified = source.last_modified
    replica.set_metadata(dict(source.metadata), replace=False)
    for name in ("checksum_algorithm", "checksum_type", "checksum_parts", "website_redirect_location"):
        setattr(replica, name, getattr(source, name))
