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
    "replications_know_their_end",
    "replications_leave_their_site",
    "replications_mend_what_s3_moves",
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
        if view.account_of(bucket.site) is None or not bucket.is_made:
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
        if replication.target is not None:
            yield from view.folder_faults((*loc, "to"), f"{replication.target}/{replication.folder}")


def replications_know_their_end(view: View) -> Faults:
    """What moves goes to another bucket; what is read in place goes nowhere."""
    for name, replication in view.topology.replications.items():
        loc = ("replications", name)
        if replication.mover == "in-place" and replication.target is not None:
            yield view.fault(
                (*loc, "to"),
                "a folder that is read in place goes nowhere",
                "remove `to`; or choose a mover that takes the folder there: copy, crr, crr-rtc",
            )
        elif replication.mover != "in-place" and replication.target is None:
            yield view.fault(
                loc,
                f'key "to" is missing: mover {replication.mover} takes the folder to another bucket',
                "add `to:`, or write `mover: in-place` where jobs of other sites read the source",
            )


def replications_mend_what_s3_moves(view: View) -> Faults:
    """Repair and failure events are about what S3 failed to replicate.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html.
    """
    for name, replication in view.topology.replications.items():
        for key, on in (("repair", replication.repair), ("failure_events", replication.failure_events)):
            if on and not replication.by_s3:
                yield view.fault(
                    ("replications", name, key),
                    f"{key} is about what S3 fails to replicate, but the mover is {replication.mover}",
                    f"remove `{key}`, or choose the mover crr or crr-rtc",
                )


def replications_leave_their_site(view: View) -> Faults:
    """A replication to its own bucket or site brings nothing."""
    for name, replication in _moved(view):
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
    """S3 replicates between versioned buckets only; and whoever moves them, objects are known by their versions.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html.
    """
    for name, replication in view.topology.replications.items():
        sides = {"from": replication.source, "to": replication.target}
        for side, bucket in sides.items():
            declared = view.topology.buckets.get(bucket or "")
            if declared is not None and not declared.versioning:
                where = "there" if replication.mover == "in-place" else "on both sides"
                yield view.fault(
                    ("replications", name, side),
                    f"bucket {bucket} has no versioning, which replication asks for {where}",
                    f"remove `versioning: false` from buckets.{bucket}, or remove the replication",
                )


def replications_keep_their_encryption(view: View) -> Faults:
    """A replica has the kind of encryption that its source has, whatever the default of its bucket.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html ("Using default encryption with
    replication").
    """
    for name, replication in _moved(view):
        source, destination = replication.source, replication.destination
        keyed = {side: view.topology.buckets[side].has_key for side in (source, destination)}
        kinds = {side: "customer-key" if has_key else "s3" for side, has_key in keyed.items()}
        if replication.by_s3 and source != destination and kinds[source] != kinds[destination]:
            yield view.fault(
                ("replications", name),
                f"bucket {source} has encryption {kinds[source]}, bucket {destination} {kinds[destination]};"
                " S3 encrypts a replica as its source is, whatever the default of its bucket",
                f"set the same `encryption` in buckets.{source} and buckets.{destination}, or write `mover: copy`",
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
    """S3 does not replicate replicas, and a handover is published where its job wrote it: a chain ends after one link.

    There and back is no chain.
    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html.
    """
    into: dict[tuple[str, str], list[tuple[str, Replication]]] = {}
    for before, other in _moved(view):
        into.setdefault((other.destination, other.folder), []).append((before, other))
    for name, replication in view.topology.replications.items():
        for before, other in into.get((replication.source, replication.folder), ()):
            if other.source in {other.destination, replication.target}:
                continue
            held = f"{replication.source}/{replication.folder} holds "
            if replication.by_s3 and other.by_s3:
                told = f"the replicas of {before}, and S3 does not replicate replicas"
            else:
                told = f"what {before} brings, and a handover is published where its job wrote it"
            yield view.fault(
                ("replications", name, "from"),
                held + told,
                f"replicate from {other.source} straight to {replication.target}"
                if replication.target
                else f"let the jobs read {other.source}/{other.folder} in place, or what is brought to their own site",
            )


def _moved(view: View) -> Iterator[tuple[str, Replication]]:
    """The replications that go from one declared bucket to another."""
    for name, replication in view.topology.replications.items():
        if replication.target is not None and {replication.source, replication.target} <= set(view.topology.buckets):
            yield name, replication
