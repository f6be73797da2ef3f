"""Rules of what S3 replicates beside objects: delete markers, ownership, metrics, and back again."""

from __future__ import annotations

from crosswind.topology.view import Faults, View

__all__ = ["handovers_go_one_way", "handovers_keep_their_objects", "options_are_of_s3", "replicas_change_accounts"]

_ALONE = "a folder of its own for what is handed over"


def options_are_of_s3(view: View) -> Faults:
    """Delete markers, ownership of replicas and metrics are options of S3's replication rules."""
    for name, replication in view.topology.replications.items():
        given = {
            "delete_markers": replication.delete_markers,
            "owner": replication.owner is not None,
            "metrics": replication.metrics,
        }
        for key, on in given.items():
            if on and not replication.by_s3:
                yield view.fault(
                    ("replications", name, key),
                    f"{key} is an option of S3's replication, but the mover is {replication.mover}",
                    f"remove `{key}`, or choose the mover crr or crr-rtc",
                )


def replicas_change_accounts(view: View) -> Faults:
    """Within one account there is nobody to hand replicas over to.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-change-owner.html ("only when the source and
    destination buckets are owned by different AWS accounts").
    """
    buckets = view.topology.buckets
    for name, replication in view.topology.replications.items():
        if replication.owner is None or replication.target not in buckets or replication.source not in buckets:
            continue
        owner = view.account_of(buckets[replication.target].site)
        if owner is not None and owner == view.account_of(buckets[replication.source].site):
            yield view.fault(
                ("replications", name, "owner"),
                f"buckets {replication.source} and {replication.target} are both in account {owner};"
                " S3 hands replicas over between accounts alone",
                "remove `owner`",
            )


def handovers_keep_their_objects(view: View) -> Faults:
    """What was handed over stays until its consumer is done: a marker from the source would hide it meanwhile."""
    awaited = view.topology.awaited()
    for name, replication in view.topology.replications.items():
        if replication.by_s3 and replication.delete_markers and name in awaited:
            folder = f"{replication.target}/{replication.folder}"
            yield view.fault(
                ("replications", name, "delete_markers"),
                f"a step waits for {folder}: a deletion at {replication.source} would hide there what was handed over",
                f"remove `delete_markers`, and let a job delete in both buckets; or replicate {_ALONE}",
            )


def handovers_go_one_way(view: View) -> Faults:
    """A handover is written once, at its source, whose policy says so: but replicas are no puts, and pass it.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html.
    """
    clashing = view.topology.two_way() & view.topology.awaited()
    for name, replication in view.topology.replications.items():
        if name in clashing:
            folder = f"{replication.target}/{replication.folder}"
            yield view.fault(
                ("replications", name),
                f"a step waits for {folder}, but S3 also replicates from there to {replication.source}: what is handed"
                " over must be written once, and replicas go over it whatever the policy of its bucket says",
                f"declare one direction; for the other, {_ALONE}",
            )
