"""What of a topology stands where, by name: buckets, log groups, names in templates. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswind.synth import Stack
from crosswind.topology.model import LambdaJob, SparkJob, Topology
from crosswind.topology.names import Names

__all__ = ["bucket_places", "log_group_prefixes", "plain"]


def bucket_places(topology: Topology) -> dict[tuple[str, str, str], str]:
    """Each bucket that is made (account, Region, AWS name), with its declared name; empty for the hub's."""
    names = Names(topology)
    found = {(topology.hub_account, topology.hub.region, names.airflow_bucket): ""}
    for name, bucket in topology.buckets.items():
        if not bucket.is_made:
            continue
        where = (topology.account_of(bucket.site), topology.region_of(bucket.site), names.bucket(name))
        found[where] = name
    return found


def log_group_prefixes(topology: Topology, account: str, region: str) -> tuple[str, ...]:
    """The log groups that services make on their own for a topology in one place.

    MWAA: docs.aws.amazon.com/mwaa/latest/userguide/monitoring-airflow.html
    (`airflow-<environment>-<module>`).
    Lambda: docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html (`/aws/lambda/<function>`).
    Those of Glue (`/aws-glue/jobs/output`, `/aws-glue/python-jobs/output`) and SageMaker
    (`/aws/sagemaker/TrainingJobs`) belong to all jobs of an account and Region, so they are nobody's to remove.
    """
    names = Names(topology)
    found = []
    if (account, region) == (topology.hub_account, topology.hub.region):
        found += [
            f"airflow-{names.environment}-{module}$"
            for module in ("DAGProcessing", "Scheduler", "Task", "WebServer", "Worker")
        ]
    for name, job in sorted(topology.jobs.items()):
        if _place(topology, job.site) != (account, region):
            continue
        if isinstance(job, LambdaJob):
            found.append(f"/aws/lambda/{names.job(name)}$")
        if isinstance(job, SparkJob):
            found.append(f"/aws-glue/jobs/{names.job(name)}$")
    return tuple(found)


def plain(value: Any, stack: Stack, partition: str) -> str:
    """A property as text, when it is text or a `Fn::Sub` of pseudo parameters; else empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and isinstance(value.get("Fn::Sub"), str):
        text: str = value["Fn::Sub"]
        known = {
            "AccountId": stack.account,
            "Region": stack.region,
            "Partition": partition,
            "StackName": stack.name,
        }
        for name, replacement in known.items():
            text = text.replace(f"${{AWS::{name}}}", replacement)
        return "" if "${" in text else text
    return ""


def _place(topology: Topology, site: str) -> tuple[str, str]:
    return topology.account_of(site), topology.region_of(site)
