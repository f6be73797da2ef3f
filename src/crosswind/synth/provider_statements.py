"""What CloudFormation does with our resources, for whoever it acts for. Each statement stands once, here.

CloudFormation has no rights of its own: it acts with those of its caller, or, in the stacks of a StackSet, with
the execution role's. What a resource type needs is in the `handlers` of its schema (`aws cloudformation
describe-type --type RESOURCE --type-name ...`): a handler reads the whole resource back after each change, and so
also settings that no template of ours has. `provider_messages` goes on with queues and what sends to them,
`provider_roles` with roles and their policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crosswind.synth.arns import alias_arn, arn, job_arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow
from crosswind.topology.model import GlueJob, LambdaJob

__all__ = [
    "LOOKED_UP_LOGS",
    "functions_of",
    "glue_jobs_of",
    "manage_buckets",
    "manage_functions",
    "manage_glue_jobs",
    "manage_keys",
    "manage_log_groups",
]

LOOKED_UP_LOGS = ("logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies")
"""How a log group is found; these take no resource."""

_BUCKET_SETTINGS = (
    "BucketOwnershipControls",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketTagging",
    "BucketVersioning",
    "EncryptionConfiguration",
    "LifecycleConfiguration",
)
_BUCKET_READ_BACK = (
    "AccelerateConfiguration",
    "AnalyticsConfiguration",
    "BucketAbac",
    "BucketAcl",
    "BucketCORS",
    "BucketLogging",
    "BucketMetadataTableConfiguration",
    "BucketNotification",
    "BucketObjectLockConfiguration",
    "BucketWebsite",
    "IntelligentTieringConfiguration",
    "InventoryConfiguration",
    "MetricsConfiguration",
    "ReplicationConfiguration",
)


def manage_buckets(arns: Sequence[Any], replicating: Sequence[Any]) -> list[Statement]:
    """AWS::S3::Bucket and AWS::S3::BucketPolicy: the buckets, not what lies in them.

    Args:
        arns: of the buckets.
        replicating: of those that replicate.
    """
    actions = [f"s3:{verb}{setting}" for setting in _BUCKET_SETTINGS for verb in ("Get", "Put")]
    actions += [f"s3:Get{setting}" for setting in _BUCKET_READ_BACK]
    actions += [
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:ListBucket",
        "s3:ListTagsForResource",
        "s3:TagResource",
        "s3:UntagResource",
    ]
    replicate = [allow("ManageReplication", ["s3:PutReplicationConfiguration"], replicating)] if replicating else []
    return [allow("ManageBuckets", actions, arns), *replicate]


def manage_glue_jobs(layout: Layout, jobs: Sequence[str]) -> Statement:
    """AWS::Glue::Job."""
    actions = ["CreateJob", "DeleteJob", "GetJob", "GetTags", "TagResource", "UntagResource", "UpdateJob"]
    arns = [job_arn(layout, job, "glue", f"job/{layout.names.job(job)}") for job in jobs]
    return allow("ManageGlueJobs", [f"glue:{action}" for action in actions], arns)


def manage_functions(layout: Layout, functions: Sequence[str]) -> Statement:
    """AWS::Lambda::Function."""
    actions = [
        "CreateFunction",
        "DeleteFunction",
        "GetFunction",
        "GetFunctionCodeSigningConfig",
        "GetFunctionConfiguration",
        "GetFunctionRecursionConfig",
        "GetFunctionScalingConfig",
        "GetRuntimeManagementConfig",
        "ListTags",
        "TagResource",
        "UntagResource",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    ]
    arns = [job_arn(layout, name, "lambda", f"function:{layout.names.job(name)}") for name in functions]
    return allow("ManageFunctions", [f"lambda:{action}" for action in actions], arns)


def manage_keys(layout: Layout, buckets: Iterable[str]) -> list[Statement]:
    """AWS::KMS::Key and AWS::KMS::Alias, of the buckets among these whose stacks make them keys.

    Nobody knows a key's id before KMS has chosen it. A key of ours bears the stack's tag from the first, but tags
    count only after up to five minutes (docs.aws.amazon.com/kms/latest/developerguide/abac.html): what follows the
    making at once, all of it harmless, goes without them.
    """
    keyed = [bucket for bucket in buckets if layout.makes_key(bucket)]
    if not keyed:
        return []
    topology = layout.topology
    places = sorted(
        {(topology.region_of(topology.buckets[b].site), topology.account_of(topology.buckets[b].site)) for b in keyed}
    )
    regions = {"aws:RequestedRegion": [region for region, _ in places]}
    every = [arn("kms", region, account, "key/*") for region, account in places]
    aliases = [alias_arn(layout, bucket) for bucket in keyed]
    asked = {"aws:RequestTag/crosswind:topology": topology.name}
    tagged = {"StringEquals": {"aws:ResourceTag/crosswind:topology": topology.name}}
    looks = ["DescribeKey", "EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"]
    changes = [
        "DisableKey",
        "DisableKeyRotation",
        "EnableKey",
        "PutKeyPolicy",
        "ScheduleKeyDeletion",
        "UntagResource",
        "UpdateKeyDescription",
    ]
    return [
        allow("MakeKeys", ["kms:CreateKey"], ["*"], {"StringEquals": {**asked, **regions}}),
        allow("TagKeys", ["kms:TagResource"], every, {"StringEquals": asked}),
        allow("LookAtKeys", [f"kms:{action}" for action in looks], every),
        allow("ManageKeys", [f"kms:{action}" for action in changes], every, tagged),
        # Both the alias and the key must be allowed; it is the alias that is ours.
        allow("ManageAliases", ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"], [*aliases, *every]),
        allow("LookAtAliases", ["kms:ListAliases"], ["*"], {"StringEquals": regions}),
    ]


def manage_log_groups(layout: Layout, functions: Sequence[str]) -> Statement:
    """AWS::Logs::LogGroup, of functions."""
    actions = [
        "CreateLogGroup",
        "DeleteLogGroup",
        "DeleteRetentionPolicy",
        "GetDataProtectionPolicy",
        "ListTagsForResource",
        "PutRetentionPolicy",
        "TagResource",
        "UntagResource",
    ]
    groups = {name: layout.names.log_group(name) for name in functions}
    # Tags are on the group itself, all else is asked of the group with its streams.
    arns = [job_arn(layout, name, "logs", f"log-group:{groups[name]}{tail}") for name in groups for tail in ("", ":*")]
    return allow("ManageLogGroups", [f"logs:{action}" for action in actions], arns)


def glue_jobs_of(layout: Layout, sites: Iterable[str]) -> list[str]:
    """The Glue jobs at some sites."""
    return [name for site in sites for name, job in layout.jobs(site) if isinstance(job, GlueJob)]


def functions_of(layout: Layout, sites: Iterable[str]) -> list[str]:
    """The Lambda jobs at some sites."""
    return [name for site in sites for name, job in layout.jobs(site) if isinstance(job, LambdaJob)]
