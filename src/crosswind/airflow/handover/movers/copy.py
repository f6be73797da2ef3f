"""Copies by the destination's role, object by object: exactly the handed-over version, wherever a copy was cut.

Each copy carries the source's version id in its metadata. So a copy that was made just before a crash is found
again, whether or not `arrival.json` got to name it. And S3 makes it only on top of what the mover has seen there
(`If-None-Match`, `If-Match`): one that pauses, and goes on when another has long copied and the arrival was handed on,
makes no second version.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from botocore.exceptions import ClientError

from crosswind.airflow.handover.model import Handover, Version
from crosswind.airflow.handover.movers.parts import PART_SIZE, Parts
from crosswind.airflow.handover.movers.record import read_record, write_record
from crosswind.airflow.handover.objects import (
    TAKEN,
    Listed,
    checksum_of,
    code_of,
    contradiction,
    head,
    listed,
    version_of,
)
from crosswind.airflow.target import Clients
from crosswind.aws.translate import translated
from crosswind.errors import InputError, NotFoundError

__all__ = ["Copy", "SOURCE_VERSION"]

SOURCE_VERSION = "crosswind-source-version"
"""The member of a copy's metadata that names the version at the source."""

_LARGEST = 5 * 1024**3
_NOTHING_THERE = {"IfNoneMatch": "*"}
# What a copy by one request takes over by itself, and a copy with metadata of its own does not.
_KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")


class Copy:
    """The mover `copy`, and the repair of what S3 failed to replicate.

    A call of `move` makes at most so many requests that copy, then writes `arrival.json` and comes back: a crash
    loses no copy, and the caller may say how far it is. Calls for each object: a look at the source and the copy;
    larger ones one a part.

    Args:
        source: of the source's account; looks only.
        destination: of the destination's account; its role must be able to read the source's versions.
        bucket: the destination.
        threshold: bytes from which an object is copied in parts; S3's limit for one request, 5 GiB, at most.
        part_size: bytes of a part, at least 5 MiB.
        requests: how many copying requests a call of `move` makes at most.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/CopyingObjectsMPUapi.html.
    """

    replicates = False

    def __init__(
        self,
        source: Clients,
        destination: Clients,
        bucket: str,
        *,
        threshold: int = _LARGEST,
        part_size: int = PART_SIZE,
        requests: int = 100,
    ) -> None:
        self.bucket = bucket
        self._source = source
        self._destination = destination
        self._threshold = min(threshold, _LARGEST)
        self._requests = requests
        self._parts = Parts(destination, bucket, source.target.account, part_size)
        self._known: tuple[Handover, dict[Version, Version]] | None = None

    def move(self, handover: Handover, keys: Collection[str] | None = None) -> bool:
        """Copy what is missing, as far as one call goes; true when all of it is copied and recorded.

        What lies below a delete marker is left as it is, and does not count.

        Raises:
            NotFoundError: a version is gone at the source.
            InputError: the destination keeps no versions, or a copy holds other bytes than its source.
            AwsError: S3 refused.
        """
        copies = dict(self.mapping(handover))
        before = dict(copies)
        on_top = {each.key: each for each in listed(self._destination, self.bucket, handover.prefix) if each.latest}
        left, whole = self._requests, True
        for version in handover.versions:
            if keys is not None and version.key not in keys:
                continue
            top = on_top.get(version.key)
            found, condition = self._there(version, top, copies.get(version))
            if found is None and top is not None and top.marker:
                continue
            if found is None and left > 0:
                found, used = self._copied(handover, version, condition, left)
                left -= used
            if found is None:
                whole = False
            else:
                copies[version] = found
        if copies != before:
            write_record(self._destination, self.bucket, handover, copies)
            self._known = (handover, copies)
        return whole

    def mapping(self, handover: Handover) -> Mapping[Version, Version]:
        """The copies that `arrival.json` names; read once and kept."""
        if self._known is None or self._known[0] != handover:
            self._known = (handover, read_record(self._destination, self.bucket, handover))
        return self._known[1]

    def _there(
        self, version: Version, top: Listed | None, known: Version | None
    ) -> tuple[Version | None, Mapping[str, str]]:
        """The copy that exists already, the recorded one or one on top that says so itself; and when to make one."""
        if top is None or top.marker:
            return (known if top else None), _NOTHING_THERE
        if known and known.version_id == top.version_id:
            return known, {}
        answer = head(self._destination, self.bucket, version.key, top.version_id)
        if answer is None:  # removed since it was listed
            return known, _NOTHING_THERE
        if answer.get("Metadata", {}).get(SOURCE_VERSION) != version.version_id:
            return known, {"IfMatch": answer["ETag"]}
        return self._sound(version, version_of(version.key, answer)), {}

    def _copied(
        self, handover: Handover, version: Version, condition: Mapping[str, str], requests: int
    ) -> tuple[Version | None, int]:
        """The copy and the requests that it took; None as long as parts are missing, or another's lies there."""
        answer = head(self._source, handover.bucket, version.key, version.version_id)
        if answer is None:
            raise NotFoundError(
                f"s3://{handover.bucket}/{version.key} has no version {version.version_id} any more",
                hint="it was removed at the source before it was copied: run the publishing DAG anew",
            )
        headers = {name: answer[name] for name in _KEPT if name in answer}
        headers["Metadata"] = {**answer.get("Metadata", {}), SOURCE_VERSION: version.version_id}
        origin = {"Bucket": handover.bucket, "Key": version.key, "VersionId": version.version_id}
        if version.size <= self._threshold and (self._conditional or not version.size):
            made = self._copied_whole(version, origin, {**headers, **(condition if self._conditional else {})})
            return (self._sound(version, made) if made else self._other(version)), 1
        done, used = self._parts.copy(version, origin, headers, condition, requests)
        return (self._other(version) if done else None), used

    @property
    def _conditional(self) -> bool:
        """Whether this boto3 knows conditional copies (not yet in 1.39); uploads in parts are conditional in all."""
        model = self._destination.client("s3").meta.service_model.operation_model("CopyObject")
        return "IfMatch" in model.input_shape.members

    def _other(self, version: Version) -> Version | None:
        """The copy that lies there now, whoever made it; None when it is none, and the next call copies anew."""
        found = head(self._destination, self.bucket, version.key)
        ours = found is not None and found.get("Metadata", {}).get(SOURCE_VERSION) == version.version_id
        return self._sound(version, version_of(version.key, found)) if found and ours else None

    def _copied_whole(self, version: Version, origin: Mapping[str, str], headers: Mapping[str, Any]) -> Version | None:
        """The copy; None when something else lies there by now."""
        doing = f"copy s3://{origin['Bucket']}/{version.key} to s3://{self.bucket}/ in {self._destination.target.text}"
        with translated(doing):
            try:
                answer = self._destination.client("s3").copy_object(
                    Bucket=self.bucket,
                    Key=version.key,
                    CopySource=origin,
                    ExpectedSourceBucketOwner=self._source.target.account,
                    MetadataDirective="REPLACE",
                    **headers,
                )
            except ClientError as error:
                if code_of(error) not in TAKEN:
                    raise
                return None
        # S3 copies a version as a whole or not at all: the size is the source's.
        described = {**answer, **answer["CopyObjectResult"], "ContentLength": version.size}
        return Version(version.key, version_of(version.key, described).version_id, version.size, checksum_of(described))

    def _sound(self, version: Version, made: Version) -> Version:
        if wrong := contradiction(version, made):
            raise InputError(
                f"s3://{self.bucket}/{version.key} in version {made.version_id} is no copy of version"
                f" {version.version_id} of the source: {wrong}"
            )
        return made
