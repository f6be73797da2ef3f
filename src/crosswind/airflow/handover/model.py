"""Versions of objects, handovers and arrivals, as plain data with JSON forms. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from crosswind.errors import InputError, Place

__all__ = ["ARRIVAL", "HANDOVER", "MANIFEST", "Arrival", "Handover", "Reference", "Version", "run_of"]

MANIFEST = "manifest.json"
"""Written by the job, last: the keys of what it wrote."""
HANDOVER = "handover.json"
"""Written by `publish`, once: the versions behind those keys."""
ARRIVAL = "arrival.json"
"""Written at the destination by a mover that makes new versions: source version -> destination version."""

_SCHEMA_VERSION = 1
_PREFIX = re.compile(r"(?:(?!\.{1,2}/)[A-Za-z0-9_.-]+/)+([A-Za-z0-9-]+)/")


@dataclass(frozen=True, order=True)
class Version:
    """One version of one object.

    Args:
        key: the object.
        version_id: S3's id of the version.
        size: in bytes.
        checksum: `crc32:...` and the like as S3 keeps it, else `etag:...`; `kms-etag:...` when KMS encrypts the
            object, for then its ETag says nothing of its bytes.
    """

    key: str
    version_id: str
    size: int
    checksum: str


@dataclass(frozen=True)
class Reference:
    """Where a handover's manifest is, exactly: what an Asset event and a job's tags carry.

    Args:
        bucket: the source bucket.
        prefix: `<folder>/<run>/`.
        version_id: of the manifest.
        digest: SHA-256 of the manifest's bytes, hexadecimal.
        published: when S3 took the manifest in, by its clock, to the second; ISO 8601 in UTC.
        objects: how many.
        size: how large together, in bytes.
    """

    bucket: str
    prefix: str
    version_id: str
    digest: str
    published: str
    objects: int
    size: int

    def __post_init__(self) -> None:
        run_of(self.prefix)

    @property
    def key(self) -> str:
        """The manifest's key."""
        return f"{self.prefix}{HANDOVER}"

    @property
    def run(self) -> str:
        """The last folder of the prefix: the attempt that wrote it."""
        return run_of(self.prefix)

    def document(self) -> dict[str, Any]:
        """The reference as plain data."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any], *, where: str) -> Reference:
        """A reference from an Asset event's extra, a tag or XCom; unknown members are ignored.

        Raises:
            InputError: a member is missing or of another type.
        """
        try:
            found = {name: document[name] for name in cls.__dataclass_fields__}
        except (KeyError, TypeError) as error:
            raise InputError(f"no reference to a handover: {error} is missing", place=Place(file=where)) from error
        if any(not isinstance(found[name], int if name in ("objects", "size") else str) for name in found):
            raise InputError(f"no reference to a handover: {found}", place=Place(file=where))
        return cls(**found)


@dataclass(frozen=True)
class Handover:
    """What one run hands over.

    Args:
        bucket: the source bucket.
        account: its owner.
        region: its Region.
        prefix: `<folder>/<run>/`, unique to a run and an attempt.
        versions: the objects, sorted by key.
        producer: what made it, as plain data: `dag_id`, `run_id`, `task_id`, `job`, `job_run`, and `inputs`: the
            versions that the job was given, `[{"bucket", "key", "version_id", "exact"}]`.
    """

    bucket: str
    account: str
    region: str
    prefix: str
    versions: tuple[Version, ...]
    producer: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        run_of(self.prefix)
        keys = [version.key for version in self.versions]
        stray = [key for key in keys if not key.startswith(self.prefix) or key.endswith("/")]
        if stray or not keys or keys != sorted(set(keys)):
            raise InputError(
                f"the handover below {self.prefix!r} names {stray or 'no objects, or one twice'}",
                hint="the job must list the objects it wrote below its own prefix",
            )

    @property
    def keys(self) -> tuple[str, ...]:
        """The objects' keys, sorted."""
        return tuple(version.key for version in self.versions)

    @property
    def size(self) -> int:
        """The size of all objects together."""
        return sum(version.size for version in self.versions)

    def encoded(self) -> bytes:
        """The manifest's bytes: JSON, sorted, the same for the same handover."""
        document = {"schema_version": _SCHEMA_VERSION, **asdict(self)}
        return json.dumps(document, indent=1, sort_keys=True).encode()

    def reference(self, version_id: str, published: str) -> Reference:
        """The reference to the manifest, once S3 has given it a version and a time."""
        digest = hashlib.sha256(self.encoded()).hexdigest()
        count = len(self.versions)
        return Reference(self.bucket, self.prefix, version_id, digest, published, count, self.size)

    @classmethod
    def decoded(cls, body: bytes, *, where: str) -> Handover:
        """The handover in a manifest.

        Raises:
            InputError: not JSON, another schema_version, a member missing.
        """
        try:
            document = json.loads(body)
            if document.pop("schema_version") != _SCHEMA_VERSION:
                raise InputError(f"not a handover of schema_version {_SCHEMA_VERSION}", place=Place(file=where))
            versions = tuple(Version(**each) for each in document.pop("versions"))
            return cls(versions=versions, **document)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a handover: {error}", place=Place(file=where)) from error


@dataclass(frozen=True)
class Arrival:
    """The proof that a handover is complete at its destination: what `ArrivalSensor` hands on.

    Args:
        reference: to the handover.
        bucket: the destination; the source itself when it is read in place.
        account: the destination's owner.
        region: the destination's Region.
        versions: the objects there, with the ids that they have there; sorted by key.
        seconds: from publication to the look that found the last one.
        superseded: prefixes of older handovers of the same run's events that were passed over.
    """

    reference: Reference
    bucket: str
    account: str
    region: str
    versions: tuple[Version, ...]
    seconds: float
    superseded: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """Where it lies, at source and destination alike."""
        return self.reference.prefix

    @property
    def run(self) -> str:
        """The last folder of the prefix."""
        return self.reference.run

    @property
    def in_place(self) -> bool:
        """Whether nothing was moved: it is read where it was published."""
        return self.bucket == self.reference.bucket

    def document(self) -> dict[str, Any]:
        """The arrival as plain data; `prefix` and `run` are there for templates."""
        return {**asdict(self), "prefix": self.prefix, "run": self.run}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Arrival:
        """The arrival that `document()` gave, also after JSON."""
        return cls(
            Reference.of(document["reference"], where="the arrival"),
            document["bucket"],
            document["account"],
            document["region"],
            tuple(Version(**each) for each in document["versions"]),
            document["seconds"],
            tuple(document["superseded"]),
        )


def run_of(prefix: str) -> str:
    """The last folder of a prefix `<folder>/<run>/`; raises InputError when it is none."""
    found = _PREFIX.fullmatch(prefix)
    if not found:
        raise InputError(
            f"{prefix!r} is no run's prefix",
            hint="give <folder>/<run>/, such as transformed/manual-2026-11-22-1/",
        )
    return found.group(1)
