"""What a running step does in S3: upload, remove, stop replication, empty and delete a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from crosswind.aws import translated
from crosswind.deploy.stacks import Working
from crosswind.deploy.steps import EmptyBucket, RemoveObject, StopReplication, Upload
from crosswind.errors import DeployError, NotFoundError

__all__ = ["digest", "empty_bucket", "remove_object", "stop_replication", "upload"]

# docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html: at most 1,000 keys in one call.
_BATCH = 1000


def digest(content: bytes) -> str:
    """The SHA-256 that an upload notes in its object's metadata (an ETag is no checksum under SSE-KMS)."""
    return hashlib.sha256(content).hexdigest()


def upload(step: Upload, working: Working) -> str:
    """Put the object; returns its version id, empty in a bucket without versioning."""
    client = working.sessions.client("s3", step.account, step.region)

    def call() -> str:
        with translated(f"upload s3://{step.bucket}/{step.key} in {step.account}, {step.region}"):
            put = client.put_object(
                Bucket=step.bucket,
                Key=step.key,
                Body=step.content,
                ContentType=step.content_type,
                Metadata={"crosswind-sha256": digest(step.content)},
                ExpectedBucketOwner=step.account,
            )
        return str(put.get("VersionId", ""))

    return working.wait.trying(call, f"upload {step.key}")


def remove_object(step: RemoveObject, working: Working) -> str:
    """Delete the object (in a versioned bucket a marker is put on top)."""
    client = working.sessions.client("s3", step.account, step.region)
    with translated(f"remove s3://{step.bucket}/{step.key} in {step.account}, {step.region}"):
        client.delete_object(Bucket=step.bucket, Key=step.key, ExpectedBucketOwner=step.account)
    return "removed"


def stop_replication(step: StopReplication, working: Working) -> str:
    """Remove the replication rules; a bucket without any, or no bucket, is fine."""
    client = working.sessions.client("s3", step.account, step.region)
    try:
        with translated(f"stop the replication of {step.bucket} in {step.account}, {step.region}"):
            client.delete_bucket_replication(Bucket=step.bucket, ExpectedBucketOwner=step.account)
    except NotFoundError:
        return "not there"
    return "stopped"


def empty_bucket(step: EmptyBucket, working: Working) -> str:
    """Delete every version and delete marker, and the bucket when asked; returns what was removed.

    Raises:
        DeployError: S3 refused to delete an object; names the first and the reason.
    """
    client = working.sessions.client("s3", step.account, step.region)
    count = 0
    try:
        for batch in _batches(client, step):
            with translated(f"empty the bucket {step.bucket} in {step.account}, {step.region}"):
                answer = client.delete_objects(
                    Bucket=step.bucket,
                    Delete={"Objects": batch, "Quiet": True},
                    ExpectedBucketOwner=step.account,
                )
            if errors := answer.get("Errors"):
                first = errors[0]
                raise DeployError(
                    f"bucket {step.bucket} in {step.account}, {step.region}: {len(errors)} objects could not"
                    f" be deleted, first {first.get('Key')}: {first.get('Code')}: {first.get('Message')}",
                    hint="is it under a legal hold or a retention period? Then run `crosswind destroy` again",
                )
            count += len(batch)
            working.say(f"{count} object versions deleted")
        if step.delete:
            with translated(f"delete the bucket {step.bucket} in {step.account}, {step.region}"):
                client.delete_bucket(Bucket=step.bucket, ExpectedBucketOwner=step.account)
    except NotFoundError:
        return "not there"
    return f"{count} object versions deleted" + (", and the bucket" if step.delete else "")


def _batches(client: Any, step: EmptyBucket) -> Iterator[list[dict[str, str]]]:
    """Versions and markers in batches; listed anew after each, so that what comes meanwhile is caught."""
    while True:
        with translated(f"list the versions of {step.bucket} in {step.account}, {step.region}"):
            page = client.list_object_versions(Bucket=step.bucket, MaxKeys=_BATCH, ExpectedBucketOwner=step.account)
        batch = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for entry in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        ]
        if not batch:
            return
        yield batch
