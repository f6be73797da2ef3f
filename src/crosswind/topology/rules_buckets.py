"""Rules of buckets and replications."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crosswind.topology.model import Replication
from crosswind.topology.view import Faults, View

__all__ = [
    "bucket_sites_are_declared",
    "folders_differ",
    "replicas_are_not_replicated",
    "replications_are_declared",
    "replications_are_versioned",
    "replications_differ",
    "replications_keep_their_encryption",
    "replications_leave_their_site",
    "s3_names_differ",
    "s3_takes_the_names",
]

# docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; dots are legal but break TLS host
# names.
_LEGAL = re.compile(r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")


def bucket_sites_are_declared(view: View) -> Faults:
    """Every bucket is at a declared site."""
    for name, bucket in view.topology.buckets.items():
        if bucket.site not in view.topology.sites:
            yield view.undeclared(("buckets", name, "site"), "site", bucket.site, dict(view.topology.sites))


def folders_differ(view: View) -> Faults:
    """A folder is declared once."""
    for name, bucket in view.topology.buckets.items():
        for index, folder in enumerate(bucket.folders):
            if folder in bucket.folders[:index]:
                yield view.fault(
                    ("buckets", name, "folders", index),
                    f'folder "{folder}" of bucket {name} is declared twice',
                    "remove one of the two",
                )


def s3_takes_the_names(view: View) -> Faults:
    """S3 refuses names with capitals, underscores, the wrong length, or its own prefixes and suffixes."""
    for name, bucket in view.topology.buckets.items():
        if view.account_of(bucket.site) is None:
            continue
        real = view.names.bucket(name)
        if _LEGAL.match(real) and not real.startswith(_PREFIXES) and not real.endswith(_SUFFIXES):
            continue
        yield view.fault(
            ("buckets", name, "name") if bucket.name else ("buckets", name),
            f'S3 refuses the bucket name "{real}": it takes 3 to 63 lower-case letters, digits and'
            f" hyphens, a letter or digit at both ends, no prefix {', '.join(_PREFIXES)},"
            f" no suffix {', '.join(_SUFFIXES)}",
            "correct `name`, or remove it: a legal name is derived" if bucket.name else "set `name` to a legal one",
        )


def s3_names_differ(view: View) -> Faults:
    """A bucket's name is its own in all of S3; the hub's bucket has one too."""
    first: dict[str, str] = {}
    if view.topology.hub.account in view.topology.accounts:
        first[view.names.airflow_bucket] = "the hub's own"
    for name, bucket in view.topology.buckets.items():
        if view.account_of(bucket.site) is None:
            continue
        real = view.names.bucket(name)
        if real in first:
            yield view.fault(
                ("buckets", name),
                f"bucket {name} would be {real} in S3, as {first[real]} is",
                "rename it, or set another `name`",
            )
        first.setdefault(real, f"bucket {name}")


def replications_are_declared(view: View) -> Faults:
    """A replication names declared buckets, and a folder that both have."""
    for name, replication in view.topology.replications.items():
        loc = ("replications", name)
        yield from view.folder_faults((*loc, "from"), f"{replication.source}/{replication.folder}")
        yield from view.folder_faults((*loc, "to"), f"{replication.destination}/{replication.folder}")


def replications_leave_their_site(view: View) -> Faults:
    """A replication to its own bucket or site brings nothing."""
    for name, replication in _declared(view):
        loc = ("replications", name, "to")
        if replication.source == replication.destination:
            yield view.fault(loc, f"bucket {replication.source} replicates to itself", "name a bucket of another site")
            continue
        site = view.topology.buckets[replication.source].site
        if view.topology.buckets[replication.destination].site == site:
            yield view.fault(
                loc,
                f"buckets {replication.source} and {replication.destination} are both at site {site}",
                f"let the jobs there read {replication.source}/{replication.folder} itself",
            )


def replications_are_versioned(view: View) -> Faults:
    """S3 replicates between versioned buckets only.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html.
    """
    for name, replication in _declared(view):
        for side, bucket in (("from", replication.source), ("to", replication.destination)):
            if not view.topology.buckets[bucket].versioning:
                yield view.fault(
                    ("replications", name, side),
                    f"bucket {bucket} has no versioning, which replication asks for on both sides",
                    f"remove `versioning: false` from buckets.{bucket}, or remove the replication",
                )


def replications_keep_their_encryption(view: View) -> Faults:
    """A replica has the kind of encryption that its source has, whatever the default of its bucket.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html ("Using default encryption with
    replication").
    """
    for name, replication in _declared(view):
        source, destination = replication.source, replication.destination
        kinds = {side: view.topology.buckets[side].encryption for side in (source, destination)}
        if source != destination and kinds[source] != kinds[destination]:
            yield view.fault(
                ("replications", name),
                f"bucket {source} has encryption {kinds[source]}, bucket {destination} {kinds[destination]};"
                " S3 encrypts a replica as its source is, whatever the default of its bucket",
                f"set the same `encryption` in buckets.{source} and buckets.{destination}",
            )


def replications_differ(view: View) -> Faults:
    """The same folder goes the same way once."""
    first: dict[tuple[str, str, str], str] = {}
    for name, replication in view.topology.replications.items():
        way = (replication.source, replication.destination, replication.folder)
        if way in first:
            yield view.fault(
                ("replications", name), f"{name} repeats replication {first[way]}", "remove one of the two"
            )
        first.setdefault(way, name)


def replicas_are_not_replicated(view: View) -> Faults:
    """S3 does not replicate replicas: a chain ends after one link. There and back is no chain.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html.
    """
    for name, replication in _declared(view):
        for before, other in _declared(view):
            chained = other.destination == replication.source and other.folder == replication.folder
            if chained and other.source not in {replication.destination, other.destination}:
                yield view.fault(
                    ("replications", name, "from"),
                    f"{replication.source}/{replication.folder} holds the replicas of {before},"
                    " and S3 does not replicate replicas",
                    f"replicate from {other.source} straight to {replication.destination}",
                )


def _declared(view: View) -> Iterator[tuple[str, Replication]]:
    """The replications between declared buckets."""
    for name, replication in view.topology.replications.items():
        if {replication.source, replication.destination} <= set(view.topology.buckets):
            yield name, replication
