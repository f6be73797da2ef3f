"""S3 buckets: versioned, encrypted, closed to the public, TLS only, with their replication."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.synth import bucket_statements, guest_statements, handover_statements, key_statements
from crosswind.synth.grants import Grants
from crosswind.synth.keys import add_key, key_here, key_parameter
from crosswind.synth.layout import Layout, camel
from crosswind.synth.queues import add_failures_queue, notification
from crosswind.synth.roles import Statement, add_role, service_trust
from crosswind.synth.template import Template, get_att, if_set, ref, sub
from crosswind.topology.model import Replication

__all__ = ["add_hub_bucket", "add_site_bucket", "destination_parameter"]

_STALE_DAYS = 30
_UPLOAD_DAYS = 7
_TIME_CONTROL_MINUTES = 15


def destination_parameter(bucket: str) -> str:
    """The parameter, and the output, that carries a bucket's name: `SourceBucketName` for `source`."""
    return f"{camel(bucket)}BucketName"


def add_hub_bucket(template: Template, layout: Layout) -> str:
    """Add Airflow's bucket and its policy; returns the bucket's logical id.

    MWAA asks for versioning and for public access blocked
    (docs.aws.amazon.com/mwaa/latest/userguide/mwaa-s3-bucket.html).
    """
    name = layout.names.airflow_bucket
    logical_id = _add_bucket(template, "AirflowBucket", name, versioning=True)
    _add_policy(template, logical_id, [bucket_statements.tls_only(name)])
    return logical_id


def add_site_bucket(template: Template, layout: Layout, found: Grants, bucket: str) -> str:
    """Add a declared bucket with its key, its replication, its policy and its output; returns its logical id.

    Replication appears when the parameters with the destinations' names and keys are set; the grant to the execution
    role when `ExecutionRoleArn` is.
    """
    name = layout.names.bucket(bucket)
    declared = layout.topology.buckets[bucket]
    extra: dict[str, Any] = {}
    if declared.has_key:
        guests = guest_statements.of_key(layout, found, bucket)
        add_key(template, layout, bucket, sorted(_foreign_sources(layout, bucket)), guests)
        extra["BucketEncryption"] = _with_key(key_here(bucket))
    replications = layout.replications(bucket)
    if replications:
        role, condition = _replication_role(template, layout, bucket)
        extra["ReplicationConfiguration"] = if_set(condition, _rules(layout, replications, role))
    told: list[str] = []
    if layout.failure_folders(bucket):
        told.append(add_failures_queue(template, layout, bucket))
        extra["NotificationConfiguration"] = notification(layout, bucket)
    logical_id = _add_bucket(
        template, f"{camel(bucket)}Bucket", name, versioning=declared.versioning, extra=extra, depends_on=told
    )
    _add_policy(template, logical_id, _policy(template, layout, found, bucket))
    template.output(destination_parameter(bucket), ref(logical_id), f"The bucket declared as {bucket}.")
    return logical_id


def _policy(template: Template, layout: Layout, found: Grants, bucket: str) -> list[Any]:
    """The statements of a declared bucket's policy."""
    handed_over = sorted({replication.folder for _, replication in layout.handed_over(bucket)})
    return [
        bucket_statements.tls_only(layout.names.bucket(bucket)),
        *(_hub_reads(template, layout, bucket) if layout.hub_reads else []),
        *(handover_statements.guard(layout, bucket, handed_over) if handed_over else []),
        *bucket_statements.replica_grant(layout, bucket, _foreign_sources(layout, bucket)),
        *guest_statements.in_bucket(layout, found, bucket),
        *(key_statements.only_this_key(layout, bucket, key_here(bucket)) if layout.has_key(bucket) else []),
    ]


def _hub_reads(template: Template, layout: Layout, bucket: str) -> list[Any]:
    granted = template.condition_set("ExecutionRoleArn")
    statements = bucket_statements.execution_role_grant(layout, bucket, ref("ExecutionRoleArn"))
    return [if_set(granted, statement) for statement in statements]


def _add_bucket(
    template: Template,
    logical_id: str,
    name: str,
    *,
    versioning: bool,
    extra: dict[str, Any] | None = None,
    depends_on: Sequence[str] = (),
) -> str:
    properties: dict[str, Any] = {
        "BucketName": name,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
            ]
        },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {"Rules": _lifecycle(versioning)},
        **(extra or {}),
    }
    if versioning:
        properties["VersioningConfiguration"] = {"Status": "Enabled"}
    # Delete, since the name is fixed: a bucket left behind would block the next deployment. CloudFormation
    # refuses to delete a bucket that still holds objects, so data goes only when `crosswind destroy` empties
    # it on purpose.
    return template.add(logical_id, "AWS::S3::Bucket", properties, depends_on=depends_on, deletion="Delete")


def _with_key(key: Any) -> dict[str, Any]:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    return {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}


def _lifecycle(versioning: bool) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [
        {
            "Id": "abort-stale-uploads",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _UPLOAD_DAYS},
        }
    ]
    if versioning:
        rules.append(
            {
                "Id": "expire-old-versions",
                "Status": "Enabled",
                "NoncurrentVersionExpiration": {"NoncurrentDays": _STALE_DAYS},
            }
        )
    return rules


def _add_policy(template: Template, bucket: str, statements: Sequence[Statement]) -> None:
    template.add(
        f"{bucket}Policy",
        "AWS::S3::BucketPolicy",
        {
            "Bucket": ref(bucket),
            "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)},
        },
    )


def _replication_role(template: Template, layout: Layout, bucket: str) -> tuple[str, str]:
    """S3's role for a source bucket, and the condition under which it exists."""
    destinations: dict[str, tuple[str, ...]] = {}
    for _, replication in layout.replications(bucket):
        parameter = destination_parameter(replication.destination)
        destinations[parameter] = (*destinations.get(parameter, ()), replication.folder)
    with_keys = {r.destination for _, r in layout.replications(bucket) if layout.has_key(r.destination)}
    parameters = [*sorted(destinations), *sorted(key_parameter(destination) for destination in with_keys)]
    conditions = [template.condition_set(parameter) for parameter in parameters]
    condition = conditions[0]
    if len(conditions) > 1:
        condition = template.condition_all(f"Replicates{camel(bucket)}", conditions)
    role = add_role(
        template,
        f"{camel(bucket)}ReplicationRole",
        layout.names.replication_role(bucket),
        f"S3 replicates from the bucket {bucket} under this role.",
        trust=[service_trust(["s3.amazonaws.com"])],
        statements=[
            *bucket_statements.replication(layout, bucket, destinations),
            *([key_statements.decrypt(layout, bucket, key_here(bucket))] if with_keys else []),
            *(key_statements.write_replicas(layout, each, ref(key_parameter(each))) for each in sorted(with_keys)),
        ],
        condition=condition,
    )
    return role, condition


def _rules(layout: Layout, replications: Sequence[tuple[str, Replication]], role: str) -> dict[str, Any]:
    """The V2 form, which alone has a filter, and with it a priority and a word on delete markers.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html.
    """
    rules = []
    for priority, (name, replication) in enumerate(replications, start=1):
        parameter = destination_parameter(replication.destination)
        destination: dict[str, Any] = {"Bucket": sub(f"arn:${{AWS::Partition}}:s3:::${{{parameter}}}")}
        owner = layout.bucket_account(replication.destination)
        if owner != layout.bucket_account(replication.source):
            destination["Account"] = owner
        rule: dict[str, Any] = {
            "Id": name,
            "Status": "Enabled",
            "Priority": priority,
            "Filter": {"Prefix": f"{replication.folder}/"},
            # A clean-up names the objects in both buckets, so that it can report them; markers stay where set.
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": destination,
        }
        if layout.has_key(replication.destination):
            # docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
            rule["SourceSelectionCriteria"] = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
            key = ref(key_parameter(replication.destination))
            destination["EncryptionConfiguration"] = {"ReplicaKmsKeyID": key}
        destination.update(_followed(replication))
        rules.append(rule)
    return {"Role": get_att(role, "Arn"), "Rules": rules}


def _followed(replication: Replication) -> dict[str, Any]:
    """How S3 follows a rule: S3 tells of failures only where metrics are on; Replication Time Control has them on.

    Sources: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html and
    .../replication-time-control.html (15 minutes is the only value).
    """
    if replication.mover == "crr-rtc":
        return {
            "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": _TIME_CONTROL_MINUTES}},
            "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": _TIME_CONTROL_MINUTES}},
        }
    return {"Metrics": {"Status": "Enabled"}} if replication.failure_events else {}


def _foreign_sources(layout: Layout, bucket: str) -> dict[str, tuple[str, ...]]:
    """The buckets of other accounts that replicate into a bucket, with the folders."""
    owner = layout.bucket_account(bucket)
    sources: dict[str, tuple[str, ...]] = {}
    for _, replication in sorted(layout.topology.replications.items()):
        foreign = layout.bucket_account(replication.source) != owner
        if replication.by_s3 and replication.destination == bucket and foreign:
            known = sources.get(replication.source, ())
            sources[replication.source] = (*known, replication.folder)
    return sources
