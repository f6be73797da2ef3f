"""What Airflow does while a step waits: for an object, or for a handover with each mover.

The code: `crosswind.airflow.sensors.arrival`, `crosswind.airflow.handover`; for objects that nothing hands over, the
Amazon provider's S3KeySensor, which asks HeadObject.
"""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Estate, split_ref
from crosswind.prove.flow import OBSERVED, SOMETIMES, Flow, documented
from crosswind.topology.model import Replication

__all__ = ["arrivals"]

_HEAD = documented("AmazonS3/latest/API/API_HeadObject.html")
_COPY = documented("AmazonS3/latest/API/API_CopyObject.html")
_PARTS = documented("AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions")


def arrivals(estate: Estate) -> Iterator[Flow]:
    """Every step that waits."""
    for pipeline, path, wait, _ in estate.steps:
        if not wait:
            continue
        brought = estate.arriving(wait)
        for _, replication in brought:
            yield from _handover(estate, replication, pipeline, f"{path}.wait")
        if not brought:
            yield from _object(estate, wait, pipeline, f"{path}.wait")


def _object(estate: Estate, wait: str, pipeline: str, asks: str) -> Iterator[Flow]:
    bucket, key = split_ref(wait)
    at = estate.airflow(estate.topology.buckets[bucket].site, pipeline, asks)
    name = key if "/" in key else f"{key}/<key>"
    yield at.flow(f"looks for {wait}", "s3:GetObject", estate.object(bucket, name))
    # S3 says 404 of what is not there only to those who may list, and the look carries no prefix.
    yield at.flow(f"is told that {wait} is not there yet", "s3:ListBucket", estate.bucket(bucket), _HEAD)
    if "/" not in key:
        prefix = {"s3:prefix": f"{key}/<any>"}
        page = documented("the Amazon provider's S3KeySensor, with a wildcard in its key")
        yield at.flow(f"lists {wait}", "s3:ListBucket", estate.bucket(bucket), page, prefix)


def _handover(estate: Estate, moved: Replication, pipeline: str, asks: str) -> Iterator[Flow]:
    buckets = estate.topology.buckets
    source = estate.airflow(buckets[moved.source].site, pipeline, asks)
    there = estate.airflow(buckets[moved.destination].site, pipeline, asks)
    manifest = estate.object(moved.source, f"{moved.folder}/<run>/handover.json")
    come = estate.object(moved.destination, f"{moved.folder}/<object>")
    run = {"s3:prefix": f"{moved.folder}/<run>"}
    yield source.flow("reads the handover's manifest in its version", "s3:GetObjectVersion", manifest)
    yield source.flow("is told that a version is gone", "s3:ListBucket", estate.bucket(moved.source), _HEAD)
    # Started by hand: the latest handover, or the one that a person names.
    yield source.flow("looks for the latest handover", "s3:ListBucket", estate.bucket(moved.source), SOMETIMES, run)
    yield source.flow("reads the handover that a person names", "s3:GetObject", manifest, SOMETIMES)
    yield there.flow("lists what has come", "s3:ListBucketVersions", estate.bucket(moved.destination), OBSERVED, run)
    yield there.flow("proves a version that has come", "s3:GetObjectVersion", come)
    yield there.flow("is told that an object has not come", "s3:ListBucket", estate.bucket(moved.destination), _HEAD)
    left = estate.object(moved.source, f"{moved.folder}/<object>")
    if moved.mover != "in-place":
        yield source.flow("asks for the status of a version that is late", "s3:GetObjectVersion", left, SOMETIMES)
    if moved.by_s3:
        yield from _failing(estate, moved, pipeline, asks)
    if moved.copies:
        yield from _copying(estate, moved, pipeline, asks)


def _failing(estate: Estate, moved: Replication, pipeline: str, asks: str) -> Iterator[Flow]:
    """Why S3 does not replicate: it is asked only while something is missing."""
    buckets = estate.topology.buckets
    source = estate.airflow(buckets[moved.source].site, pipeline, asks)
    there = estate.airflow(buckets[moved.destination].site, pipeline, asks)
    yield source.flow(
        "asks why S3 does not replicate", "s3:GetReplicationConfiguration", estate.bucket(moved.source), SOMETIMES
    )
    yield there.flow(
        "asks whether versions are kept", "s3:GetBucketVersioning", estate.bucket(moved.destination), SOMETIMES
    )
    if moved.failure_events:
        queue = estate.queue(moved.source)
        yield source.flow("hears of failed replicas", "sqs:ReceiveMessage", queue, SOMETIMES)
        yield source.flow("takes what it has heard", "sqs:DeleteMessage", queue, SOMETIMES)
        yield source.flow("gives back what others shall hear", "sqs:ChangeMessageVisibility", queue, SOMETIMES)


def _copying(estate: Estate, moved: Replication, pipeline: str, asks: str) -> Iterator[Flow]:
    """Copies by the destination's role; of a repair, what S3 failed to bring."""
    site = estate.topology.buckets[moved.destination].site
    mover = estate.airflow(site, pipeline, asks)
    owner = estate.at(moved.source)[1]
    source = estate.object(moved.source, f"{moved.folder}/<object>")
    copy = estate.object(moved.destination, f"{moved.folder}/<object>")
    record = estate.object(moved.destination, f"{moved.folder}/<run>/arrival.json")
    yield mover.flow("reads the version that it copies", "s3:GetObjectVersion", source, _COPY, owner=owner)
    yield mover.flow("reads its tags", "s3:GetObjectVersionTagging", source, _COPY, owner=owner)
    yield mover.flow("copies", "s3:PutObject", copy, _COPY)
    yield mover.flow("copies tags", "s3:PutObjectTagging", copy, _COPY)
    yield mover.flow("looks at a copy", "s3:GetObject", copy, _HEAD)
    yield mover.flow("gives up parts of another size", "s3:AbortMultipartUpload", copy, _PARTS)
    yield mover.flow("sees which parts are there", "s3:ListMultipartUploadParts", copy, _PARTS)
    bucket = estate.bucket(moved.destination)
    yield mover.flow("finds a copy that was cut", "s3:ListBucketMultipartUploads", bucket, _PARTS)
    yield mover.flow("records what it copied", "s3:PutObject", record, _COPY)
    yield mover.flow("reads what it recorded", "s3:GetObject", record, _COPY)
