"""The environment's bucket, read with the execution role: objects by version, the DAGs folder mirrored."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.local.mwaa.role import ExecutionRole

__all__ = ["BucketError", "DagMirror", "EnvironmentBucket"]


class BucketError(Exception):
    """The bucket, or something in it, cannot be used; the message says why."""


class EnvironmentBucket:
    """A bucket seen through the execution role.

    Args:
        role: the execution role.
        name: the bucket.
    """

    def __init__(self, role: ExecutionRole, name: str) -> None:
        self.name = name
        self._role = role

    def check(self) -> None:
        """Refuse a bucket that MWAA refuses: missing, without versioning, or open to the public.

        Raises:
            BucketError: with the reason. Rules: user guide, "Create an Amazon S3 bucket for Amazon MWAA".
        """
        client = self._role.client("s3")
        try:
            versioning = client.get_bucket_versioning(Bucket=self.name).get("Status")
        except (ClientError, BotoCoreError) as error:
            raise self._fault("read the versioning of the bucket", error) from error
        if versioning != "Enabled":
            raise BucketError(f"bucket {self.name} must have versioning enabled")
        try:
            block = client.get_public_access_block(Bucket=self.name)["PublicAccessBlockConfiguration"]
        except (ClientError, BotoCoreError) as error:
            raise self._fault("read the public access block of the bucket", error) from error
        if not all(block.values()):
            raise BucketError(f"bucket {self.name} must block all public access")

    def fetch(self, key: str, version: str) -> bytes:
        """One object, exactly this version; raises BucketError."""
        try:
            answer = self._role.client("s3").get_object(Bucket=self.name, Key=key, VersionId=version)
            content: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise self._fault(f"read {key}, version {version}, in the bucket", error) from error
        return content

    def objects(self, prefix: str) -> dict[str, str]:
        """The keys below a prefix, each with its ETag; raises BucketError."""
        found: dict[str, str] = {}
        try:
            pages = self._role.client("s3").get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.name, Prefix=prefix):
                found |= {entry["Key"]: entry["ETag"] for entry in page.get("Contents", ())}
        except (ClientError, BotoCoreError) as error:
            raise self._fault(f"list {prefix} in the bucket", error) from error
        return found

    def read(self, key: str) -> bytes | None:
        """The newest version of an object; None when it has gone meanwhile; raises BucketError."""
        try:
            content: bytes = self._role.client("s3").get_object(Bucket=self.name, Key=key)["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                return None
            raise self._fault(f"read {key} in the bucket", error) from error
        except BotoCoreError as error:
            raise self._fault(f"read {key} in the bucket", error) from error
        return content

    def _fault(self, doing: str, error: Any) -> BucketError:
        return BucketError(f"cannot {doing} {self.name} as {self._role.arn}: {error}")


class DagMirror:
    """The DAGs folder of a bucket, kept the same in a local folder.

    Args:
        bucket: the bucket.
        prefix: DagS3Path.
        folder: the local DAGs folder; what is in it and not in the bucket goes.
    """

    def __init__(self, bucket: EnvironmentBucket, prefix: str, folder: Path) -> None:
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self._folder = folder
        self._known: dict[str, str] = {}

    def sync(self) -> tuple[str, ...]:
        """Make the folder like the bucket.

        Returns:
            The paths that were written or removed, relative to the folder.

        Raises:
            BucketError: the bucket cannot be read; the folder then stays usable.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        tags = {
            key.removeprefix(self._prefix): tag
            for key, tag in self._bucket.objects(self._prefix).items()
            if not key.endswith("/")
        }
        wanted = {path: tag for path, tag in tags.items() if _stays_inside(path)}
        changed = [path for path in sorted(wanted) if self._known.get(path) != wanted[path]]
        for path in changed:
            content = self._bucket.read(self._prefix + path)
            if content is not None:
                self._write(path, content)
                self._known[path] = wanted[path]
        stale = self._stale(set(wanted))
        for path in stale:
            (self._folder / path).unlink(missing_ok=True)
            self._known.pop(path, None)
        return (*changed, *stale)

    def _write(self, path: str, content: bytes) -> None:
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        # Airflow's parser, which may look at this moment, takes only names that end with .py or .zip.
        draft = target.with_name(f".{target.name}.part")
        draft.write_bytes(content)
        os.replace(draft, target)

    def _stale(self, wanted: set[str]) -> list[str]:
        present = [
            path.relative_to(self._folder).as_posix()
            for path in self._folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ]
        return sorted(set(present) - wanted)


def _stays_inside(path: str) -> bool:
    """Whether a key, taken as a path, stays below the folder."""
    parts = path.split("/")
    return bool(path) and not any(part in ("", ".", "..") for part in parts)
