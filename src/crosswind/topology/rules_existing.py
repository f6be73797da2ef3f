"""Rules of what is there already: Crosswind refers to it, and changes nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.topology.model import GlueJob, Job, LambdaJob, ProcessingJob
from crosswind.topology.places import Loc
from crosswind.topology.view import Faults, View

__all__ = [
    "existing_buckets_are_left_alone",
    "existing_keys_are_beside_their_buckets",
    "existing_roles_are_of_the_account",
    "existing_roles_name_their_keys",
    "existing_sources_are_copied",
]


def existing_buckets_are_left_alone(view: View) -> Faults:
    """What a bucket that is there is called, and how it encrypts, is not for the topology to say."""
    for name, bucket in view.topology.buckets.items():
        if bucket.existing is not None and bucket.name:
            yield view.fault(
                ("buckets", name, "name"),
                f"bucket {name} is there already as {bucket.existing}; `name` is for buckets that are made",
                "remove `name`",
            )
        if bucket.makes_key and (bucket.existing is not None or bucket.existing_key is not None):
            why = "is there already, and stays as it is" if bucket.existing is not None else "has a key already"
            yield view.fault(
                ("buckets", name, "encryption"),
                f"bucket {name} {why}; `customer-key` would make a key for it",
                "remove `encryption`, and name its key in `existing_key` where it has one",
            )


def existing_keys_are_beside_their_buckets(view: View) -> Faults:
    """S3 encrypts with keys of the bucket's own Region; and the owner of both is one.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html.
    """
    for name, bucket in view.topology.buckets.items():
        account = view.account_of(bucket.site)
        if bucket.existing_key is None or account is None:
            continue
        _, partition, _, region, owner, _ = bucket.existing_key.split(":", 5)
        here = (view.topology.partition, view.topology.region_of(bucket.site), view.topology.accounts[account].id)
        if (partition, region, owner) != here:
            yield view.fault(
                ("buckets", name, "existing_key"),
                f"the key is in {owner}, {region} ({partition}),"
                f" but bucket {name} is in {here[2]}, {here[1]} ({here[0]})",
                "name a key of the bucket's own account and Region",
            )


def existing_sources_are_copied(view: View) -> Faults:
    """S3's replication rules are a setting of the source bucket, and so are its notifications; no policy adds them."""
    for name, replication in view.topology.replications.items():
        source = view.topology.buckets.get(replication.source)
        if source is not None and not source.is_made and replication.by_s3:
            yield view.fault(
                ("replications", name, "from"),
                f"bucket {replication.source} is there already; for S3 to replicate from it, its settings would change",
                "write `mover: copy`, or `mover: in-place`, which ask its owner for policy statements alone",
            )


def existing_roles_are_of_the_account(view: View) -> Faults:
    """No role is passed to a service of another account.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html.
    """
    for name, job in view.topology.jobs.items():
        account = view.account_of(job.site)
        if job.existing_role is None or account is None:
            continue
        parts, here = job.existing_role.split(":"), view.topology.accounts[account].id
        if (parts[1], parts[4]) != (view.topology.partition, here):
            yield view.fault(
                ("jobs", name, "existing_role"),
                f"the role is in account {parts[4]} ({parts[1]}), but job {name} runs in {here}"
                f" ({view.topology.partition})",
                f"name a role of {here}, or remove `existing_role`: one is made",
            )


def existing_roles_name_their_keys(view: View) -> Faults:
    """IAM policies name keys by ARN, which is not known before KMS has made the key: no owner could write it down."""
    for name, job in view.topology.jobs.items():
        if job.existing_role is None:
            continue
        for loc, ref in _touched(name, job):
            bucket = view.split(ref)[0]
            declared = view.topology.buckets.get(bucket)
            if declared is not None and declared.makes_key:
                yield view.fault(
                    loc,
                    f"job {name} has a role that is there already, but the key of bucket {bucket} is made: its ARN,"
                    " which the role's policy must name, is not known before",
                    f"name a key in buckets.{bucket}.existing_key; or remove `existing_role`: one is made",
                )


def _touched(name: str, job: Job) -> Iterator[tuple[Loc, str]]:
    """The folders in which a job's own role reads or writes objects, with their key paths."""
    for kind in ("reads", "writes"):
        for index, ref in enumerate(getattr(job, kind)):
            yield ("jobs", name, kind, index), ref
    if isinstance(job, GlueJob | ProcessingJob):
        yield ("jobs", name, "scripts"), job.scripts
    if isinstance(job, LambdaJob) and job.results is not None:
        yield ("jobs", name, "results"), job.results
