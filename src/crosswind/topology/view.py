"""What the rules look at: the models, the names, the lines, and the folder of the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from crosswind.errors import TopologyError
from crosswind.topology.model import Bucket, Topology
from crosswind.topology.names import Names
from crosswind.topology.places import Loc, Places
from crosswind.topology.wording import foreign, nearest, quoted

__all__ = ["Faults", "View"]

Faults = Iterator[TopologyError]


@dataclass(frozen=True)
class View:
    """A topology under examination.

    Attributes:
        topology: the models; names in them may be undeclared.
        places: of its keys.
        root: the folder of its file.
    """

    topology: Topology
    places: Places
    root: Path

    @cached_property
    def names(self) -> Names:
        """The AWS names; they exist only for what is declared."""
        return Names(self.topology)

    def fault(self, loc: Loc, message: str, hint: str) -> TopologyError:
        """A fault at a key path."""
        return TopologyError(message, place=self.places.of(*loc), hint=hint)

    def undeclared(self, loc: Loc, kind: str, name: str, declared: dict[str, object]) -> TopologyError:
        """The fault of a name that is declared nowhere."""
        group = {"replication": "replications"}.get(kind, f"{kind}s")
        return self.fault(
            loc,
            f'{kind} "{name}" is not declared{foreign(name)}; declared: {quoted(declared)}',
            f"{nearest(name, declared)}declare it under `{group}`, or use a declared one",
        )

    def account_of(self, site: str) -> str | None:
        """The declared name of a site's account; None when either is undeclared."""
        found = self.topology.sites.get(site)
        return found.account if found and found.account in self.topology.accounts else None

    def split(self, ref: str) -> tuple[str, str]:
        """`bucket/rest` in two."""
        bucket, _, rest = ref.partition("/")
        return bucket, rest

    def bucket_of(self, ref: str) -> Bucket | None:
        """The bucket of a reference, when it, its site and the folder are declared."""
        name, rest = self.split(ref)
        bucket = self.topology.buckets.get(name)
        sound = bucket and bucket.site in self.topology.sites and rest.split("/")[0] in bucket.folders
        return bucket if sound else None

    def folder_faults(self, loc: Loc, ref: str) -> Faults:
        """The faults of a reference: an undeclared bucket, or an undeclared folder of it."""
        name, rest = self.split(ref)
        bucket = self.topology.buckets.get(name)
        if bucket is None:
            yield self.undeclared(loc, "bucket", name, dict(self.topology.buckets))
            return
        folder = rest.split("/")[0]
        if folder not in bucket.folders:
            yield self.fault(
                loc,
                f'folder "{folder}" of bucket {name} is not declared{foreign(folder)};'
                f" declared: {quoted(bucket.folders)}",
                f"{nearest(folder, bucket.folders)}add it to `buckets.{name}.folders`, or use a declared one",
            )
