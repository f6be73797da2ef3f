"""S3 buckets: versioned, encrypted, closed to the public, TLS only, with their replication."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.synth import bucket_statements, guest_statements, handover_statements, key_statements
from crosswind.synth.grants import Grants
from crosswind.synth.keys import add_key, key_at, key_parameter
from crosswind.synth.layout import Layout, camel
from crosswind.synth.queues import add_failures_queue, notification
from crosswind.synth.roles import Statement, add_role, service_trust
from crosswind.synth.template import Template, get_att, if_set, ref, sub
from crosswind.topology.model import Replication

__all__ = ["add_hub_bucket", "add_site_bucket", "bucket_at", "destination_parameter", "foreign_sources"]

_STALE_DAYS = 30
_UPLOAD_DAYS = 7
_TIME_CONTROL_MINUTES = 15


def destination_parameter(bucket: str) -> str:
    """The parameter, and the output, that carries a bucket's name: `SourceBucketName` for `source`."""
    return f"{camel(bucket)}BucketName"


def bucket_at(layout: Layout, bucket: str) -> str:
    """The name of another site's bucket in a `Fn::Sub`: the parameter that carries it; of one that is there, itself."""
    declared = layout.topology.buckets[bucket]
    return f"${{{destination_parameter(bucket)}}}" if declared.is_made else layout.names.bucket(bucket)


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
    if declared.makes_key:
        guests = guest_statements.of_key(layout, found, bucket)
        add_key(template, layout, bucket, sorted(foreign_sources(layout, bucket)), guests)
    if declared.has_key:
        extra["BucketEncryption"] = _with_key(key_at(layout, bucket, declared.site))
    replications = layout.replications(bucket)
    if replications:
        role, condition = _replication_role(template, layout, bucket)
        rules = _rules(layout, replications, role)
        extra["ReplicationConfiguration"] = if_set(condition, rules) if condition else rules
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
    key = key_at(layout, bucket, layout.topology.buckets[bucket].site)
    handed_over = sorted({replication.folder for _, replication in layout.handed_over(bucket)})
    return [
        bucket_statements.tls_only(layout.names.bucket(bucket)),
        *(_hub_reads(template, layout, bucket) if layout.hub_reads else []),
        *(handover_statements.guard(layout, bucket, handed_over) if handed_over else []),
        *bucket_statements.replica_grant(layout, bucket, foreign_sources(layout, bucket)),
        *guest_statements.in_bucket(layout, found, bucket),
        *(key_statements.only_this_key(layout, bucket, key) if layout.has_key(bucket) else []),
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
    """S3's role for a source bucket, and the condition under which it exists; none where every destination does."""
    replications = [replication for _, replication in layout.replications(bucket)]
    destinations = {replication.destination for replication in replications}
    with_keys = {destination for destination in destinations if layout.has_key(destination)}
    site, made = layout.topology.buckets[bucket].site, layout.topology.buckets
    names = sorted(destination_parameter(each) for each in destinations if made[each].is_made)
    parameters = [*names, *sorted(key_parameter(each) for each in with_keys if made[each].makes_key)]
    conditions = [template.condition_set(parameter) for parameter in parameters]
    condition = conditions[0] if conditions else ""
    if len(conditions) > 1:
        condition = template.condition_all(f"Replicates{camel(bucket)}", conditions)
    role = add_role(
        template,
        f"{camel(bucket)}ReplicationRole",
        layout.names.replication_role(bucket),
        f"S3 replicates from the bucket {bucket} under this role.",
        trust=[service_trust(["s3.amazonaws.com"])],
        boundary=layout.boundary,
        statements=[
            *bucket_statements.replication(layout, bucket, replications, bucket_at),
            *([key_statements.decrypt(layout, bucket, key_at(layout, bucket, site))] if with_keys else []),
            *(key_statements.write_replicas(layout, each, key_at(layout, each, site)) for each in sorted(with_keys)),
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
        bucket = bucket_at(layout, replication.destination)
        destination: dict[str, Any] = {"Bucket": sub(f"arn:${{AWS::Partition}}:s3:::{bucket}")}
        owner = layout.bucket_account(replication.destination)
        if owner != layout.bucket_account(replication.source):
            destination["Account"] = owner
        if replication.owner is not None:
            # docs.aws.amazon.com/AmazonS3/latest/userguide/replication-change-owner.html
            destination["AccessControlTranslation"] = {"Owner": "Destination"}
        rule: dict[str, Any] = {
            "Id": name,
            "Status": "Enabled",
            "Priority": priority,
            "Filter": {"Prefix": f"{replication.folder}/"},
            # By default markers stay where set: a clean-up names the objects in both buckets, and can report them.
            "DeleteMarkerReplication": {"Status": "Enabled" if replication.delete_markers else "Disabled"},
            "Destination": destination,
        }
        if selected := _selected(layout, name, replication):
            rule["SourceSelectionCriteria"] = selected
        if layout.has_key(replication.destination):
            site = layout.topology.buckets[replication.source].site
            key = key_at(layout, replication.destination, site)
            destination["EncryptionConfiguration"] = {"ReplicaKmsKeyID": key}
        destination.update(_followed(replication))
        rules.append(rule)
    return {"Role": get_att(role, "Arn"), "Rules": rules}


def _selected(layout: Layout, name: str, replication: Replication) -> dict[str, Any]:
    """Which objects a rule takes beside plain ones: those that KMS encrypts; of replicas, what changes in their tags.

    Sources: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html and
    .../replication-for-metadata-changes.html (on both sides; replicas themselves go nowhere, so there is no loop).
    """
    return {
        **({"SseKmsEncryptedObjects": {"Status": "Enabled"}} if layout.has_key(replication.destination) else {}),
        **({"ReplicaModifications": {"Status": "Enabled"}} if name in layout.two_way else {}),
    }


def _followed(replication: Replication) -> dict[str, Any]:
    """How S3 follows a rule: S3 tells of failures only where metrics are on; Replication Time Control has them on.

    Sources: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html and
    .../replication-time-control.html (15 minutes is the only value).
    """
    if replication.time_controlled:
        return {
            "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": _TIME_CONTROL_MINUTES}},
            "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": _TIME_CONTROL_MINUTES}},
        }
    return {"Metrics": {"Status": "Enabled"}} if replication.measured else {}


def foreign_sources(layout: Layout, bucket: str) -> dict[str, tuple[Replication, ...]]:
    """The buckets of other accounts from which S3 replicates into a bucket, with the replications."""
    owner = layout.bucket_account(bucket)
    sources: dict[str, tuple[Replication, ...]] = {}
    for _, replication in sorted(layout.topology.replications.items()):
        foreign = layout.bucket_account(replication.source) != owner
        if replication.by_s3 and replication.destination == bucket and foreign:
            sources[replication.source] = (*sources.get(replication.source, ()), replication)
    return sources
