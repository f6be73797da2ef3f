"""The IAM statements of an account's two StackSet roles. Each statement stands once, here.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html; for what the
resources themselves need, `provider_statements` and `provider_messages`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crosswind.synth import provider_messages, provider_roles, provider_statements
from crosswind.synth.arns import arn, bucket_arn, role_arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow
from crosswind.synth.stack import Stack

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


def execution(layout: Layout, account: str, stacks: Sequence[Stack]) -> list[Statement]:
    """StackSets' execution role: what the account's far sites hold, and what StackSets itself needs.

    Args:
        layout: of the topology.
        account: its declared name.
        stacks: the StackSets that it makes.
    """
    sites = layout.far_sites(account)
    statements = [_stacks(stacks), _look_up(layout, sites), _service_buckets(layout, account)]
    if buckets := [name for site in sites for name, _ in layout.buckets(site)]:
        replicating = [bucket_arn(layout, name) for name in provider_roles.sources_of(layout, sites)]
        statements += provider_statements.manage_buckets([bucket_arn(layout, name) for name in buckets], replicating)
        statements += provider_statements.manage_keys(layout, buckets)
    statements += provider_roles.manage_roles(layout, account, stacks)
    statements += provider_roles.pass_roles(layout, account, provider_roles.passed_by_sites(layout, sites))
    if glue := provider_statements.glue_jobs_of(layout, sites):
        statements.append(provider_statements.manage_glue_jobs(layout, glue))
    if functions := provider_statements.functions_of(layout, sites):
        statements.append(provider_statements.manage_functions(layout, functions))
        statements.append(provider_statements.manage_log_groups(layout, functions))
    return [*statements, *provider_messages.manage_messages(layout, sites)]


def _stacks(stacks: Sequence[Stack]) -> Statement:
    return allow(
        "ManageStacks",
        ["cloudformation:*"],  # as documented, but on the stacks of our StackSets alone
        [arn("cloudformation", s.region, s.account, f"stack/StackSet-{s.name}-*") for s in stacks],
    )


def _look_up(layout: Layout, sites: Sequence[str]) -> Statement:
    """Reads that take no resource: CloudFormation's own, and those by which it finds a function's log group."""
    actions = ["DescribeStacks", "GetTemplateSummary", "ListStacks", "ValidateTemplate"]
    return allow(
        "LookUp",
        [
            *(f"cloudformation:{action}" for action in actions),
            *(provider_statements.LOOKED_UP_LOGS if provider_statements.functions_of(layout, sites) else ()),
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
