"""What CloudFormation's handlers call, by resource type; `handlers` turns it into flows.

Source: the `handlers` of each type's schema (`aws cloudformation describe-type --type RESOURCE --type-name ...`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["HANDLERS", "Handler"]


@dataclass(frozen=True)
class Handler:
    """What is done with one resource type.

    Attributes:
        service: the prefix of the actions.
        seen: actions on the resource that the local world's CloudFormation shows too.
        said: those that only the schema says.
        anywhere: actions that take no resource, as the schema says.
        tags: actions on the resource's ARN as tags name it, where that differs.
        passes: the property that holds a role which is passed, and the service that receives it.
        given: further actions, seen or said, of a template that has a property.
    """

    service: str
    seen: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    passes: tuple[str, str] = ("", "")
    given: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] | None = None


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HANDLERS = {
    "AWS::S3::Bucket": Handler(
        "s3",
        _words("CreateBucket DeleteBucket ListBucket PutBucketTagging"),
        _words(
            "GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS"
            " GetBucketLogging GetBucketMetadataTableConfiguration GetBucketNotification"
            " GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPublicAccessBlock GetBucketTagging"
            " GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration"
            " GetIntelligentTieringConfiguration GetInventoryConfiguration"
            " GetLifecycleConfiguration GetMetricsConfiguration GetReplicationConfiguration ListTagsForResource"
            " TagResource UntagResource"
        ),
        passes=("ReplicationConfiguration", "s3.amazonaws.com"),
        given={
            "BucketEncryption": (("PutEncryptionConfiguration",), ()),
            "LifecycleConfiguration": (("PutLifecycleConfiguration",), ()),
            "NotificationConfiguration": (("PutBucketNotification",), ()),
            "OwnershipControls": (("PutBucketOwnershipControls",), ()),
            "PublicAccessBlockConfiguration": (("PutBucketPublicAccessBlock",), ()),
            "ReplicationConfiguration": (("PutReplicationConfiguration",), ()),
            "VersioningConfiguration": (("PutBucketVersioning",), ()),
        },
    ),
    "AWS::S3::BucketPolicy": Handler("s3", _words("GetBucketPolicy PutBucketPolicy DeleteBucketPolicy")),
    "AWS::KMS::Key": Handler("kms"),
    "AWS::KMS::Alias": Handler("kms"),
    "AWS::IAM::Role": Handler(
        "iam",
        _words("CreateRole DeleteRole TagRole"),
        _words(
            "GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies UntagRole UpdateAssumeRolePolicy"
            " UpdateRole UpdateRoleDescription"
        ),
        given={
            "Policies": (_words("DeleteRolePolicy PutRolePolicy"), ()),
            "ManagedPolicyArns": ((), _words("AttachRolePolicy DetachRolePolicy")),
            "PermissionsBoundary": ((), _words("PutRolePermissionsBoundary")),
        },
    ),
    "AWS::IAM::ManagedPolicy": Handler(
        "iam",
        (),
        _words(
            "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion"
            " ListEntitiesForPolicy ListPolicyVersions"
        ),
    ),
    "AWS::Glue::Job": Handler(
        "glue",
        _words("CreateJob DeleteJob TagResource"),
        _words("GetJob GetTags UntagResource UpdateJob"),
        passes=("Role", "glue.amazonaws.com"),
    ),
    "AWS::Lambda::Function": Handler(
        "lambda",
        _words("CreateFunction DeleteFunction GetFunctionConfiguration TagResource"),
        _words(
            "GetFunction GetFunctionCodeSigningConfig GetFunctionRecursionConfig GetFunctionScalingConfig"
            " GetRuntimeManagementConfig ListTags UntagResource UpdateFunctionCode UpdateFunctionConfiguration"
        ),
        passes=("Role", "lambda.amazonaws.com"),
    ),
    "AWS::Lambda::EventInvokeConfig": Handler("lambda"),
    "AWS::Logs::LogGroup": Handler(
        "logs",
        _words("CreateLogGroup DeleteLogGroup"),
        _words("GetDataProtectionPolicy"),
        _words("DescribeIndexPolicies DescribeLogGroups DescribeResourcePolicies"),
        given={"RetentionInDays": (("PutRetentionPolicy",), ("DeleteRetentionPolicy",))},
    ),
    "AWS::SQS::Queue": Handler(
        "sqs",
        _words("CreateQueue DeleteQueue TagQueue GetQueueUrl"),
        _words("GetQueueAttributes ListQueueTags UntagQueue"),
    ),
    "AWS::SQS::QueuePolicy": Handler("sqs", _words("SetQueueAttributes")),
    "AWS::SecretsManager::Secret": Handler(
        "secretsmanager",
        _words("CreateSecret DeleteSecret TagResource"),
        _words("DescribeSecret GetSecretValue UntagResource UpdateSecret"),
    ),
    "AWS::MWAA::Environment": Handler(
        "airflow",
        _words("CreateEnvironment DeleteEnvironment GetEnvironment TagResource"),
        _words("UntagResource UpdateEnvironment"),
        passes=("ExecutionRoleArn", "airflow.amazonaws.com"),
    ),
}
