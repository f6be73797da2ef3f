"""Buckets, and how their folders get to other sites."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crosswind.topology.model.part import Name, Part

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
    """

    site: Name
    folders: tuple[Name, ...]
    versioning: bool = True
    encryption: Literal["s3", "customer-key"] = "s3"
    name: str = ""

    @property
    def has_key(self) -> bool:
        """Whether a KMS key of the bucket's own encrypts it."""
        return self.encryption == "customer-key"


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
    """

    source: Name = Field(alias="from")
    target: Name | None = Field(default=None, alias="to")
    folder: Name
    mover: Literal["crr", "crr-rtc", "copy", "in-place"] = "crr"
    repair: bool = False
    failure_events: bool = False

    @property
    def destination(self) -> str:
        """The bucket in which other sites find the folder: the source itself where it is read in place."""
        return self.target or self.source

    @property
    def by_s3(self) -> bool:
        """Whether S3 replicates."""
        return self.mover in ("crr", "crr-rtc")

    @property
    def copies(self) -> bool:
        """Whether Airflow copies: always, or what S3 failed to replicate."""
        return self.mover == "copy" or self.repair
