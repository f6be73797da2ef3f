"""ARNs of declared things, with the partition left to CloudFormation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crosswind.synth.grants import job_prefixes
from crosswind.synth.layout import Layout
from crosswind.synth.template import sub

__all__ = [
    "alias_arn",
    "arn",
    "bucket_arn",
    "given_arn",
    "job_arn",
    "key_arn",
    "log_group_arn",
    "object_arn",
    "pattern",
    "policy_arn",
    "processing_arns",
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


def given_arn(text: str) -> dict[str, Any]:
    """An ARN of the topology file, which is of the topology's partition."""
    return sub(f"arn:${{AWS::Partition}}:{text.split(':', 2)[2]}")


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


def policy_arn(account_id: str, policy: str) -> dict[str, Any]:
    """A managed policy of an account's own, by its name."""
    return sub(f"arn:${{AWS::Partition}}:iam::{account_id}:policy/{policy}")


def site_arn(layout: Layout, site: str, service: str, rest: str) -> dict[str, Any]:
    """A resource of a service at a site."""
    region, account = layout.topology.region_of(site), layout.topology.account_of(site)
    return arn(service, region, account, rest)


def job_arn(layout: Layout, job: str, service: str, rest: str) -> dict[str, Any]:
    """A resource of a service at a job's site."""
    return site_arn(layout, layout.topology.jobs[job].site, service, rest)


def log_group_arn(layout: Layout, job: str, group: str) -> dict[str, Any]:
    """A log group at a job's site, in the form that all actions but those on tags take, with its streams.

    Source: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html.
    """
    return job_arn(layout, job, "logs", f"log-group:{group}:*")


def training_arns(layout: Layout, jobs: Iterable[str], pipeline: str | None = None) -> list[dict[str, Any]]:
    """The training jobs of declared jobs: the operator names each after its task and its run."""
    return _sagemaker_arns(layout, jobs, "training-job", pipeline)


def processing_arns(layout: Layout, jobs: Iterable[str], pipeline: str | None = None) -> list[dict[str, Any]]:
    """The processing jobs of declared jobs, named likewise."""
    return _sagemaker_arns(layout, jobs, "processing-job", pipeline)


def _sagemaker_arns(layout: Layout, jobs: Iterable[str], kind: str, pipeline: str | None) -> list[dict[str, Any]]:
    """In lower case too: SageMaker may write a name so in an ARN, and IAM compares letters as they are."""
    return [
        job_arn(layout, job, "sagemaker", f"{kind}/{form}*")
        for job in jobs
        for prefix in job_prefixes(layout.topology, job, pipeline)
        for form in (prefix, prefix.lower())
    ]
