"""Buckets, and how their folders get to other sites."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crosswind.topology.model.part import BucketName, KeyArn, Name, Part

__all__ = ["Bucket", "Replication"]


class Bucket(Part):
    """A bucket at a site.

    Attributes:
        site: a declared site.
        folders: its top-level prefixes, without slashes.
        versioning: whether S3 keeps versions; replication asks for it.
        encryption: `s3`: with keys of S3's own (SSE-S3); `customer-key`: with a KMS key of the bucket's own, made
            beside it (SSE-KMS).
        name: its name in S3; without one it is derived: `<topology>-<bucket>-<account>-<region>`.
        existing: the name in S3 of a bucket that is there already; nothing of it is made, changed or removed.
        existing_key: the ARN of a KMS key that is there already, with which the bucket encrypts.
    """

    site: Name
    folders: tuple[Name, ...]
    versioning: bool = True
    encryption: Literal["s3", "customer-key"] = "s3"
    name: str = ""
    existing: BucketName | None = None
    existing_key: KeyArn | None = None

    @property
    def is_made(self) -> bool:
        """Whether the bucket's stack makes it."""
        return self.existing is None

    @property
    def makes_key(self) -> bool:
        """Whether the bucket's stack makes a KMS key for it."""
        return self.encryption == "customer-key"

    @property
    def has_key(self) -> bool:
        """Whether a KMS key that is not AWS's own encrypts it."""
        return self.makes_key or self.existing_key is not None


class Replication(Part):
    """How the objects of one folder get to the jobs of another site.

    Attributes:
        source: `from` in the file: a declared bucket with versioning.
        target: `to` in the file: a declared bucket with versioning, at another site; none where the folder is read in
            place.
        folder: a folder that both declare.
        mover: `crr`: S3 replicates; `crr-rtc`: so it does, with S3's Replication Time Control (15 minutes); `copy`:
            Airflow copies, under the cross-account role of the destination's account; `in-place`: nothing moves, jobs
            of other sites read the source.
        repair: whether Airflow may copy what S3 failed to replicate, as `copy` does.
        failure_events: whether S3 tells of each object that it failed to replicate, and why, in an SQS queue beside the
            source.
        metrics: whether S3 reports to CloudWatch how many bytes and objects it has still to replicate.
        delete_markers: whether S3 replicates delete markers too.
        owner: `destination`: S3 hands replicas over to the account of the destination.
    """

    source: Name = Field(alias="from")
    target: Name | None = Field(default=None, alias="to")
    folder: Name
    mover: Literal["crr", "crr-rtc", "copy", "in-place"] = "crr"
    repair: bool = False
    failure_events: bool = False
    metrics: bool = False
    delete_markers: bool = False
    owner: Literal["destination"] | None = None

    @property
    def destination(self) -> str:
        """The bucket in which other sites find the folder: the source itself where it is read in place."""
        return self.target or self.source

    @property
    def by_s3(self) -> bool:
        """Whether S3 replicates."""
        return self.mover in ("crr", "crr-rtc")

    @property
    def time_controlled(self) -> bool:
        """Whether S3's Replication Time Control holds it to 15 minutes."""
        return self.mover == "crr-rtc"

    @property
    def measured(self) -> bool:
        """Whether S3's replication metrics are on, without which it tells of no failures."""
        return self.metrics or self.time_controlled or self.failure_events

    @property
    def copies(self) -> bool:
        """Whether Airflow copies: always, or what S3 failed to replicate."""
        return self.mover == "copy" or self.repair
