"""Copies one object in parts; parts that are there already are not copied again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from crosswind.airflow.handover.model import Version
from crosswind.airflow.handover.objects import TAKEN, code_of
from crosswind.airflow.target import Clients
from crosswind.aws.translate import translated

__all__ = ["PART_SIZE", "Parts"]

PART_SIZE = 512 * 1024**2
"""Bytes of a part unless told otherwise."""

_MOST_PARTS = 10_000
# S3 can tell these of the whole object from those of its parts; of the others only a checksum of checksums.
_WHOLE = {"crc32": "CRC32", "crc32c": "CRC32C", "crc64nvme": "CRC64NVME"}


class Parts:
    """Multipart copies into one bucket.

    Args:
        clients: of the destination's account.
        bucket: the destination.
        owner: the account that the source's bucket must be of.
        part_size: bytes of a part; more where an object would need more than 10,000 of them.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html (limits),
    docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html (checksums of parts).
    """

    def __init__(self, clients: Clients, bucket: str, owner: str, part_size: int = PART_SIZE) -> None:
        self._clients = clients
        self._bucket = bucket
        self._owner = owner
        self._part_size = part_size

    def copy(
        self,
        version: Version,
        origin: Mapping[str, str],
        headers: Mapping[str, Any],
        condition: Mapping[str, str],
        requests: int,
    ) -> tuple[bool, int]:
        """Copy parts that are missing, and put them together when none is.

        The upload of an earlier, cut call is taken up. The prefix is the run's own, so an upload below it is ours;
        one whose parts are of another size is given up.

        Args:
            version: what is copied.
            origin: bucket, key and version id at the source.
            headers: metadata and the like of the copy.
            condition: `IfMatch` or `IfNoneMatch`: what must lie under the key when the parts are put together.
            requests: how many parts at most.

        Returns:
            Whether the object is whole, by whomever, and how many parts were copied.
        """
        with translated(f"copy s3://{origin['Bucket']}/{version.key} in parts, in {self._clients.target.text}"):
            upload, done = self._begun(version) or (self._begin(version, headers), {})
            used = 0
            for number, first, last in self._ranges(version):
                if number in done:
                    continue
                if used == requests:
                    return False, used
                done[number] = self._clients.client("s3").upload_part_copy(
                    **self._of(version, upload),
                    PartNumber=number,
                    CopySource=dict(origin),
                    ExpectedSourceBucketOwner=self._owner,
                    CopySourceRange=f"bytes={first}-{last}",
                )["CopyPartResult"]
                used += 1
            self._complete(version, upload, done, condition)
            return True, used

    def _complete(
        self, version: Version, upload: str, done: Mapping[int, Mapping[str, Any]], condition: Mapping[str, str]
    ) -> None:
        """Put the parts together, unless another has done so, or something else lies under the key by now."""
        parts = {"Parts": [_named(number, done[number]) for number in sorted(done)]}
        s3 = self._clients.client("s3")
        try:
            s3.complete_multipart_upload(**self._of(version, upload), MultipartUpload=parts, **condition)
        except ClientError as error:
            if code_of(error) in TAKEN:
                s3.abort_multipart_upload(**self._of(version, upload))
            elif code_of(error) != "NoSuchUpload":
                raise

    def _of(self, version: Version, upload: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": version.key, "UploadId": upload}

    def _ranges(self, version: Version) -> list[tuple[int, int, int]]:
        size = max(self._part_size, -(-version.size // _MOST_PARTS))
        starts = range(0, version.size, size)
        return [(number, first, min(first + size, version.size) - 1) for number, first in enumerate(starts, 1)]

    def _begin(self, version: Version, headers: Mapping[str, Any]) -> str:
        kind, _, value = version.checksum.partition(":")
        whole = kind in _WHOLE and "-" not in value
        checksum = {"ChecksumAlgorithm": _WHOLE[kind], "ChecksumType": "FULL_OBJECT"} if whole else {}
        answer = self._clients.client("s3").create_multipart_upload(
            Bucket=self._bucket, Key=version.key, **headers, **checksum
        )
        return str(answer["UploadId"])

    def _begun(self, version: Version) -> tuple[str, dict[int, Mapping[str, Any]]] | None:
        """The upload that goes on, with its parts; all others of the key are given up, for they cost storage."""
        sizes = {number: last - first + 1 for number, first, last in self._ranges(version)}
        taken: tuple[str, dict[int, Mapping[str, Any]]] | None = None
        for upload in list(self._uploads(version)):
            parts = {part["PartNumber"]: part for part in self._listed(version, upload)} if taken is None else {}
            if taken is None and all(sizes.get(number) == part["Size"] for number, part in parts.items()):
                taken = (upload, parts)
            else:
                self._clients.client("s3").abort_multipart_upload(**self._of(version, upload))
        return taken

    def _uploads(self, version: Version) -> Iterator[str]:
        page: dict[str, Any] = {}
        while True:
            answer = self._clients.client("s3").list_multipart_uploads(Bucket=self._bucket, Prefix=version.key, **page)
            for upload in answer.get("Uploads", ()):
                if upload["Key"] == version.key:
                    yield upload["UploadId"]
            if not answer.get("IsTruncated"):
                return
            page = {"KeyMarker": answer["NextKeyMarker"], "UploadIdMarker": answer["NextUploadIdMarker"]}

    def _listed(self, version: Version, upload: str) -> Iterator[Mapping[str, Any]]:
        page: dict[str, Any] = {}
        while True:
            answer = self._clients.client("s3").list_parts(**self._of(version, upload), **page)
            yield from answer.get("Parts", ())
            if not answer.get("IsTruncated"):
                return
            page = {"PartNumberMarker": answer["NextPartNumberMarker"]}


def _named(number: int, part: Mapping[str, Any]) -> dict[str, Any]:
    """A part as CompleteMultipartUpload wants it: S3 asks for the checksum of each where it keeps one."""
    checksums = {name: value for name, value in part.items() if name.startswith("Checksum") and value}
    return {"PartNumber": number, "ETag": part["ETag"], **checksums}
