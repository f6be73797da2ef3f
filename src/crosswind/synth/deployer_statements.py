"""The IAM statements of the deployer's role, by noun. Each statement stands once, here or in the files named below.

The rights are those of `crosswind deploy`, `run` and `destroy` with the sweep after it, for exactly one topology's
names, and of `crosswind reap` and `lineage`. CloudFormation acts with its caller's rights, so what its handlers need is
here too (`provider_statements`, `provider_messages`, `provider_roles`); the stacks of StackSets are the StackSet
execution role's.
`deployer_storage` is about buckets; `deployer_network` and `deployer_airflow` are the hub's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.synth import (
    deployer_airflow,
    deployer_network,
    deployer_storage,
    holdings,
    provider_messages,
    provider_roles,
    provider_statements,
    sagemaker_statements,
)
from crosswind.synth.arns import arn, log_group_arn, site_arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow
from crosswind.synth.stack import Stack
from crosswind.topology.model import SparkJob

__all__ = ["deployer"]


def deployer(layout: Layout, account: str, stacks: Sequence[Stack]) -> dict[str, list[Statement]]:
    """What the deployer may do in an account, by noun.

    Args:
        layout: of the topology.
        account: its declared name.
        stacks: all that it deploys there.
    """
    home = layout.home_sites(account)
    own = [stack for stack in stacks if stack.kind == "stack"]
    groups = {
        "stacks": _stacks(layout, account, own, [stack for stack in stacks if stack.kind == "stackset"]),
        "storage": deployer_storage.storage(layout, account),
        "roles": [*provider_roles.manage_roles(layout, account, own), *_pass_roles(layout, account, home)],
        "jobs": _jobs(layout, account, home),
        "survey": _survey(layout, account),
    }
    if layout.is_hub(account):
        groups["network"] = deployer_network.network(layout)
        groups["airflow"] = deployer_airflow.airflow(layout)
    return {name: statements for name, statements in groups.items() if statements}


def _stacks(layout: Layout, account: str, own: Sequence[Stack], sets: Sequence[Stack]) -> list[Statement]:
    actions = [
        "ContinueUpdateRollback",
        "CreateStack",
        "DeleteStack",
        "DescribeStackEvents",
        "GetTemplate",
        "TagResource",
        "UntagResource",
        "UpdateStack",
    ]
    statements = [
        allow(
            "ManageStacks",
            [f"cloudformation:{action}" for action in actions],
            [arn("cloudformation", stack.region, stack.account, f"stack/{stack.name}/*") for stack in own],
        )
    ]
    return [*statements, *_stacksets(layout, account, sets)] if sets else statements


def _stacksets(layout: Layout, account: str, sets: Sequence[Stack]) -> list[Statement]:
    """StackSets at home, and looks at their stacks in the other Regions.

    The types that a StackSet's template may hold are resources of a call too. Source:
    docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security_iam_id-based-policy-examples.html.
    """
    home, identity = layout.home(account), layout.account_id(account)
    actions = [
        "CreateStackInstances",
        "DeleteStackInstances",
        "DeleteStackSet",
        "DescribeStackSet",
        "DescribeStackSetOperation",
        "ListStackInstances",
        "ListStackSetOperationResults",
        "TagResource",
        "UntagResource",
        "UpdateStackSet",
    ]
    return [
        # A StackSet that is not there yet takes no resource.
        allow(
            "CreateStackSets",
            ["cloudformation:CreateStackSet"],
            ["*"],
            {"StringEquals": {"aws:RequestTag/crosswind:topology": layout.topology.name, "aws:RequestedRegion": home}},
        ),
        allow(
            "ManageStackSets",
            [f"cloudformation:{action}" for action in actions],
            [
                *(arn("cloudformation", home, identity, f"stackset/{each.name}:*") for each in sets),
                *(arn("cloudformation", "*", identity, f"stackset-target/{each.name}:*") for each in sets),
                *(arn("cloudformation", home, "*", f"type/resource/{kind}") for kind in holdings.types(sets)),
            ],
        ),
        allow(
            "FollowStackSets",
            ["cloudformation:DescribeStackEvents"],
            [arn("cloudformation", each.region, identity, f"stack/StackSet-{each.name}-*") for each in sets],
        ),
    ]


def _pass_roles(layout: Layout, account: str, home: Sequence[str]) -> list[Statement]:
    passed = provider_roles.passed_by_sites(layout, home)
    if layout.far_sites(account):
        passed[layout.names.role("stackset-administration")] = "cloudformation.amazonaws.com"
    if layout.is_hub(account):
        passed[layout.names.role("execution")] = "airflow.amazonaws.com"
    return provider_roles.pass_roles(layout, account, passed)


def _jobs(layout: Layout, account: str, home: Sequence[str]) -> list[Statement]:
    """Jobs at home; and at every site the look for what runs, its stop, and the removal of logs that nobody removes."""
    statements: list[Statement] = []
    if glue := provider_statements.glue_jobs_of(layout, home):
        statements.append(provider_statements.manage_glue_jobs(layout, glue))
    if functions := provider_statements.functions_of(layout, home):
        statements.append(provider_statements.manage_functions(layout, functions))
        statements.append(provider_statements.manage_log_groups(layout, functions))
    statements += provider_messages.manage_messages(layout, home)
    sites = layout.sites(account)
    logs: list[Any] = []
    if everywhere := provider_statements.glue_jobs_of(layout, sites):
        names = [(layout.topology.jobs[job].site, layout.names.job(job)) for job in everywhere]
        statements.append(
            allow(
                "StopGlueJobs",
                ["glue:BatchStopJobRun", "glue:GetJobRuns"],
                [site_arn(layout, site, "glue", f"job/{name}") for site, name in names],
            )
        )
        logs += [
            found
            for job in everywhere
            if isinstance(layout.topology.jobs[job], SparkJob)  # a Python shell writes into groups of all jobs alone
            for found in [log_group_arn(layout, job, f"{layout.names.log_group(job)}/{layout.names.job(job)}")]
        ]
    for kind in sagemaker_statements.KINDS:
        if arns := kind.arns(layout, sagemaker_statements.declared(layout, sites, kind), None):
            actions = [f"sagemaker:Describe{kind.name}Job", "sagemaker:ListTags", f"sagemaker:Stop{kind.name}Job"]
            statements.append(allow(f"Stop{kind.name}", actions, arns))
    # At home, whoever may manage the log group of a function may also remove it.
    far = provider_statements.functions_of(layout, layout.far_sites(account))
    logs += [log_group_arn(layout, name, layout.names.log_group(name)) for name in far]
    return [*statements, allow("RemoveLogs", ["logs:DeleteLogGroup"], logs)] if logs else statements


def _survey(layout: Layout, account: str) -> list[Statement]:
    """Looks that take no resource: what exists before a change, and what is left after a removal."""
    actions = [
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackSets",
        "ec2:DescribeVpcs",
        "glue:GetJobs",
        "lambda:ListFunctions",
        "logs:DescribeLogGroups",
        "secretsmanager:ListSecrets",
    ]
    if provider_statements.functions_of(layout, layout.home_sites(account)):
        actions += provider_statements.LOOKED_UP_LOGS
    for kind in sagemaker_statements.KINDS:
        if sagemaker_statements.declared(layout, layout.sites(account), kind):
            actions.append(f"sagemaker:List{kind.name}Jobs")
    if provider_messages.telling(layout, layout.sites(account)):
        actions.append("sqs:ListQueues")
    if layout.is_hub(account):
        actions += ["airflow:ListEnvironments", *deployer_network.looks(layout)]
    regions = list(layout.regions(account))
    return [
        allow("SurveyRegions", sorted(set(actions)), ["*"], {"StringEquals": {"aws:RequestedRegion": regions}}),
        # IAM answers from one Region for all.
        allow("SurveyRoles", ["iam:ListRoles"], ["*"]),
        *deployer_storage.survey_keys(layout, account),
    ]
