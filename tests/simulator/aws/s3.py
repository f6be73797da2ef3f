"""S3: versioned buckets, conditional writes, copies, multipart uploads, and replication with a scripted fate.

Sources: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html, versioning-workflows.html,
replication-status.html, mpuoverview.html.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.simulator.aws.errors import refused
from tests.simulator.aws.storage import Bucket, Fate, Stored, Upload, crc32, fail, land
from tests.simulator.clock import Clock

__all__ = ["S3"]

_MIB = 1024**2


class S3:
    """The S3 of all accounts and Regions: bucket names are unique.

    Args:
        clock: the time.
        smallest_part: of a multipart upload, in bytes, but for the last.
        largest_copy: that CopyObject takes, in bytes.
    """

    name = "s3"

    def __init__(self, clock: Clock, *, smallest_part: int = 5 * _MIB, largest_copy: int = 5 * 1024 * _MIB) -> None:
        self.clock = clock
        self.buckets: dict[str, Bucket] = {}
        self.smallest_part, self.largest_copy = smallest_part, largest_copy
        self._versions = 0

    # what tests and other services do directly

    def create(self, name: str, account: str, region: str) -> Bucket:
        self.buckets[name] = Bucket(name, account, region)
        return self.buckets[name]

    def write(self, bucket: Bucket, key: str, body: bytes) -> Stored:
        """A new version, replicated when a rule covers it."""
        self._versions += 1
        stored = Stored(key, f"v{self._versions:06d}", body, self.clock.now)
        self._add(bucket, stored)
        return stored

    def _add(self, bucket: Bucket, stored: Stored) -> None:
        bucket.objects.setdefault(stored.key, []).append(stored)
        there = bucket.replicate_to
        if there is None or stored.marker or not stored.key.startswith(bucket.folder):
            return
        replica = bucket.script(stored)
        stored.replication = "PENDING"
        if replica.fate == Fate.ARRIVES:
            self.clock.after(replica.seconds, lambda: land(bucket, there, stored))
        elif replica.fate == Fate.FAILS:
            self.clock.after(replica.seconds, lambda: fail(bucket, stored))

    # objects

    def put_object(self, p: Mapping[str, Any]) -> dict[str, Any]:
        bucket, key = self._bucket(p, "PutObject"), p["Key"]
        self._condition(bucket, p, "PutObject")
        body = p.get("Body", b"")
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = body.read()
        self._versions += 1
        stored = Stored(key, f"v{self._versions:06d}", body, self.clock.now)
        stored.metadata, stored.type = p.get("Metadata", {}), p.get("ContentType", stored.type)
        self._add(bucket, stored)
        return {"ETag": stored.etag, "VersionId": stored.version_id, **stored.checksum}

    def head_object(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stored = self._found(p, "HeadObject")
        answer: dict[str, Any] = {
            "ContentLength": len(stored.body),
            "ETag": stored.etag,
            "VersionId": stored.version_id,
            "LastModified": self.clock.date(stored.modified // 1),
            "ContentType": stored.type,
            "Metadata": dict(stored.metadata),
            "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {"date": self.clock.header()}},
        }
        if stored.replication:
            answer["ReplicationStatus"] = stored.replication
        if p.get("ChecksumMode") == "ENABLED":
            answer.update(stored.checksum)
        return answer

    def get_object(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stored = self._found(p, "GetObject")
        return {**self.head_object(p), "Body": BytesIO(stored.body)}

    def delete_object(self, p: Mapping[str, Any]) -> dict[str, Any]:
        bucket, key = self._bucket(p, "DeleteObject"), p["Key"]
        if "VersionId" in p:
            kept = [stored for stored in bucket.objects.get(key, []) if stored.version_id != p["VersionId"]]
            bucket.objects[key] = kept
            return {"VersionId": p["VersionId"]}
        self._versions += 1
        marker = Stored(key, f"v{self._versions:06d}", b"", self.clock.now, marker=True)
        bucket.objects.setdefault(key, []).append(marker)
        return {"DeleteMarker": True, "VersionId": marker.version_id}

    def delete_objects(self, p: Mapping[str, Any]) -> dict[str, Any]:
        for entry in p["Delete"]["Objects"]:
            self.delete_object({"Bucket": p["Bucket"], **entry})
        return {"Deleted": list(p["Delete"]["Objects"])}

    def get_object_tagging(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stored = self._found(p, "GetObjectTagging")
        pairs = [{"Key": key, "Value": value} for key, value in stored.tags.items()]
        return {"TagSet": pairs, "VersionId": stored.version_id}

    def put_object_tagging(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stored = self._found(p, "PutObjectTagging")
        stored.tags = {tag["Key"]: tag["Value"] for tag in p["Tagging"]["TagSet"]}
        return {"VersionId": stored.version_id}

    # listings

    def head_bucket(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return {"BucketRegion": self._bucket(p, "HeadBucket").region}

    def get_bucket_versioning(self, p: Mapping[str, Any]) -> dict[str, Any]:
        self._bucket(p, "GetBucketVersioning")
        return {"Status": "Enabled"}

    def get_bucket_replication(self, p: Mapping[str, Any]) -> dict[str, Any]:
        bucket = self._bucket(p, "GetBucketReplication")
        if bucket.replicate_to is None:
            text = "The replication configuration was not found"
            raise refused("ReplicationConfigurationNotFoundError", "GetBucketReplication", text, 404)
        rule = {
            "ID": "transformed",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": bucket.folder},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{bucket.replicate_to.name}"},
        }
        role = f"arn:aws:iam::{bucket.account}:role/replication"
        return {"ReplicationConfiguration": {"Role": role, "Rules": [rule]}}

    def list_objects_v2(self, p: Mapping[str, Any]) -> dict[str, Any]:
        bucket = self._bucket(p, "ListObjectsV2")
        prefix, delimiter = p.get("Prefix", ""), p.get("Delimiter", "")
        start = p.get("ContinuationToken", "") or p.get("StartAfter", "")
        entries: list[tuple[str, Stored | None]] = []
        for stored in bucket.below(prefix):
            rest = stored.key[len(prefix) :]
            if delimiter and delimiter in rest:
                folder = prefix + rest.split(delimiter)[0] + delimiter
                if not entries or entries[-1][0] != folder:
                    entries.append((folder, None))
            else:
                entries.append((stored.key, stored))
        entries = [entry for entry in entries if entry[0] > start]
        limit = p.get("MaxKeys", 1000)
        page, more = entries[:limit], len(entries) > limit
        answer: dict[str, Any] = {"KeyCount": len(page), "IsTruncated": more, "Name": bucket.name, "Prefix": prefix}
        if contents := [self._entry(stored) for _, stored in page if stored]:
            answer["Contents"] = contents
        if folders := [{"Prefix": name} for name, stored in page if not stored]:
            answer["CommonPrefixes"] = folders
        if more:
            answer["NextContinuationToken"] = page[-1][0]
        return answer

    def list_object_versions(self, p: Mapping[str, Any]) -> dict[str, Any]:
        bucket, prefix = self._bucket(p, "ListObjectVersions"), p.get("Prefix", "")
        found = [
            (stored, place == 0)
            for key in sorted(bucket.objects)
            if key.startswith(prefix)
            for place, stored in enumerate(reversed(bucket.objects[key]))
        ]
        if "KeyMarker" in p:
            mark = (p["KeyMarker"], p.get("VersionIdMarker"))
            places = [n for n, (stored, _) in enumerate(found) if (stored.key, stored.version_id) == mark]
            found = found[places[0] + 1 :] if places else [each for each in found if each[0].key > mark[0]]
        limit = p.get("MaxKeys", 1000)
        page, more = found[:limit], len(found) > limit
        answer: dict[str, Any] = {"IsTruncated": more, "Name": bucket.name, "Prefix": prefix}
        if listed := [
            self._entry(s) | {"VersionId": s.version_id, "IsLatest": last} for s, last in page if not s.marker
        ]:
            answer["Versions"] = listed
        if markers := [{"Key": s.key, "VersionId": s.version_id, "IsLatest": last} for s, last in page if s.marker]:
            answer["DeleteMarkers"] = markers
        if more:
            answer["NextKeyMarker"], answer["NextVersionIdMarker"] = page[-1][0].key, page[-1][0].version_id
        return answer

    # copies

    def copy_object(self, p: Mapping[str, Any]) -> dict[str, Any]:
        bucket, source = self._bucket(p, "CopyObject"), self._source(p, "CopyObject")
        self._condition(bucket, p, "CopyObject")
        if len(source.body) > self.largest_copy:
            text = "The specified copy source is larger than the maximum allowable size for a copy source"
            raise refused("InvalidRequest", "CopyObject", text)
        self._versions += 1
        stored = Stored(p["Key"], f"v{self._versions:06d}", source.body, self.clock.now)
        stored.origin = source.origin
        replaced = p.get("MetadataDirective") == "REPLACE"
        stored.metadata, stored.type = (p.get("Metadata", {}) if replaced else source.metadata), source.type
        self._add(bucket, stored)
        result = {"ETag": stored.etag, "LastModified": self.clock.date(), **stored.checksum}
        return {"CopyObjectResult": result, "VersionId": stored.version_id, "CopySourceVersionId": source.version_id}

    def create_multipart_upload(self, p: Mapping[str, Any]) -> dict[str, Any]:
        bucket = self._bucket(p, "CreateMultipartUpload")
        self._versions += 1
        upload = f"upload-{self._versions}"
        made = Upload(p["Key"], p.get("Metadata", {}), algorithm=p.get("ChecksumAlgorithm", ""))
        made.whole = p.get("ChecksumType", "COMPOSITE" if made.algorithm else "FULL_OBJECT") == "FULL_OBJECT"
        bucket.uploads[upload] = made
        return {"Bucket": bucket.name, "Key": p["Key"], "UploadId": upload}

    def upload_part(self, p: Mapping[str, Any]) -> dict[str, Any]:
        upload = self._upload(p, "UploadPart")
        upload.parts[p["PartNumber"]] = p["Body"]
        return {"ETag": Stored("", "", p["Body"], 0).etag, "ChecksumCRC32": crc32(p["Body"])}

    def upload_part_copy(self, p: Mapping[str, Any]) -> dict[str, Any]:
        upload, source = self._upload(p, "UploadPartCopy"), self._source(p, "UploadPartCopy")
        body = source.body
        if "CopySourceRange" in p:
            first, last = p["CopySourceRange"].removeprefix("bytes=").split("-")
            body = body[int(first) : int(last) + 1]
        upload.parts[p["PartNumber"]], upload.origin = body, source.origin
        result = {"ETag": Stored("", "", body, 0).etag, "LastModified": self.clock.date(), "ChecksumCRC32": crc32(body)}
        return {"CopyPartResult": result, "CopySourceVersionId": source.version_id}

    def list_parts(self, p: Mapping[str, Any]) -> dict[str, Any]:
        upload = self._upload(p, "ListParts")
        parts = [
            {
                "PartNumber": number,
                "Size": len(body),
                "ETag": Stored("", "", body, 0).etag,
                "ChecksumCRC32": crc32(body),
            }
            for number, body in sorted(upload.parts.items())
            if number > int(p.get("PartNumberMarker", 0))
        ]
        return {"Parts": parts, "IsTruncated": False, "UploadId": p["UploadId"]}

    def list_multipart_uploads(self, p: Mapping[str, Any]) -> dict[str, Any]:
        bucket, prefix = self._bucket(p, "ListMultipartUploads"), p.get("Prefix", "")
        found = [
            {"UploadId": upload, "Key": made.key, "Initiated": self.clock.date()}
            for upload, made in bucket.uploads.items()
            if made.key.startswith(prefix)
        ]
        return {"IsTruncated": False, **({"Uploads": found} if found else {})}

    def abort_multipart_upload(self, p: Mapping[str, Any]) -> dict[str, Any]:
        self._upload(p, "AbortMultipartUpload")
        del self.buckets[p["Bucket"]].uploads[p["UploadId"]]
        return {}

    def complete_multipart_upload(self, p: Mapping[str, Any]) -> dict[str, Any]:
        upload, bucket = self._upload(p, "CompleteMultipartUpload"), self.buckets[p["Bucket"]]
        self._condition(bucket, p, "CompleteMultipartUpload")
        numbers = [part["PartNumber"] for part in p["MultipartUpload"]["Parts"]]
        missing = [number for number in numbers if number not in upload.parts]
        if missing:
            raise refused("InvalidPart", "CompleteMultipartUpload", f"parts {missing} could not be found")
        bodies = [upload.parts[number] for number in numbers]
        if any(len(body) < self.smallest_part for body in bodies[:-1]):
            text = "Your proposed upload is smaller than the minimum allowed object size."
            raise refused("EntityTooSmall", "CompleteMultipartUpload", text)
        self._versions += 1
        stored = Stored(upload.key, f"v{self._versions:06d}", b"".join(bodies), self.clock.now)
        digests = b"".join(hashlib.md5(body).digest() for body in bodies)
        stored.etag = f'"{hashlib.md5(digests).hexdigest()}-{len(bodies)}"'
        stored.metadata, stored.origin = upload.metadata, upload.origin or stored.origin
        if not upload.whole:
            crcs = b"".join(zlib.crc32(body).to_bytes(4, "big") for body in bodies)
            stored.checksum = {"ChecksumCRC32": f"{crc32(crcs)}-{len(bodies)}", "ChecksumType": "COMPOSITE"}
        del bucket.uploads[p["UploadId"]]
        self._add(bucket, stored)
        answer = {"Bucket": bucket.name, "Key": stored.key, "ETag": stored.etag, "VersionId": stored.version_id}
        return {**answer, **stored.checksum}

    # the rules

    def _bucket(self, p: Mapping[str, Any], operation: str) -> Bucket:
        bucket = self.buckets.get(p["Bucket"])
        if bucket is None:
            raise refused("NoSuchBucket", operation, "The specified bucket does not exist", 404)
        if p.get("ExpectedBucketOwner", bucket.account) != bucket.account:
            raise refused("AccessDenied", operation, "Access Denied", 403)
        return bucket

    def _found(self, p: Mapping[str, Any], operation: str) -> Stored:
        bucket, key, head = self._bucket(p, operation), p["Key"], operation == "HeadObject"
        versions = bucket.objects.get(key, [])
        if "VersionId" in p:
            stored = bucket.version(key, p["VersionId"])
            if stored is None:
                raise refused("404" if head else "NoSuchVersion", operation, "Not Found", 404)
            if stored.marker:
                raise refused("405" if head else "MethodNotAllowed", operation, "Method Not Allowed", 405)
            return stored
        if not versions or versions[-1].marker:
            marked = {"x_amz_delete_marker": "true"} if versions else {}
            raise refused("404" if head else "NoSuchKey", operation, "Not Found", 404, **marked)
        return versions[-1]

    def _source(self, p: Mapping[str, Any], operation: str) -> Stored:
        given = p["CopySource"]
        if isinstance(given, str):
            path, _, query = given.partition("?")
            bucket, _, key = unquote(path).lstrip("/").partition("/")
            given = {"Bucket": bucket, "Key": key}
            if found := parse_qs(query).get("versionId"):
                given["VersionId"] = found[0]
        if owner := p.get("ExpectedSourceBucketOwner"):
            given = {**given, "ExpectedBucketOwner": owner}
        source = self._found(given, operation)
        if p.get("CopySourceIfMatch", source.etag).strip('"') != source.etag.strip('"'):
            raise refused("PreconditionFailed", operation, "At least one of the pre-conditions did not hold", 412)
        return source

    def _upload(self, p: Mapping[str, Any], operation: str) -> Upload:
        upload = self._bucket(p, operation).uploads.get(p["UploadId"])
        if upload is None or upload.key != p["Key"]:
            raise refused("NoSuchUpload", operation, "The specified multipart upload does not exist.", 404)
        return upload

    def _condition(self, bucket: Bucket, p: Mapping[str, Any], operation: str) -> None:
        key, current = p["Key"], bucket.current(p["Key"])
        if "IfNoneMatch" not in p and key.endswith(bucket.guarded or ("\0",)):
            raise refused("AccessDenied", operation, "an explicit deny in a resource-based policy", 403)
        if "IfNoneMatch" in p and current is not None:
            raise refused("PreconditionFailed", operation, "At least one of the pre-conditions did not hold", 412)
        if "IfMatch" in p:
            if current is None:
                raise refused("NoSuchKey", operation, "The specified key does not exist.", 404)
            if p["IfMatch"].strip('"') != current.etag.strip('"'):
                raise refused("PreconditionFailed", operation, "At least one of the pre-conditions did not hold", 412)

    def _entry(self, stored: Stored) -> dict[str, Any]:
        return {
            "Key": stored.key,
            "Size": len(stored.body),
            "ETag": stored.etag,
            "LastModified": self.clock.date(stored.modified // 1),
            "StorageClass": "STANDARD",
        }
