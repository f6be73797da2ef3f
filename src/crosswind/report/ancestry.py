"""Where a model came from, by the record that lies beside it."""

from __future__ import annotations

from crosswind.airflow.handover.lineage import Lineage, walk
from crosswind.aws import Sessions
from crosswind.errors import InputError
from crosswind.report.jobs import site_clients
from crosswind.topology import Names, Topology

__all__ = ["lineage_of"]


def lineage_of(topology: Topology, sessions: Sessions, model: str) -> Lineage:
    """Walk back from a model.

    Args:
        topology: whose pipelines made it.
        sessions: makes the clients.
        model: `s3://<bucket>/<...>/model.tar.gz`.

    Raises:
        InputError: the model is in no declared bucket, or is no S3 URI.
        NotFoundError: it has no record.
    """
    names = Names(topology)
    sites = {names.bucket(name): bucket.site for name, bucket in topology.buckets.items()}
    bucket = model.removeprefix("s3://").partition("/")[0]
    if not model.startswith("s3://") or bucket not in sites:
        raise InputError(
            f"{model!r} is in no bucket of the topology; its buckets: {', '.join(sorted(sites))}",
            hint="give s3://<bucket>/<path>/output/model.tar.gz, as the task `train` and the demo's summary print it",
        )
    return walk(site_clients(topology, sessions, sites[bucket]), model)
