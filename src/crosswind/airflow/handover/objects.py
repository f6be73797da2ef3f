"""Objects as S3 tells of them: one version by HEAD, many by a list, and when two descriptions are of the same bytes.

Every read of the handover rooms goes through here, so that each says the bucket, the account and the Region when it
fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from crosswind.airflow.handover.model import Version
from crosswind.airflow.target import Clients
from crosswind.aws.translate import translated
from crosswind.errors import InputError

__all__ = [
    "TAKEN",
    "Body",
    "Listed",
    "alike",
    "body",
    "checksum_of",
    "code_of",
    "contradiction",
    "head",
    "heads",
    "kms_key_of",
    "listed",
    "version_of",
]

# A HEAD has no body, so botocore names the error by its status; 405 is a HEAD on a delete marker's version.
_ABSENT = {"404", "405", "MethodNotAllowed", "NoSuchKey", "NoSuchVersion", "NotFound"}
TAKEN = frozenset({"412", "PreconditionFailed"})
"""The codes of a write that was to be the first one, and was not."""
# Members of HeadObject's answer, the order that they are looked for when S3 keeps several.
_THREADS = 10  # botocore keeps as many connections open
_TOGETHER = 1000  # answers that may wait for their turn
_CHECKSUMS = ("CRC64NVME", "CRC32", "CRC32C", "SHA256", "SHA1")


@dataclass(frozen=True)
class Listed:
    """A version, or a delete marker, in a list.

    Args:
        key: the object.
        version_id: of the version or the marker.
        latest: whether it lies on top, that is, what a reader of the key gets.
        marker: true for a delete marker.
        size: in bytes; 0 for a marker.
    """

    key: str
    version_id: str
    latest: bool
    marker: bool
    size: int = 0


class Body(NamedTuple):
    """A small object: its bytes, the version that they are of, and when S3 took it in, by its clock, to the second."""

    data: bytes
    version_id: str
    modified: datetime


def head(clients: Clients, bucket: str, key: str, version_id: str = "") -> Mapping[str, Any] | None:
    """HeadObject's answer with checksums; None when the object or the version is not there.

    Args:
        clients: of the bucket's account.
        bucket: its name.
        key: the object.
        version_id: the version; empty for the current one.

    Raises:
        AwsError: any other failure. Without `s3:ListBucket` S3 answers 403 for what is not there; the checksum of an
            object that KMS encrypts takes `kms:Decrypt`.

    Source: docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html.
    """
    asked = {"Bucket": bucket, "Key": key, "ChecksumMode": "ENABLED"} | (
        {"VersionId": version_id} if version_id else {}
    )
    with translated(f"look at {_named(bucket, key, version_id)} in {clients.target.text}"):
        try:
            answer: Mapping[str, Any] = clients.client("s3").head_object(**asked)
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return None
            raise
    return answer


def heads(clients: Clients, bucket: str, asked: Sequence[tuple[str, str]]) -> Iterator[Mapping[str, Any] | None]:
    """`head` of many, in the order given; more than ten are asked for at the same time.

    Args:
        clients: of the bucket's account.
        bucket: its name.
        asked: key and version id of each, as for `head`.

    Raises:
        AwsError: one failed; those before it have been given.
    """
    if len(asked) <= _THREADS:
        yield from (head(clients, bucket, key, version_id) for key, version_id in asked)
        return
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="crosswind-head") as pool:
        for start in range(0, len(asked), _TOGETHER):
            yield from pool.map(lambda each: head(clients, bucket, *each), asked[start : start + _TOGETHER])


def body(clients: Clients, bucket: str, key: str, version_id: str = "") -> Body | None:
    """A small object; None when it is not there."""
    asked = {"Bucket": bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})
    with translated(f"read {_named(bucket, key, version_id)} in {clients.target.text}"):
        try:
            answer = clients.client("s3").get_object(**asked)
            return Body(answer["Body"].read(), answer.get("VersionId", ""), answer["LastModified"])
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return None
            raise


def listed(clients: Clients, bucket: str, prefix: str) -> Iterator[Listed]:
    """All versions and delete markers below a prefix, 1,000 a call; of one key the newest first."""
    page: dict[str, Any] = {}
    while True:
        with translated(f"list the versions below s3://{bucket}/{prefix} in {clients.target.text}"):
            answer = clients.client("s3").list_object_versions(Bucket=bucket, Prefix=prefix, **page)
        for each in answer.get("Versions", ()):
            yield Listed(each["Key"], each["VersionId"], each["IsLatest"], marker=False, size=each.get("Size", 0))
        for each in answer.get("DeleteMarkers", ()):
            yield Listed(each["Key"], each["VersionId"], each["IsLatest"], marker=True)
        if not answer.get("IsTruncated"):
            return
        page = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer.get("NextVersionIdMarker", "")}


def version_of(key: str, answer: Mapping[str, Any]) -> Version:
    """The version that an answer of HeadObject describes.

    Raises:
        InputError: the bucket keeps no versions.
    """
    version_id = answer.get("VersionId", "")
    if version_id in ("", "null"):
        raise InputError(
            f"{key} has no version id: the bucket does not keep versions",
            hint="enable versioning on the bucket before the job writes; buckets of crosswind.yaml have it",
        )
    return Version(key, version_id, answer["ContentLength"], checksum_of(answer))


def checksum_of(answer: Mapping[str, Any]) -> str:
    """The checksum in an answer of HeadObject or CopyObject: `crc32:...` and the like, else `etag:...`.

    The ETag of an object that KMS encrypts says nothing of its bytes: it stands as `kms-etag:...` and is compared
    with nothing (docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html, ETag).
    """
    for name in _CHECKSUMS:
        if value := answer.get(f"Checksum{name}"):
            return f"{name.lower()}:{value}"
    kind = "kms-etag" if str(answer.get("ServerSideEncryption", "")).startswith("aws:kms") else "etag"
    return f"{kind}:{answer.get('ETag', '').strip(chr(34))}"


def kms_key_of(answer: Mapping[str, Any]) -> str:
    """The ARN of the KMS key that encrypts an object; empty when none does."""
    return str(answer.get("SSEKMSKeyId", ""))


def contradiction(expected: Version, found: Version) -> str:
    """What shows that two versions hold different bytes, as words; empty when nothing does.

    Sizes are always compared. Checksums are when both are of one algorithm and over the whole object: the checksum
    and the ETag of an object that was written in parts (`...-3`) depend on the parts, and change with a copy
    (docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html).
    """
    if expected.size != found.size:
        return f"it has {found.size} bytes, not {expected.size}"
    wanted, seen = _whole(expected.checksum), _whole(found.checksum)
    if wanted and seen and wanted[0] == seen[0] and wanted != seen:
        return f"its checksum is {found.checksum}, not {expected.checksum}"
    return ""


def alike(expected: Version, found: Version) -> bool:
    """Whether two versions are proven to hold the same bytes: sizes and checksums are equal, and say something.

    Stricter than no contradiction: where the checksums cannot be compared, nothing is proven. That of an object written
    in parts proves it too, when it is equal: then the parts are.
    """
    kind, _, value = expected.checksum.partition(":")
    return bool(value) and kind != "kms-etag" and (expected.size, expected.checksum) == (found.size, found.checksum)


def code_of(error: ClientError) -> str:
    """The error code of the service."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _whole(checksum: str) -> tuple[str, str] | None:
    kind, _, value = checksum.partition(":")
    return None if kind == "kms-etag" or "-" in value or not value else (kind, value)


def _named(bucket: str, key: str, version_id: str) -> str:
    return f"s3://{bucket}/{key}" + (f" in version {version_id}" if version_id else "")
