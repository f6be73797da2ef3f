"""The JSON beside the DAGs, whose text follows from the topology."""

from __future__ import annotations

from typing import Any, assert_never

from crosswind.synth.actors import connections
from crosswind.synth.grants import grants, split_ref
from crosswind.topology.model import GlueJob, Job, LambdaJob, Replication, SageMakerJob, Topology
from crosswind.topology.names import CLAIMS, Names

__all__ = ["names_file"]


def names_file(topology: Topology) -> dict[str, Any]:
    """The JSON that lies beside the DAGs: names only, so that parsing a DAG calls nothing of AWS.

    Args:
        topology: a checked topology.

    Returns:
        Plain data with `schema_version` 2; upload it as `dags/<topology>.json`.
    """
    names = Names(topology)
    of_pipelines = _of_pipelines(topology)
    return {
        "schema_version": 2,
        "topology": topology.name,
        "partition": topology.partition,
        "sites": {
            name: {
                "account": topology.account_of(name),
                "region": site.region,
                "connection": site.connection,
                "console_role": topology.accounts[site.account].console_role,
                **({"connections": of_pipelines[name]} if name in of_pipelines else {}),
            }
            for name, site in sorted(topology.sites.items())
        },
        "buckets": {
            name: {
                "name": names.bucket(name),
                "account": topology.account_of(bucket.site),
                "region": topology.region_of(bucket.site),
            }
            for name, bucket in sorted(topology.buckets.items())
        },
        "replications": {
            name: _replication(topology, names, each) for name, each in sorted(topology.replications.items())
        },
        "jobs": {name: _job(names, name, job) for name, job in sorted(topology.jobs.items())},
        "intervals": topology.intervals.model_dump(),
    }


def _of_pipelines(topology: Topology) -> dict[str, dict[str, str]]:
    """The connections of pipelines that have roles of their own, by site and pipeline."""
    found: dict[str, dict[str, str]] = {}
    for each in connections(topology, grants(topology)):
        if each.pipeline:
            found.setdefault(each.site, {})[each.pipeline] = each.name
    return found


def _replication(topology: Topology, names: Names, replication: Replication) -> dict[str, Any]:
    failures = None
    if replication.failure_events:
        site = topology.buckets[replication.source].site
        failures = {
            "queue": names.failures_queue_url(replication.source),
            "account": topology.account_of(site),
            "region": topology.region_of(site),
        }
    return {
        "source": replication.source,
        "destination": replication.destination,
        "folder": replication.folder,
        "mover": replication.mover,
        "repair": replication.repair,
        "failures": failures,
    }


def _job(names: Names, name: str, job: Job) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": job.type, "site": job.site, "log_group": names.log_group(name)}
    claims = names.claims_bucket(name)
    claimed = {"bucket": names.bucket(claims), "prefix": CLAIMS} if claims else None
    match job:
        case GlueJob():
            entry |= {"name": names.job(name), "claims": claimed, "timeout_seconds": 60 * job.timeout_minutes}
        case SageMakerJob():
            bucket, _ = split_ref(job.configs)
            entry["config"] = {"bucket": names.bucket(bucket), "key": names.config_key(name)}
        case LambdaJob():
            entry |= {"name": names.job(name), "claims": claimed, "timeout_seconds": job.timeout_seconds}
            entry["results"] = _place(names, job.results) if job.results is not None else None
        case _:
            assert_never(job)
    return entry


def _place(names: Names, ref: str) -> dict[str, str]:
    bucket, folder = split_ref(ref)
    return {"bucket": names.bucket(bucket), "prefix": f"{folder.rstrip('/')}/"}
