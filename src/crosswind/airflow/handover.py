"""A handover: the exact objects that one DAG run publishes and another consumes.

The job writes its data below a prefix of its own, `<folder>/<run>/`, and last of all `manifest.json`, which
names them. What the manifest does not name was not handed over; a key that merely exists proves nothing.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswind.aws import translated
from crosswind.errors import InputError, Place

__all__ = ["MANIFEST", "Handover"]

MANIFEST = "manifest.json"
_log = logging.getLogger(__name__)
_PREFIX = re.compile(r"(?:(?!\.{1,2}/)[A-Za-z0-9_.-]+/)+([A-Za-z0-9-]+)/")


@dataclass(frozen=True)
class Handover:
    """Objects of one run.

    Args:
        prefix: `<folder>/<run>/`.
        keys: the keys of the data objects below it, sorted.
    """

    prefix: str
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        _run_of(self.prefix)
        stray = [key for key in self.keys if not key.startswith(self.prefix) or key.endswith("/")]
        if stray or not self.keys:
            raise InputError(
                f"the handover below {self.prefix!r} names {'no objects' if not self.keys else stray}",
                hint="the job must list the objects it wrote below its own prefix",
            )

    @property
    def run(self) -> str:
        """The run's name, the last folder of the prefix."""
        return _run_of(self.prefix)

    @property
    def manifest(self) -> str:
        """The manifest's key."""
        return f"{self.prefix}{MANIFEST}"

    @property
    def extra(self) -> dict[str, Any]:
        """The handover as an Asset event carries it."""
        return {"prefix": self.prefix, "keys": list(self.keys)}

    @classmethod
    def of(cls, document: Mapping[str, Any], *, where: str) -> Handover:
        """A handover from a manifest or an Asset event's extra; unknown members are ignored.

        Raises:
            InputError: prefix or keys are missing or of another type.
        """
        prefix, keys = document.get("prefix"), document.get("keys")
        listed = isinstance(keys, list) and all(isinstance(key, str) for key in keys)
        if not isinstance(prefix, str) or not isinstance(keys, list) or not listed:
            raise InputError(
                f'not a handover: {{"prefix": text, "keys": [text, ...]}}; it has {sorted(document)}',
                place=Place(file=where),
            )
        return cls(prefix, tuple(sorted(keys)))

    @classmethod
    def of_events(cls, events: Mapping[Any, Sequence[Any]]) -> Handover:
        """The handover of the newest of the Asset events that started a DAG run.

        Airflow may start one run for several events. The newest is taken, and what is passed over is logged.

        Raises:
            InputError: no event: the run was started by hand.
        """
        ordered = sorted((event for one in events.values() for event in one), key=lambda event: event.timestamp)
        if not ordered:
            raise InputError(
                "the run was started by hand and names no data",
                hint='trigger it with the parameters {"prefix": "transformed/<run>/"}',
            )
        for event in ordered[:-1]:
            _log.warning("Passed over for a newer one: the handover %s", dict(event.extra).get("prefix"))
        return cls.of(ordered[-1].extra, where="the Asset event's extra")

    @classmethod
    def read(cls, s3: Any, bucket: str, prefix: str) -> Handover:
        """Read the manifest of a prefix.

        Args:
            s3: a boto3 S3 client.
            bucket: the bucket's name.
            prefix: `<folder>/<run>/`.

        Raises:
            NotFoundError: no manifest: the job did not finish, or never ran.
            InputError: a prefix of another form, or a manifest that is not the prefix's own.
        """
        _run_of(prefix)
        where = f"s3://{bucket}/{prefix}{MANIFEST}"
        with translated(f"read the manifest {where}"):
            text = s3.get_object(Bucket=bucket, Key=f"{prefix}{MANIFEST}")["Body"].read()
        try:
            document = json.loads(text)
        except ValueError as error:
            raise InputError(f"not JSON: {error}", place=Place(file=where)) from error
        if not isinstance(document, Mapping) or document.get("schema_version") != 1:
            raise InputError("not a manifest of schema_version 1", place=Place(file=where))
        handover = cls.of(document, where=where)
        if handover.prefix != prefix:
            raise InputError(f"the manifest is that of {handover.prefix!r}", place=Place(file=where))
        return handover


def _run_of(prefix: str) -> str:
    found = _PREFIX.fullmatch(prefix)
    if not found:
        raise InputError(
            f"{prefix!r} is no run's prefix",
            hint="give <folder>/<run>/, such as transformed/manual-2026-11-22-1/",
        )
    return found.group(1)
