"""What a picture of a topology shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from crosswind.report.graph.things import Arrow, Contents, Port, Row, Thing
from crosswind.topology.model import (
    Bucket,
    Job,
    LambdaJob,
    Pipeline,
    ProcessingJob,
    PythonShellJob,
    Replication,
    SparkJob,
    Step,
    Topology,
    TrainingJob,
)

__all__ = ["contents"]


def contents(topology: Topology) -> Contents:
    """What a drawing of a topology shows.

    Args:
        topology: one that holds all rules of `crosswind.topology.check`.
    """
    names = sorted(topology.accounts, key=lambda name: name != topology.hub.account)
    accounts = tuple(_account(topology, name) for name in names)
    moves = (arrow for name, each in topology.replications.items() for arrow in _moves(topology, name, each))
    return Contents(topology.name, accounts, (*_assumed(topology), *moves))


def _account(topology: Topology, name: str) -> Thing:
    regions = dict.fromkeys(site.region for site in topology.sites.values() if site.account == name)
    if name == topology.hub.account:
        regions = {topology.hub.region: None, **regions}
    declared = topology.accounts[name]
    parts = tuple(_region(topology, name, region) for region in regions)
    return Thing("account", name, declared.id, f"account {name}, {declared.id}", parts=parts)


def _region(topology: Topology, account: str, region: str) -> Thing:
    sites = tuple(
        _site(topology, name)
        for name, site in topology.sites.items()
        if (site.account, site.region) == (account, region)
    )
    here = (account, region) == (topology.hub.account, topology.hub.region)
    parts = (_airflow(topology), *sites) if here else sites
    return Thing("region", region, tip=f"Region {region} of account {account}", parts=parts, owner=account)


def _airflow(topology: Topology) -> Thing:
    airflow = topology.hub.airflow
    note = f"Amazon MWAA, {airflow.version}"
    tip = f"Amazon MWAA, {airflow.environment_class}, Airflow {airflow.version}"
    return Thing("airflow", "Airflow", note, tip, symbol="airflow", rows=tuple(_pipelines(topology)))


def _pipelines(topology: Topology, after: str | None = None, depth: int = 0) -> Iterator[Row]:
    """The pipelines that one starts, each before those that it starts."""
    for name, pipeline in topology.pipelines.items():
        if pipeline.after == after:
            yield Row(name, depth, _pipeline_tip(name, pipeline))
            yield from _pipelines(topology, name, depth + 1)


def _pipeline_tip(name: str, pipeline: Pipeline) -> str:
    start = f", after {pipeline.after}" if pipeline.after else ""
    return f"pipeline {name}{start}: " + ", then ".join(_step(step) for step in pipeline.steps)


def _step(step: Step) -> str:
    return f"wait for {step.wait}" if step.wait else f"run {step.run}"


def _site(topology: Topology, name: str) -> Thing:
    buckets = tuple(_bucket(key, each) for key, each in topology.buckets.items() if each.site == name)
    jobs = tuple(_job(key, each) for key, each in topology.jobs.items() if each.site == name)
    tip = f"site {name}, Airflow connection {topology.sites[name].connection}"
    return Thing("site", name, tip=tip, parts=(*buckets, *jobs))


def _bucket(name: str, bucket: Bucket) -> Thing:
    facts = ["with versions" if bucket.versioning else "without versions"]
    facts += [f"there already as {bucket.existing}"] if bucket.existing is not None else []
    facts += ["its own KMS key" if bucket.makes_key else "a KMS key that is there already"] if bucket.has_key else []
    notes = ["own key"] if bucket.has_key else []
    note = ", ".join([*notes, *(["there already"] if not bucket.is_made else [])])
    rows = tuple(Row(folder) for folder in bucket.folders)
    return Thing("bucket", name, note, f"bucket {name}, {', '.join(facts)}", symbol="s3", rows=rows)


def _job(name: str, job: Job) -> Thing:
    match job:
        case SparkJob():
            service, note = "glue", "Glue Spark"
        case PythonShellJob():
            service, note = "glue", "Glue Python shell"
        case TrainingJob():
            service, note = "sagemaker", "SageMaker training"
        case ProcessingJob():
            service, note = "sagemaker", "SageMaker processing"
        case LambdaJob():
            service, note = "lambda", "Lambda"
        case _:
            assert_never(job)
    folders = (("reads", job.reads), ("writes", job.writes), ("deletes from", job.deletes))
    facts = [f"{verb} {', '.join(refs)}" for verb, refs in folders if refs]
    return Thing("job", name, note, "; ".join((f"{note} job {name}", *facts)), symbol=service)


def _assumed(topology: Topology) -> Iterator[Arrow]:
    """From Airflow to the accounts, where one role of an account is for all its sites; else to each site."""
    airflow = Port("airflow:Airflow")
    if topology.roles == "single":
        hub = topology.hub.account
        for account in dict.fromkeys(site.account for site in topology.sites.values() if site.account != hub):
            tip = f"Airflow assumes the cross-account role of account {account}"
            yield Arrow("assume", airflow, Port(f"account:{account}"), tip)
    else:
        for site in topology.sites:
            yield Arrow("assume", airflow, Port(f"site:{site}"), f"Airflow assumes a role of site {site}")


def _moves(topology: Topology, name: str, replication: Replication) -> Iterator[Arrow]:
    """How a folder gets to other sites: to a bucket, or in place to the jobs of other sites that read it."""
    folder, kind = replication.folder, replication.mover
    source = Port(f"bucket:{replication.source}", folder)
    if replication.target:
        there = Port(f"bucket:{replication.target}", folder)
        way = f"{folder} from {replication.source} to {replication.target}"
        yield Arrow(kind, source, there, f"replication {name}: {way}, mover {kind}")
        return
    home = topology.buckets[replication.source].site
    for job, declared in topology.jobs.items():
        if declared.site != home and f"{replication.source}/{folder}" in declared.reads:
            tip = f"replication {name}: {job} reads {folder} of {replication.source} in place"
            yield Arrow("in-place", source, Port(f"job:{job}"), tip)
