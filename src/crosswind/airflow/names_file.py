"""The names file: one JSON file beside a DAG, written by `crosswind deploy`; nothing of AWS is called to read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosswind.airflow.settings import KINDS, Bucket, FailureQueue, Intervals, Job, Replication, Site, TopologyNames
from crosswind.errors import InputError, Place

__all__ = ["load_topology", "read_names"]

_SCHEMA_VERSION = 2
_MOVERS = ("crr", "crr-rtc", "copy", "in-place")


def load_topology(dag_file: str, name: str = "") -> TopologyNames:
    """Read the names file that lies beside a DAG file.

    Args:
        dag_file: the DAG's `__file__`.
        name: the topology's name; not needed while one JSON file lies there.

    Raises:
        InputError: no file, several, not JSON, another schema_version, or a member missing.
    """
    folder = Path(dag_file).resolve().parent
    found = sorted(folder.glob(f"{name or '*'}.json"))
    if len(found) != 1:
        raise InputError(
            f"{len(found)} names files; exactly one is needed" + "".join(f", {path.name}" for path in found),
            place=Place(file=str(folder / f"{name or '*'}.json")),
            hint="`crosswind deploy` writes it beside the DAGs; with several, name the topology",
        )
    return read_names(found[0])


def read_names(file: Path) -> TopologyNames:
    """The names in a file that `crosswind deploy` wrote; raises InputError as `load_topology` does."""
    place = Place(file=str(file))
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"not JSON: {error}", place=place) from error
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != _SCHEMA_VERSION:
        raise InputError(
            f"schema_version is {version!r}; this crosswind reads {_SCHEMA_VERSION}",
            place=place,
            hint="deploy DAGs and wheel with one version of crosswind",
        )
    try:
        return _names(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"a member is missing or of another shape: {error}", place=place) from error


def _names(document: Mapping[str, Any]) -> TopologyNames:
    sites = {key: Site(key, **site) for key, site in document["sites"].items()}
    buckets = {key: Bucket(**bucket) for key, bucket in document["buckets"].items()}
    return TopologyNames(
        topology=document["topology"],
        partition=document["partition"],
        sites=sites,
        buckets=buckets,
        jobs={key: _job(job, sites) for key, job in document["jobs"].items()},
        intervals=Intervals(**document["intervals"]),
        replications={key: _replication(key, each, buckets) for key, each in document["replications"].items()},
    )


def _job(job: Mapping[str, Any], sites: Mapping[str, Site]) -> Job:
    config, claims, results = (job.get(member) or {} for member in ("config", "claims", "results"))
    if job["type"] not in KINDS:
        raise ValueError(f"type of a job is {job['type']!r}; there are {', '.join(KINDS)}")
    return Job(
        type=job["type"],
        site=sites[job["site"]],
        name=job.get("name", ""),
        config_bucket=config.get("bucket", ""),
        config_key=config.get("key", ""),
        claims_bucket=claims.get("bucket", ""),
        claims_prefix=claims.get("prefix", ""),
        results_bucket=results.get("bucket", ""),
        results_prefix=results.get("prefix", ""),
        timeout_seconds=int(job.get("timeout_seconds", 0)),
        log_group=job.get("log_group", ""),
    )


def _replication(name: str, document: Mapping[str, Any], buckets: Mapping[str, Bucket]) -> Replication:
    failures = document.get("failures")
    if document["mover"] not in _MOVERS:
        raise ValueError(f"replications.{name}.mover is {document['mover']!r}; there are {', '.join(_MOVERS)}")
    return Replication(
        name=name,
        source=buckets[document["source"]],
        destination=buckets[document["destination"]],
        folder=document["folder"],
        mover=document["mover"],
        repair=bool(document.get("repair", False)),
        failures=FailureQueue(**failures) if failures else None,
    )
