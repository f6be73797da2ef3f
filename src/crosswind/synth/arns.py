"""ARNs of declared things, with the partition left to CloudFormation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crosswind.synth.grants import training_prefixes
from crosswind.synth.layout import Layout
from crosswind.synth.template import sub

__all__ = [
    "alias_arn",
    "arn",
    "bucket_arn",
    "job_arn",
    "key_arn",
    "log_group_arns",
    "object_arn",
    "pattern",
    "role_arn",
    "site_arn",
    "training_arns",
]


def pattern(path: str) -> str:
    """A declared folder, or a prefix that ends with a slash, with all below it; else that one object."""
    if path.endswith("/"):
        return f"{path}*"
    return path if "/" in path else f"{path}/*"


def arn(service: str, region: str, account_id: str, rest: str) -> dict[str, Any]:
    """A resource of a service in a Region of an account."""
    return sub(f"arn:${{AWS::Partition}}:{service}:{region}:{account_id}:{rest}")


def alias_arn(layout: Layout, bucket: str) -> dict[str, Any]:
    """The alias of the KMS key of a declared bucket's own."""
    site = layout.topology.buckets[bucket].site
    return site_arn(layout, site, "kms", layout.names.key_alias(bucket))


def bucket_arn(layout: Layout, bucket: str) -> dict[str, Any]:
    """A declared bucket."""
    return sub(f"arn:${{AWS::Partition}}:s3:::{layout.names.bucket(bucket)}")


def object_arn(layout: Layout, bucket: str, path: str) -> dict[str, Any]:
    """The objects of a folder of a declared bucket, or one object."""
    return sub(f"arn:${{AWS::Partition}}:s3:::{layout.names.bucket(bucket)}/{pattern(path)}")


def key_arn(layout: Layout, bucket: str, key: str) -> dict[str, Any]:
    """One object of a declared bucket, by its whole key."""
    return sub(f"arn:${{AWS::Partition}}:s3:::{layout.names.bucket(bucket)}/{key}")


def role_arn(account_id: str, role: str) -> dict[str, Any]:
    """A role by its name in AWS."""
    return sub(f"arn:${{AWS::Partition}}:iam::{account_id}:role/{role}")


def site_arn(layout: Layout, site: str, service: str, rest: str) -> dict[str, Any]:
    """A resource of a service at a site."""
    region, account = layout.topology.region_of(site), layout.topology.account_of(site)
    return arn(service, region, account, rest)


def job_arn(layout: Layout, job: str, service: str, rest: str) -> dict[str, Any]:
    """A resource of a service at a job's site."""
    return site_arn(layout, layout.topology.jobs[job].site, service, rest)


def log_group_arns(layout: Layout, job: str, group: str) -> list[dict[str, Any]]:
    """A log group at a job's site, and its streams."""
    return [job_arn(layout, job, "logs", f"log-group:{group}{tail}") for tail in ("", ":*")]


def training_arns(layout: Layout, jobs: Iterable[str]) -> list[dict[str, Any]]:
    """The training jobs of declared jobs: the operator names each after its task and its run.

    In lower case too: SageMaker may write a name so in an ARN, and IAM compares letters as they are.
    """
    return [
        job_arn(layout, job, "sagemaker", f"training-job/{form}*")
        for job in jobs
        for prefix in training_prefixes(layout.topology, job)
        for form in (prefix, prefix.lower())
    ]
