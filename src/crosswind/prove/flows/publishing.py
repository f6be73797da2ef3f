"""Publishing: what a job of any kind has written, for a replication to take elsewhere, becomes a handover.

The code: `crosswind.airflow.operators.handover`, `crosswind.airflow.handover.publish`.
"""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Estate, split_ref
from crosswind.prove.flow import OBSERVED, Flow, documented

__all__ = ["publishing"]

_READS = documented("AmazonS3/latest/API/API_GetObject.html")


def publishing(estate: Estate) -> Iterator[Flow]:
    """Every step whose job writes a folder that a replication takes elsewhere."""
    for name, job in sorted(estate.topology.jobs.items()):
        for ref in job.writes:
            if not estate.leaving(ref):
                continue
            bucket, folder = split_ref(ref)
            written = estate.object(bucket, f"{folder}/<object>")
            handover = estate.object(bucket, f"{folder}/<run>/handover.json")
            for pipeline, asks, _ in estate.tasks(name):
                at = estate.airflow(estate.topology.buckets[bucket].site, pipeline, asks)
                yield at.flow("reads the job's manifest, and looks at what it names", "s3:GetObject", written)
                yield at.flow("publishes the handover", "s3:PutObject", handover, OBSERVED, {"s3:if-none-match": "*"})
                yield at.flow("is told that there is no manifest", "s3:ListBucket", estate.bucket(bucket), _READS)
