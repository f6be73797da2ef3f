"""The IAM statements of the deployer's role, by noun. Each statement stands once, here or in the files named below.

The rights are those of `crosswind deploy`, `run` and `destroy` with the sweep after it, for exactly one topology's
names. CloudFormation acts with its caller's rights, so what its handlers need is here too (`provider_statements`);
the stacks of StackSets are the StackSet execution role's. `deployer_network` and `deployer_airflow` are the hub's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.synth import deployer_airflow, deployer_network, key_statements, provider_statements
from crosswind.synth.arns import arn, bucket_arn, key_arn, log_group_arns, object_arn, site_arn, training_arns
from crosswind.synth.grants import split_ref
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import sub
from crosswind.topology.model import GlueJob, SageMakerJob

__all__ = ["deployer"]


def deployer(layout: Layout, account: str) -> dict[str, list[Statement]]:
    """What the deployer may do in an account, by noun.

    Args:
        layout: of the topology.
        account: its declared name.
    """
    home = layout.home_sites(account)
    groups = {
        "stacks": _stacks(layout, account),
        "storage": _storage(layout, account),
        "roles": _roles(layout, account, home),
        "jobs": _jobs(layout, account, home),
        "survey": _survey(layout, account),
    }
    if layout.is_hub(account):
        groups["network"] = deployer_network.network(layout)
        groups["airflow"] = deployer_airflow.airflow(layout)
    return {name: statements for name, statements in groups.items() if statements}


def _stacks(layout: Layout, account: str) -> list[Statement]:
    topology, identity = layout.topology, layout.account_id(account)
    places = [(layout.home(account), layout.site_stack(site)) for site in layout.home_sites(account)]
    far = layout.far_sites(account)
    if far:
        places.append((layout.home(account), layout.stacksets_stack(account)))
    if layout.is_hub(account):
        places += [(topology.hub.region, name) for name in (layout.network_stack(), layout.airflow_stack())]
    actions = [
        "ContinueUpdateRollback",
        "CreateStack",
        "DeleteStack",
        "DescribeStackEvents",
        "DescribeStacks",
        "GetTemplate",
        "TagResource",
        "UntagResource",
        "UpdateStack",
    ]
    statements = [
        allow(
            "ManageStacks",
            [f"cloudformation:{action}" for action in actions],
            [arn("cloudformation", region, identity, f"stack/{name}/*") for region, name in places],
        )
    ]
    return [*statements, *_stacksets(layout, account, far)] if far else statements


def _stacksets(layout: Layout, account: str, far: Sequence[str]) -> list[Statement]:
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
    names = [layout.site_stack(site) for site in far]
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
                *(arn("cloudformation", home, identity, f"stackset/{name}:*") for name in names),
                *(arn("cloudformation", "*", identity, f"stackset-target/{name}:*") for name in names),
                *(
                    arn("cloudformation", home, "*", f"type/resource/{kind}")
                    for kind in provider_statements.types_of_sites(layout, far)
                ),
            ],
        ),
        allow(
            "FollowStackSets",
            ["cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"],
            [site_arn(layout, site, "cloudformation", f"stack/StackSet-{layout.site_stack(site)}-*") for site in far],
        ),
    ]


def _storage(layout: Layout, account: str) -> list[Statement]:
    """Buckets at home, the files that deploy puts into every bucket, and the emptying of all before a removal."""
    mine = [name for site in layout.sites(account) for name, _ in layout.buckets(site)]
    home = [name for site in layout.home_sites(account) for name, _ in layout.buckets(site)]
    arns: list[Any] = [bucket_arn(layout, name) for name in home]
    every: list[Any] = [bucket_arn(layout, name) for name in mine]
    files = _files(layout, mine)
    contents: list[Any] = [key_arn(layout, name, "*") for name in mine]
    statements: list[Statement] = []
    if layout.is_hub(account):
        airflow = f"arn:${{AWS::Partition}}:s3:::{layout.names.airflow_bucket}"
        arns.append(sub(airflow))
        every.append(sub(airflow))
        files += [sub(f"{airflow}/{key}") for key in ("dags/*", "plugins.zip", "requirements.txt")]
        contents.append(sub(f"{airflow}/*"))
        statements.append(allow("RemoveDags", ["s3:DeleteObject"], [sub(f"{airflow}/dags/*")]))
    if arns:
        statements.append(provider_statements.manage_buckets(arns))
    statements += provider_statements.manage_keys(layout, home)
    if every:
        statements += [
            allow("UploadFiles", ["s3:GetObject", "s3:PutObject"], files),
            *_encrypt_uploads(layout, account),
            # A removal empties every bucket, and deletes one that no stack holds any more.
            allow(
                "EmptyBuckets",
                ["s3:DeleteBucket", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutReplicationConfiguration"],
                every,
            ),
            allow("EmptyOfObjects", ["s3:DeleteObjectVersion"], contents),
        ]
    replicas = {
        (replication.destination, replication.folder)
        for replication in layout.topology.replications.values()
        if replication.destination in mine
    }
    if replicas:  # `run` tells of replicas, whose status is told by version
        arns = [object_arn(layout, bucket, folder) for bucket, folder in sorted(replicas)]
        statements.append(allow("SeeReplicas", ["s3:GetObjectVersion"], arns))
    return statements


def _keyed(layout: Layout, account: str) -> dict[str, list[str]]:
    """The buckets of an account that have keys of their own, by Region."""
    found: dict[str, list[str]] = {}
    for site in layout.sites(account):
        for name, _ in layout.buckets(site):
            if layout.has_key(name):
                found.setdefault(layout.topology.region_of(site), []).append(name)
    return {region: sorted(found[region]) for region in sorted(found)}


def _encrypt_uploads(layout: Layout, account: str) -> list[Statement]:
    """The keys of our buckets, by way of S3: their ids are not known here, but the context in which S3 uses them is."""
    return [
        allow(
            f"EncryptUploads{camel(region)}",
            ["kms:GenerateDataKey"],
            [arn("kms", region, layout.account_id(account), "key/*")],
            key_statements.through_s3(layout, buckets),
        )
        for region, buckets in _keyed(layout, account).items()
    ]


def _files(layout: Layout, buckets: Sequence[str]) -> list[Any]:
    """The objects that deploy uploads into declared buckets: markers of folders, scripts, configurations, data."""
    topology, names = layout.topology, layout.names
    keys = [(name, f"{folder}/") for name in buckets for folder in sorted(topology.buckets[name].folders)]
    for name, job in sorted(topology.jobs.items()):
        if isinstance(job, GlueJob):
            keys.append((split_ref(job.scripts)[0], names.script_key(name)))
        elif isinstance(job, SageMakerJob):
            keys.append((split_ref(job.configs)[0], names.config_key(name)))
    keys += [split_ref(target) for target in sorted(topology.data)]
    return [key_arn(layout, bucket, key) for bucket, key in keys if bucket in buckets]


def _roles(layout: Layout, account: str, home: Sequence[str]) -> list[Statement]:
    roles = provider_statements.roles_of_sites(layout, account, home) if home else set()
    passed = provider_statements.passed_by_sites(layout, home)
    if layout.far_sites(account):
        administration = layout.names.role("stackset-administration")
        roles |= {administration, layout.names.role("stackset-execution")}
        passed[administration] = "cloudformation.amazonaws.com"
    if layout.is_hub(account):
        execution = layout.names.role("execution")
        roles.add(execution)
        passed[execution] = "airflow.amazonaws.com"
    statements = [provider_statements.manage_roles(layout, account, sorted(roles))] if roles else []
    return [*statements, *provider_statements.pass_roles(layout, account, passed)]


def _jobs(layout: Layout, account: str, home: Sequence[str]) -> list[Statement]:
    """Jobs at home; and at every site the stop of what runs and the removal of logs that nobody else removes."""
    statements: list[Statement] = []
    if glue := provider_statements.glue_jobs_of(layout, home):
        statements.append(provider_statements.manage_glue_jobs(layout, glue))
    if functions := provider_statements.functions_of(layout, home):
        statements.append(provider_statements.manage_functions(layout, functions))
        statements.append(provider_statements.manage_log_groups(layout, functions))
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
            for found in log_group_arns(layout, job, f"/aws-glue/jobs/{layout.names.job(job)}")
        ]
    training = [n for site in sites for n, job in layout.jobs(site) if isinstance(job, SageMakerJob)]
    if arns := training_arns(layout, training):
        actions = ["sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"]
        statements.append(allow("StopTraining", actions, arns))
    logs += [
        found
        for name in provider_statements.functions_of(layout, sites)
        for found in log_group_arns(layout, name, f"/aws/lambda/{layout.names.job(name)}")
    ]
    return [*statements, allow("RemoveLogs", ["logs:DeleteLogGroup"], logs)] if logs else statements


def _survey(layout: Layout, account: str) -> list[Statement]:
    """Looks that take no resource: what exists before a change, and what is left after a removal."""
    actions = [
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackSets",
        "ec2:DescribeVpcs",
        "glue:GetJobs",
        "lambda:ListFunctions",
        *provider_statements.LOOKED_UP_LOGS,
        "sagemaker:ListTrainingJobs",
        "secretsmanager:ListSecrets",
    ]
    if layout.is_hub(account):
        actions += ["airflow:ListEnvironments", *deployer_network.LOOKS]
    regions = list(layout.regions(account))
    return [
        allow("SurveyRegions", sorted(set(actions)), ["*"], {"StringEquals": {"aws:RequestedRegion": regions}}),
        # IAM answers from one Region for all.
        allow("SurveyRoles", ["iam:ListRoles"], ["*"]),
        *_survey_keys(layout, account),
    ]


def _survey_keys(layout: Layout, account: str) -> list[Statement]:
    """A key that CloudFormation has deleted still waits for its end, without an alias: its tags alone tell of it."""
    regions = list(_keyed(layout, account))
    if not regions:
        return []
    every = [arn("kms", region, layout.account_id(account), "key/*") for region in regions]
    return [
        allow("SurveyKeys", ["kms:ListKeys"], ["*"], {"StringEquals": {"aws:RequestedRegion": regions}}),
        allow("SurveyKeyTags", ["kms:DescribeKey", "kms:ListResourceTags"], every),
    ]
