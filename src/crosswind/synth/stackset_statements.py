"""The IAM statements of an account's two StackSet roles. Each statement stands once, here.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crosswind.synth.arns import bucket_arn, job_arn, log_group_arns, role_arn, site_arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow
from crosswind.topology.model import GlueJob, LambdaJob

__all__ = ["administration", "execution"]


def administration(layout: Layout, account: str) -> list[Statement]:
    """StackSets' administration role: it may assume the execution role of the same account, nothing else."""
    role = layout.names.role("stackset-execution")
    return [allow("AssumeExecution", ["sts:AssumeRole"], [role_arn(layout.account_id(account), role)])]


def execution(layout: Layout, account: str) -> list[Statement]:
    """StackSets' execution role: exactly what the templates of the account's far sites create."""
    sites = layout.far_sites(account)
    statements = [_stacks(layout, sites)]
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
        statements += [_functions(layout, functions), *_log_groups(layout, functions)]
    return statements


def _stacks(layout: Layout, sites: Sequence[str]) -> Statement:
    return allow(
        "ManageStacks",
        ["cloudformation:*"],  # as documented, but on the stacks of our StackSets alone
        [site_arn(layout, site, "cloudformation", f"stack/StackSet-{layout.site_stack(site)}-*") for site in sites],
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
    actions = [f"s3:{verb}{setting}" for setting in settings for verb in ("Get", "Put")]
    actions += [
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:GetBucketLocation",
        "s3:ListBucket",
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


def _log_groups(layout: Layout, functions: Sequence[str]) -> list[Statement]:
    actions = [
        "CreateLogGroup",
        "DeleteLogGroup",
        "DeleteRetentionPolicy",
        "ListTagsForResource",
        "PutRetentionPolicy",
        "TagResource",
        "UntagResource",
    ]
    arns = [arn for name in functions for arn in log_group_arns(layout, name, f"/aws/lambda/{layout.names.job(name)}")]
    return [
        allow("ManageLogGroups", [f"logs:{action}" for action in actions], arns),
        # CloudFormation finds a group by listing; a list takes the account's groups as one resource.
        allow(
            "FindLogGroups",
            ["logs:DescribeLogGroups"],
            [job_arn(layout, name, "logs", "log-group:*") for name in functions],
        ),
    ]


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
