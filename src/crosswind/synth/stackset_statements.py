"""The IAM statements of an account's two StackSet roles. Each statement stands once, here.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html. What a resource
type needs is in the `handlers` of its schema (`aws cloudformation describe-type --type RESOURCE --type-name ...`):
a handler reads the whole resource back after each change, and so also settings that no template of ours has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from crosswind.synth.arns import bucket_arn, job_arn, log_group_arns, role_arn, site_arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow
from crosswind.topology.model import GlueJob, LambdaJob

__all__ = ["administration", "administrators", "execution"]

# docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html: Regions launched before 20 March 2019 are
# enabled by default; every later one is opted into. The first list does not grow.
_DEFAULT_REGION = re.compile(
    r"(us|cn)-.+|ca-central-1|sa-east-1|eu-(central-1|north-1|west-[123])"
    r"|ap-(south-1|northeast-[123]|southeast-[12])"
)


def administrators(layout: Layout, account: str) -> list[str]:
    """Who assumes the administration role: CloudFormation, and for a Region disabled by default its own principal."""
    regions = sorted({layout.topology.region_of(site) for site in layout.sites(account)})
    opted_in = (region for region in regions if not _DEFAULT_REGION.fullmatch(region))
    return ["cloudformation.amazonaws.com", *(f"cloudformation.{region}.amazonaws.com" for region in opted_in)]


def administration(layout: Layout, account: str) -> list[Statement]:
    """StackSets' administration role: it may assume the execution role of the same account, nothing else."""
    role = layout.names.role("stackset-execution")
    return [allow("AssumeExecution", ["sts:AssumeRole"], [role_arn(layout.account_id(account), role)])]


def execution(layout: Layout, account: str) -> list[Statement]:
    """StackSets' execution role: what the account's far sites hold, and what StackSets itself needs."""
    sites = layout.far_sites(account)
    statements = [_stacks(layout, sites), _look_up(layout, sites), _service_buckets(layout, account)]
    buckets = [name for site in sites for name, _ in layout.buckets(site)]
    if buckets:
        statements.append(_buckets(layout, buckets))
    roles = sorted(_roles(layout, account, sites))
    statements.append(_make_roles(layout, account, roles))
    passed = _services(layout, sites)
    if passed:
        statements.append(_pass_roles(layout, account, passed))
    if glue := [name for site in sites for name, job in layout.jobs(site) if isinstance(job, GlueJob)]:
        statements.append(_glue(layout, glue))
    if functions := [name for site in sites for name, job in layout.jobs(site) if isinstance(job, LambdaJob)]:
        statements += [_functions(layout, functions), _log_groups(layout, functions)]
    return statements


def _stacks(layout: Layout, sites: Sequence[str]) -> Statement:
    return allow(
        "ManageStacks",
        ["cloudformation:*"],  # as documented, but on the stacks of our StackSets alone
        [site_arn(layout, site, "cloudformation", f"stack/StackSet-{layout.site_stack(site)}-*") for site in sites],
    )


def _look_up(layout: Layout, sites: Sequence[str]) -> Statement:
    """Reads that take no resource: CloudFormation's own, and those by which it finds a log group."""
    actions = ["DescribeStacks", "GetTemplateSummary", "ListStacks", "ValidateTemplate"]
    return allow(
        "LookUp",
        [
            *(f"cloudformation:{action}" for action in actions),
            "logs:DescribeIndexPolicies",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
        ],
        ["*"],
        {"StringEquals": {"aws:RequestedRegion": sorted({layout.topology.region_of(site) for site in sites})}},
    )


def _service_buckets(layout: Layout, account: str) -> Statement:
    """Objects in buckets of other accounts: the service's own, by which StackSets tells of an instance's state.

    AWS documents `s3:*` on everything, and names neither its buckets nor what it does there. Our own buckets are
    left out, and with them all of the account's data.
    """
    return allow(
        "TellState",
        ["s3:GetObject", "s3:PutObject"],
        ["*"],
        {"StringNotEquals": {"aws:ResourceAccount": layout.account_id(account)}},
    )


def _buckets(layout: Layout, buckets: Sequence[str]) -> Statement:
    settings = (
        "BucketOwnershipControls",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketTagging",
        "BucketVersioning",
        "EncryptionConfiguration",
        "LifecycleConfiguration",
        "ReplicationConfiguration",
    )
    read_only = (
        "AccelerateConfiguration",
        "AnalyticsConfiguration",
        "BucketAbac",
        "BucketAcl",
        "BucketCORS",
        "BucketLocation",
        "BucketLogging",
        "BucketMetadataTableConfiguration",
        "BucketNotification",
        "BucketObjectLockConfiguration",
        "BucketWebsite",
        "IntelligentTieringConfiguration",
        "InventoryConfiguration",
        "MetricsConfiguration",
    )
    actions = [f"s3:{verb}{setting}" for setting in settings for verb in ("Get", "Put")]
    actions += [f"s3:Get{setting}" for setting in read_only]
    actions += [
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:ListBucket",
        "s3:ListTagsForResource",
        "s3:TagResource",
        "s3:UntagResource",
    ]
    return allow(
        "ManageBuckets",
        actions,
        [bucket_arn(layout, bucket) for bucket in buckets],
    )


def _make_roles(layout: Layout, account: str, roles: Sequence[str]) -> Statement:
    actions = [
        "CreateRole",
        "DeleteRole",
        "DeleteRolePolicy",
        "GetRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "PutRolePolicy",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
        "UpdateRoleDescription",
    ]
    return allow(
        "ManageRoles",
        [f"iam:{action}" for action in actions],
        [role_arn(layout.account_id(account), role) for role in roles],
    )


def _pass_roles(layout: Layout, account: str, passed: dict[str, str]) -> Statement:
    return allow(
        "PassRoles",
        ["iam:PassRole"],
        [role_arn(layout.account_id(account), role) for role in sorted(passed)],
        {"StringEquals": {"iam:PassedToService": sorted(set(passed.values()))}},
    )


def _glue(layout: Layout, jobs: Sequence[str]) -> Statement:
    actions = ["CreateJob", "DeleteJob", "GetJob", "GetTags", "TagResource", "UntagResource", "UpdateJob"]
    return allow(
        "ManageGlueJobs",
        [f"glue:{action}" for action in actions],
        [job_arn(layout, job, "glue", f"job/{layout.names.job(job)}") for job in jobs],
    )


def _functions(layout: Layout, functions: Sequence[str]) -> Statement:
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
    return allow(
        "ManageFunctions",
        [f"lambda:{action}" for action in actions],
        [job_arn(layout, name, "lambda", f"function:{layout.names.job(name)}") for name in functions],
    )


def _log_groups(layout: Layout, functions: Sequence[str]) -> Statement:
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
    arns = [arn for name in functions for arn in log_group_arns(layout, name, f"/aws/lambda/{layout.names.job(name)}")]
    return allow("ManageLogGroups", [f"logs:{action}" for action in actions], arns)


def _roles(layout: Layout, account: str, sites: Sequence[str]) -> Iterable[str]:
    """The names of the roles that these sites' templates create."""
    if layout.role_site(account) in sites:
        yield layout.names.role("cross-account")
    yield from {layout.names.job_role(name) for site in sites for name, _ in layout.jobs(site)}
    for site in sites:
        for bucket, _ in layout.buckets(site):
            if layout.replications(bucket):
                yield layout.names.replication_role(bucket)


def _services(layout: Layout, sites: Sequence[str]) -> dict[str, str]:
    """The roles that CloudFormation passes on, with the service that receives each."""
    passed: dict[str, str] = {}
    for site in sites:
        for name, job in layout.jobs(site):
            if job.type != "sagemaker":  # its role is passed at run time, by the cross-account role
                passed[layout.names.job_role(name)] = f"{job.type}.amazonaws.com"
        for bucket, _ in layout.buckets(site):
            if layout.replications(bucket):
                passed[layout.names.replication_role(bucket)] = "s3.amazonaws.com"
    return passed
