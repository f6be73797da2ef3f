"""S3: buckets, and the table of the service."""

from __future__ import annotations

from collections.abc import Mapping

from crosswind.local.authorization.asking import Ask, Context
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Pass, Row, Table, pass_role
from crosswind.local.authorization.tables import s3_objects, s3_replication
from crosswind.local.authorization.tables.s3_requests import Place
from crosswind.local.protocol import parse_input

__all__ = ["TABLE"]

# Operations of which the action, on the bucket, has another name; `Delete` of a configuration is mostly a `Put`.
_BUCKET_ACTIONS: Mapping[str, str] = {
    "DeleteBucket": "DeleteBucket",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketWebsite": "DeleteBucketWebsite",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAcl": "GetBucketAcl",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketLogging": "GetBucketLogging",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotification": "GetBucketNotification",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketOwnershipControls": "GetBucketOwnershipControls",
    "GetBucketPolicy": "GetBucketPolicy",
    "GetBucketPolicyStatus": "GetBucketPolicyStatus",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetBucketRequestPayment": "GetBucketRequestPayment",
    "GetBucketTagging": "GetBucketTagging",
    "GetBucketVersioning": "GetBucketVersioning",
    "GetBucketWebsite": "GetBucketWebsite",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAcl": "PutBucketAcl",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketLogging": "PutBucketLogging",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotification": "PutBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketOwnershipControls": "PutBucketOwnershipControls",
    "PutBucketPolicy": "PutBucketPolicy",
    "PutBucketRequestPayment": "PutBucketRequestPayment",
    "PutBucketTagging": "PutBucketTagging",
    "PutBucketVersioning": "PutBucketVersioning",
    "PutBucketWebsite": "PutBucketWebsite",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}

_GRANTS = ("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")


def _on_bucket(action: str) -> Row:
    def row(ask: Ask) -> list[Need]:
        return [Place(ask).on_bucket(action)]

    return row


def _listing(action: str) -> Row:
    """A list of objects; the condition keys are there only when the request sends them."""

    def row(ask: Ask) -> list[Need]:
        asked = ask.parameters
        context: Context = {}
        if "Prefix" in asked:
            context["s3:prefix"] = str(asked["Prefix"])
        if "Delimiter" in asked:
            context["s3:delimiter"] = str(asked["Delimiter"])
        if "MaxKeys" in asked:
            context["s3:max-keys"] = str(asked["MaxKeys"])
        return [Place(ask).on_bucket(action, context)]

    return row


def _create_bucket(ask: Ask) -> list[Need]:
    # Source: docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html, Permissions.
    place, asked = Place(ask), ask.parameters
    # The name may be taken by another account; the right to try is asked of one's own.
    place.account = ask.caller or ask.account
    place.base["s3:ResourceAccount"] = place.account
    body = parse_input("s3", "CreateBucket", ask.call.http).get("CreateBucketConfiguration", {})
    context: Context = {}
    if body.get("LocationConstraint"):
        context["s3:LocationConstraint"] = str(body["LocationConstraint"])
    tags = {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in body.get("Tags", ())}
    if tags:
        context |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
        context["aws:TagKeys"] = list(tags)
    needs = [place.on_bucket("CreateBucket", context)]
    if any(name in asked for name in _GRANTS) and asked.get("ACL") != "private":
        needs.append(place.on_bucket("PutBucketAcl"))
    if asked.get("ObjectLockEnabledForBucket"):
        needs += [place.on_bucket("PutBucketObjectLockConfiguration"), place.on_bucket("PutBucketVersioning")]
    if "ObjectOwnership" in asked:
        needs.append(place.on_bucket("PutBucketOwnershipControls"))
    if tags:
        needs.append(place.on_bucket("TagResource", context))
    return needs


def _put_replication(ask: Ask) -> list[Need]:
    place = Place(ask)
    passed = pass_role(ask, Pass("ReplicationConfiguration.Role", "s3.amazonaws.com"), place.bucket_arn)
    return [place.on_bucket("PutReplicationConfiguration"), *passed]


def _list_buckets(ask: Ask) -> list[Need]:
    # AWS's own example policies grant it on this, and `*` means it too
    # (docs.aws.amazon.com/AmazonS3/latest/userguide/example-policies-s3.html).
    return [Need("s3:ListAllMyBuckets", f"arn:{ask.partition}:s3:::*", ask.account, {})]


_ROWS: Mapping[str, Row] = {
    **{operation: _on_bucket(action) for operation, action in _BUCKET_ACTIONS.items()},
    **s3_objects.ROWS,
    **s3_replication.ROWS,
    "CreateBucket": _create_bucket,
    "ListBuckets": _list_buckets,
    "ListObjectVersions": _listing("ListBucketVersions"),
    "ListObjects": _listing("ListBucket"),
    "ListObjectsV2": _listing("ListBucket"),
    "PutBucketReplication": _put_replication,
}

# S3 Tables, S3 Express and access points have ARNs of their own and are not offered: only what has a row is known.
TABLE = Table("s3", rows=_ROWS, ruled=False)
"""Rights of S3."""
