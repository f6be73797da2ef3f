"""What a job of any kind does in the folders that it deletes from."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate, split_ref
from crosswind.prove.flow import OBSERVED, Flow

__all__ = ["deleting"]


def deleting(estate: Estate) -> Iterator[Flow]:
    """Every folder that a job deletes from; where runs are handed over from it, the handovers too."""
    for name, job in sorted(estate.topology.jobs.items()):
        for index, ref in enumerate(job.deletes):
            bucket, folder = split_ref(ref)
            region, owner = estate.at(bucket)
            at = Actor(estate.job(name).who, region, owner, f"jobs.{name}.deletes[{index}]")
            prefix = {"s3:prefix": f"{folder}/<any>"}
            yield at.flow(f"lists {ref}", "s3:ListBucket", estate.bucket(bucket), OBSERVED, prefix)
            yield at.flow(f"deletes from {ref}", "s3:DeleteObject", estate.object(bucket, f"{folder}/<key>"))
            if estate.leaving(ref):
                handover = estate.object(bucket, f"{folder}/<run>/handover.json")
                yield at.flow(f"removes a handover from {ref}", "s3:DeleteObject", handover)
