"""A bucket's lifecycle rules, notifications and replication rules: CloudFormation's spelling into the API's.

Sources (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide): aws-properties-s3-bucket-lifecycleconfiguration.html,
aws-properties-s3-bucket-notificationconfiguration.html, aws-properties-s3-bucket-replicationconfiguration.html; against
the S3 API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crosswind.local.cloudformation.providers.calls import offering, picked

__all__ = [
    "LIFECYCLE_RULE",
    "NOTIFIED_QUEUE",
    "REPLICATION_RULE",
    "lifecycle_rules",
    "notification_configuration",
    "replication_configuration",
]

LIFECYCLE_RULE = offering(
    "Id",
    "Status",
    "Prefix",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    AbortIncompleteMultipartUpload=offering("DaysAfterInitiation"),
    NoncurrentVersionExpiration=offering("NoncurrentDays", "NewerNoncurrentVersions"),
    Transitions=offering("StorageClass", "TransitionInDays"),
)

NOTIFIED_QUEUE = offering("Event", "Queue", Filter=offering(S3Key=offering(Rules=offering("Name", "Value"))))

REPLICATION_RULE = offering(
    "Id",
    "Prefix",
    "Priority",
    "Status",
    Filter=offering(
        "Prefix", TagFilter=offering("Key", "Value"), And=offering("Prefix", TagFilters=offering("Key", "Value"))
    ),
    DeleteMarkerReplication=offering("Status"),
    SourceSelectionCriteria=offering(
        SseKmsEncryptedObjects=offering("Status"), ReplicaModifications=offering("Status")
    ),
    Destination=offering(
        "Account",
        "Bucket",
        "StorageClass",
        AccessControlTranslation=offering("Owner"),
        EncryptionConfiguration=offering("ReplicaKmsKeyID"),
        Metrics=offering("Status", EventThreshold=offering("Minutes")),
        ReplicationTime=offering("Status", Time=offering("Minutes")),
    ),
)


def lifecycle_rules(rules: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`LifecycleConfiguration.Rules` as PutBucketLifecycleConfiguration takes them."""
    return [_lifecycle_rule(rule) for rule in rules]


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        found["ID"] = rule["Id"]
    expiration: dict[str, Any] = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = rule["ExpirationInDays"]
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = rule["ExpiredObjectDeleteMarker"]
    if expiration:
        found["Expiration"] = expiration
    found |= picked(rule, "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    if "Transitions" in rule:
        found["Transitions"] = [
            {"StorageClass": item["StorageClass"], "Days": item["TransitionInDays"]} for item in rule["Transitions"]
        ]
    return found


def notification_configuration(value: Mapping[str, Any]) -> dict[str, Any]:
    """`NotificationConfiguration` as PutBucketNotificationConfiguration takes it; of a property one event each."""
    return {"QueueConfigurations": [_notified_queue(one) for one in value.get("QueueConfigurations", ())]}


def _notified_queue(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"QueueArn": value["Queue"], "Events": [value["Event"]]}
    if "Filter" in value:
        found["Filter"] = {"Key": {"FilterRules": list(value["Filter"]["S3Key"]["Rules"])}}
    return found


def replication_configuration(value: Mapping[str, Any]) -> dict[str, Any]:
    """`ReplicationConfiguration` as PutBucketReplication takes it."""
    return {"Role": value["Role"], "Rules": [_replication_rule(rule) for rule in value["Rules"]]}


def _replication_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    found = picked(
        rule, "Status", "Prefix", "Priority", "DeleteMarkerReplication", "SourceSelectionCriteria", "Destination"
    )
    if "Id" in rule:
        found["ID"] = rule["Id"]
    if "Filter" in rule:
        found["Filter"] = _filter(rule["Filter"])
    return found


def _filter(value: Mapping[str, Any]) -> dict[str, Any]:
    if "And" in value:
        both = picked(value["And"], "Prefix")
        return {"And": {**both, "Tags": list(value["And"].get("TagFilters", ()))}}
    if "TagFilter" in value:
        return {"Tag": value["TagFilter"]}
    return {"Prefix": value.get("Prefix", "")}
