"""S3 as a job uses it: objects fetched and stored with the credentials of the job's own role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["fetch", "fetch_prefix", "list_keys", "split", "store"]


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`; the key may be empty.

    Raises:
        ValueError: it is no S3 URI.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in ("s3", "s3a", "https") or not bucket or scheme == "https":
        raise ValueError(f"{uri!r} is not an S3 URI (s3://bucket/key)")
    return bucket, key


def fetch(s3: Any, uri: str, path: Path) -> None:
    """Download one object; raises botocore's ClientError when S3 refuses."""
    bucket, key = split(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        for chunk in body.iter_chunks(1 << 20):
            file.write(chunk)


def list_keys(s3: Any, uri: str) -> list[str]:
    """The keys that begin with the URI's key, folder markers left out; sorted as S3 sorts them."""
    bucket, prefix = split(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return [key for key in found if not key.endswith("/")]


def fetch_prefix(s3: Any, uri: str, folder: Path) -> int:
    """Download everything under a prefix, as SageMaker does for S3Prefix.

    What lies in the folder that the prefix names keeps its path below it; of a prefix that is the beginning of a name,
    or a whole key, its path below the last `/`.

    Returns:
        How many objects.
    """
    bucket, prefix = split(uri)
    named, around = prefix.rstrip("/"), prefix.rpartition("/")[0]
    keys = list_keys(s3, uri)
    for key in keys:
        base = named if key.startswith(f"{named}/") else around
        target = (folder / key.removeprefix(base).lstrip("/")).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise ValueError(f"the key {key!r} points out of the channel's folder")
        fetch(s3, f"s3://{bucket}/{key}", target)
    return len(keys)


def store(s3: Any, path: Path, uri: str, *, key: str = "") -> None:
    """Upload one file.

    Args:
        s3: a client.
        path: of the file.
        uri: where to.
        key: the KMS key that S3 encrypts it with; empty leaves that to the bucket.
    """
    bucket, name = split(uri)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    with path.open("rb") as file:
        s3.put_object(Bucket=bucket, Key=name, Body=file, **encryption)
