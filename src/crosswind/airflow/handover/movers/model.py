"""What every mover can do, and those that move nothing themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from crosswind.airflow.handover.model import Handover, Version

__all__ = ["InPlace", "Mover", "Replicated"]


class Mover(Protocol):
    """One way of bringing a handover to its destination."""

    @property
    def bucket(self) -> str:
        """The destination bucket."""

    @property
    def replicates(self) -> bool:
        """Whether S3 itself moves the objects, so that the source's ReplicationStatus says how that went."""

    def move(self, handover: Handover, keys: Collection[str] | None = None) -> bool:
        """Do some of the moving; true when nothing is left to do. May be cut anywhere and called again.

        Args:
            handover: what is moved.
            keys: only these of its objects; None for all.
        """

    def mapping(self, handover: Handover) -> Mapping[Version, Version] | None:
        """The destination's version of each source version, as far as moved; None when the ids are kept."""


@dataclass(frozen=True)
class Replicated:
    """S3 replicates by the bucket's rule, with or without Replication Time Control. Version ids are kept.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html.
    """

    bucket: str
    replicates: bool = True

    def move(self, handover: Handover, keys: Collection[str] | None = None) -> bool:
        """Nothing to do."""
        return True

    def mapping(self, handover: Handover) -> None:
        """The ids are kept."""
        return


@dataclass(frozen=True)
class InPlace:
    """The destination is the source: the job reads the data where it was written."""

    bucket: str
    replicates: bool = False

    def move(self, handover: Handover, keys: Collection[str] | None = None) -> bool:
        """Nothing to do."""
        return True

    def mapping(self, handover: Handover) -> None:
        """The ids are the same, since the objects are."""
        return
