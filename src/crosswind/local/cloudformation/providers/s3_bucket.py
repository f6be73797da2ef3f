"""AWS::S3::Bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from crosswind.local.cloudformation.providers.calls import changed, error_code, offering, tag_list, unless_gone
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError
from crosswind.local.cloudformation.providers.s3_rules import (
    LIFECYCLE_RULE,
    NOTIFIED_QUEUE,
    REPLICATION_RULE,
    lifecycle_rules,
    notification_configuration,
    replication_configuration,
)
from crosswind.local.partitions import url_suffix

__all__ = ["S3Bucket"]


class S3Bucket:
    """A bucket; each configuration is put when it is declared or changed, and taken away when it is dropped."""

    type_name = "AWS::S3::Bucket"
    offers = offering(
        "BucketName",
        "Tags",
        VersioningConfiguration=offering("Status"),
        BucketEncryption=offering(
            ServerSideEncryptionConfiguration=offering(
                "BucketKeyEnabled",
                ServerSideEncryptionByDefault=offering("SSEAlgorithm", "KMSMasterKeyID"),
            )
        ),
        PublicAccessBlockConfiguration=offering(
            "BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"
        ),
        OwnershipControls=offering(Rules=offering("ObjectOwnership")),
        LifecycleConfiguration=offering(Rules=LIFECYCLE_RULE),
        NotificationConfiguration=offering(QueueConfigurations=NOTIFIED_QUEUE),
        ReplicationConfiguration=offering("Role", Rules=REPLICATION_RULE),
    )
    attributes = frozenset({"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"})
    tags = "list"

    def create(self, properties: Properties, context: Context) -> Made:
        s3 = context.client("s3")
        name = str(properties.get("BucketName") or context.name(63, lower=True))
        _refuse_existing(s3, name)
        where = {} if context.region == "us-east-1" else {"LocationConstraint": context.region}
        s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
        context.made(name)
        self._apply(s3, name, {}, properties)
        return Made(name, _attributes(name, context))

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        self._apply(context.client("s3"), physical_id, old, new)
        return Made(physical_id, _attributes(physical_id, context))

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        with unless_gone():
            context.client("s3").delete_bucket(Bucket=physical_id)

    def _apply(self, s3: Any, bucket: str, old: Properties, new: Properties) -> None:
        steps = _steps(s3, bucket)
        if "ReplicationConfiguration" in old and "ReplicationConfiguration" not in new:
            # Versioning cannot be suspended while a replication rule stands.
            steps = {"ReplicationConfiguration": steps["ReplicationConfiguration"], **steps}
        for name, (put, drop) in steps.items():
            if not changed(old, new, name):
                continue
            if new.get(name):
                put(new[name])
            elif old.get(name):
                drop()


def _steps(s3: Any, bucket: str) -> dict[str, tuple[Callable[[Any], None], Callable[[], None]]]:
    """How each property is put and dropped, in an order that S3 takes: versioning before replication."""
    return {
        "OwnershipControls": (
            lambda value: s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=value),
            lambda: s3.delete_bucket_ownership_controls(Bucket=bucket),
        ),
        "PublicAccessBlockConfiguration": (
            lambda value: s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=value),
            lambda: s3.delete_public_access_block(Bucket=bucket),
        ),
        "VersioningConfiguration": (
            lambda value: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=value),
            lambda: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}),
        ),
        "BucketEncryption": (
            lambda value: s3.put_bucket_encryption(
                Bucket=bucket,
                ServerSideEncryptionConfiguration={
                    "Rules": [_encryption(r) for r in value["ServerSideEncryptionConfiguration"]]
                },
            ),
            lambda: s3.delete_bucket_encryption(Bucket=bucket),
        ),
        "Tags": (
            lambda value: s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_list(value)}),
            lambda: s3.delete_bucket_tagging(Bucket=bucket),
        ),
        "LifecycleConfiguration": (
            lambda value: s3.put_bucket_lifecycle_configuration(
                Bucket=bucket, LifecycleConfiguration={"Rules": lifecycle_rules(value["Rules"])}
            ),
            lambda: s3.delete_bucket_lifecycle(Bucket=bucket),
        ),
        "NotificationConfiguration": (
            lambda value: s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration=notification_configuration(value)
            ),
            lambda: s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={}),
        ),
        "ReplicationConfiguration": (
            lambda value: s3.put_bucket_replication(
                Bucket=bucket, ReplicationConfiguration=replication_configuration(value)
            ),
            lambda: s3.delete_bucket_replication(Bucket=bucket),
        ),
    }


def _refuse_existing(s3: Any, name: str) -> None:
    # In us-east-1 CreateBucket answers 200 for a bucket that the caller has already; a stack must not adopt it.
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        # Who may not look learns from CreateBucket itself: that the bucket is another's, or may not be made.
        if error_code(error) in {"404", "NoSuchBucket", "403", "AccessDenied"}:
            return
        if error_code(error) not in {"301", "PermanentRedirect"}:
            raise
    raise ResourceError(f"{name} already exists", "AlreadyExists")


def _encryption(rule: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "ServerSideEncryptionByDefault" in rule:
        found["ApplyServerSideEncryptionByDefault"] = rule["ServerSideEncryptionByDefault"]
    if "BucketKeyEnabled" in rule:
        found["BucketKeyEnabled"] = rule["BucketKeyEnabled"]
    return found


def _attributes(name: str, context: Context) -> dict[str, str]:
    suffix = url_suffix(context.region)
    return {
        "Arn": f"arn:{context.partition}:s3:::{name}",
        "DomainName": f"{name}.s3.{suffix}",
        "DualStackDomainName": f"{name}.s3.dualstack.{context.region}.{suffix}",
        "RegionalDomainName": f"{name}.s3.{context.region}.{suffix}",
        "WebsiteURL": f"http://{name}.s3-website-{context.region}.{suffix}",
    }
