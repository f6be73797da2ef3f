"""The four kinds of stack, put together from the resource families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from crosswind.synth import actor_statements, hub_statements, stackset_statements
from crosswind.synth.actors import Actor
from crosswind.synth.buckets import add_hub_bucket, add_site_bucket, destination_parameter
from crosswind.synth.connections import add_connections
from crosswind.synth.glue import add_glue_job
from crosswind.synth.grants import Grants
from crosswind.synth.keys import key_parameter
from crosswind.synth.lambda_ import add_lambda_job
from crosswind.synth.layout import HUB, Layout
from crosswind.synth.mwaa import PLUGINS_KEY, REQUIREMENTS_KEY, add_environment
from crosswind.synth.network import add_network
from crosswind.synth.roles import account_trust, add_role, service_trust, session_trust
from crosswind.synth.sagemaker import add_sagemaker_job
from crosswind.synth.stack import Need, Stack
from crosswind.synth.template import Template, get_att, ref
from crosswind.topology.model import GlueJob, LambdaJob, SageMakerJob

__all__ = ["airflow_stack", "network_stack", "site_stack", "stacksets_stack"]

_NAMED_IAM = ("CAPABILITY_NAMED_IAM",)
_ROLE_ARN = r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$"
_ROLE_ARN_OR_NONE = rf"^$|{_ROLE_ARN}"
_KEY_ARN_OR_NONE = r"^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+$"


def stacksets_stack(layout: Layout, account: str) -> Stack:
    """The roles by which an account's home Region administers StackSets in its other Regions."""
    topology, identity, region = layout.topology, layout.account_id(account), layout.home(account)
    template = Template(f"{topology.name}: StackSet roles of the account {account}")
    administration = add_role(
        template,
        "AdministrationRole",
        layout.names.role("stackset-administration"),
        "CloudFormation StackSets administers under this role.",
        trust=[
            service_trust(
                stackset_statements.administrators(layout, account),
                identity,
                f"arn:${{AWS::Partition}}:cloudformation:*:{identity}:stackset/{topology.name}-*",
            )
        ],
        statements=stackset_statements.administration(layout, account),
    )
    execution = add_role(
        template,
        "ExecutionRole",
        layout.names.role("stackset-execution"),
        "CloudFormation StackSets makes the stacks of other Regions under this role.",
        trust=[
            account_trust(
                identity,
                f"arn:${{AWS::Partition}}:iam::{identity}:role/{layout.names.role('stackset-administration')}",
                external_id="",
            )
        ],
        statements=stackset_statements.execution(layout, account),
    )
    template.output("AdministrationRoleArn", get_att(administration, "Arn"), "For AdministrationRoleARN.")
    template.output("ExecutionRoleName", ref(execution), "For ExecutionRoleName.")
    return Stack(
        name=layout.stacksets_stack(account),
        account=identity,
        region=region,
        part="stacksets",
        site=account,
        kind="stack",
        template=template.build(),
        capabilities=_NAMED_IAM,
        outputs=template.outputs,
        admin_region=region,
    )


def site_stack(layout: Layout, found: Grants, sources: Mapping[str, str], site: str) -> Stack:
    """A site: its buckets, jobs and their roles, and perhaps its account's cross-account role."""
    topology, declared = layout.topology, layout.topology.sites[site]
    template = Template(f"{topology.name}: the site {site}")
    if layout.hub_reads:
        template.parameter(
            "ExecutionRoleArn",
            "The hub's execution role; empty until it exists. When set, bucket policies let it read.",
            default="",
            pattern=_ROLE_ARN_OR_NONE,
        )
    destinations = sorted({r.destination for bucket, _ in layout.buckets(site) for _, r in layout.replications(bucket)})
    for destination in destinations:
        template.parameter(
            destination_parameter(destination),
            f"The bucket declared as {destination}; empty until it exists. When set, replication starts.",
            default="",
        )
    keys = {destination for destination in destinations if layout.has_key(destination)}
    used = actor_statements.foreign_keys(layout, found, site)
    keys.update(used)
    for bucket in sorted(keys):
        template.parameter(
            key_parameter(bucket),
            f"The key of the bucket declared as {bucket}; empty until it exists. When set, it may be used here.",
            default="",
            pattern=_KEY_ARN_OR_NONE,
        )
    for bucket in used:
        template.condition_set(key_parameter(bucket))
    for bucket, _ in layout.buckets(site):
        add_site_bucket(template, layout, found, bucket)
    for actor in layout.actors_in(site):
        _add_cross_account_role(template, layout, found, actor)
    for name, job in layout.jobs(site):
        if isinstance(job, GlueJob):
            add_glue_job(template, layout, found, name, job)
        elif isinstance(job, SageMakerJob):
            add_sagemaker_job(template, layout, found, name, job)
        elif isinstance(job, LambdaJob):
            add_lambda_job(template, layout, found, name, job, source=sources[job.source])
    needs = [
        *(
            [Need(layout.network_stack(), "ExecutionRoleArn", "ExecutionRoleArn", late=True)]
            if layout.hub_reads
            else []
        ),
        *(_bucket_need(layout, bucket, destination_parameter(bucket)) for bucket in destinations),
        *(_bucket_need(layout, bucket, key_parameter(bucket)) for bucket in sorted(keys)),
    ]
    far = site in layout.far_sites(declared.account)
    if far:
        needs.append(Need(layout.stacksets_stack(declared.account)))
    return _site(layout, template, site, needs, far=far)


def network_stack(layout: Layout) -> Stack:
    """The hub's first stack: network, bucket and execution role. Files are uploaded after it."""
    topology = layout.topology
    template = Template(f"{topology.name}: network, bucket and execution role of the hub")
    (first, second), group = add_network(template, layout)
    bucket = add_hub_bucket(template, layout)
    environment = f"arn:${{AWS::Partition}}:airflow:{topology.hub.region}:{topology.hub_account}:environment"
    execution = add_role(
        template,
        "ExecutionRole",
        layout.names.role("execution"),
        "Airflow runs under this role.",
        trust=[
            service_trust(
                ["airflow.amazonaws.com", "airflow-env.amazonaws.com"],
                topology.hub_account,
                f"{environment}/{layout.names.environment}",
            )
        ],
        statements=hub_statements.execution(layout),
    )
    template.output("BucketArn", get_att(bucket, "Arn"), "Airflow's bucket.")
    template.output("BucketName", ref(bucket), "Airflow's bucket.")
    template.output("ExecutionRoleArn", get_att(execution, "Arn"), "Airflow's execution role.")
    template.output("SecurityGroupId", get_att(group, "GroupId"), "Airflow's security group.")
    template.output("SubnetIds", {"Fn::Join": [",", [ref(first), ref(second)]]}, "The private subnets.")
    return Stack(
        name=layout.network_stack(),
        account=topology.hub_account,
        region=topology.hub.region,
        part="network",
        site=HUB,
        kind="stack",
        template=template.build(),
        capabilities=_NAMED_IAM,
        parameters=template.parameters,
        outputs=template.outputs,
        admin_region=topology.hub.region,
    )


def airflow_stack(layout: Layout) -> Stack:
    """The hub's second stack: the connections and the environment."""
    topology = layout.topology
    template = Template(f"{topology.name}: Airflow")
    template.parameter("BucketArn", "Airflow's bucket.")
    template.parameter("ExecutionRoleArn", "Airflow's execution role.", pattern=_ROLE_ARN)
    template.parameter("SecurityGroupId", "Airflow's security group.", kind="AWS::EC2::SecurityGroup::Id")
    template.parameter("SubnetIds", "Two private subnets.", kind="List<AWS::EC2::Subnet::Id>")
    versions = {"PluginsObjectVersion": PLUGINS_KEY, "RequirementsObjectVersion": REQUIREMENTS_KEY}
    for parameter, key in versions.items():
        template.parameter(parameter, f"The S3 version id of {key}: a new file is a new id, and so an update.")
    add_connections(template, layout)
    add_environment(template, layout)
    outputs = ("BucketArn", "ExecutionRoleArn", "SecurityGroupId", "SubnetIds")
    needs = [Need(layout.network_stack(), output, output) for output in outputs]
    # Airflow starts when there is something to work with: that is all that it needs of the sites.
    needs += [Need(layout.site_stack(site)) for site in layout.topology.sites]
    return Stack(
        name=layout.airflow_stack(),
        account=topology.hub_account,
        region=topology.hub.region,
        part="airflow",
        site=HUB,
        kind="stack",
        template=template.build(),
        parameters=template.parameters,
        outputs=template.outputs,
        needs=tuple(sorted(needs)),
        object_versions=versions,
        admin_region=topology.hub.region,
    )


def _site(layout: Layout, template: Template, site: str, needs: Sequence[Need], *, far: bool) -> Stack:
    topology, account = layout.topology, layout.topology.sites[site].account
    identity = layout.account_id(account)
    partition, role = topology.partition, layout.names.role("stackset-administration")
    kind: Literal["stack", "stackset"] = "stackset" if far else "stack"
    return Stack(
        name=layout.site_stack(site),
        account=identity,
        region=topology.region_of(site),
        part="site",
        site=site,
        kind=kind,
        template=template.build(),
        capabilities=_NAMED_IAM,
        parameters=template.parameters,
        outputs=template.outputs,
        needs=tuple(sorted(needs)),
        admin_region=layout.home(account) if far else topology.region_of(site),
        administration_role=f"arn:{partition}:iam::{identity}:role/{role}" if far else "",
        execution_role=layout.names.role("stackset-execution") if far else "",
    )


def _add_cross_account_role(template: Template, layout: Layout, found: Grants, actor: Actor) -> None:
    topology = layout.topology
    role = add_role(
        template,
        actor.logical_id,
        actor.role,
        f"Airflow in {topology.hub_account} works in this account under this role.",
        trust=[
            account_trust(topology.hub_account, layout.execution_role_arn, topology.external_id),
            session_trust(topology.hub_account, layout.execution_role_arn),
        ],
        statements=actor_statements.cross_account(layout, found, actor),
    )
    template.output(f"{actor.logical_id}Arn", get_att(role, "Arn"), "The role that Airflow assumes.")


def _bucket_need(layout: Layout, bucket: str, name: str) -> Need:
    site = layout.topology.buckets[bucket].site
    return Need(layout.site_stack(site), name, name, late=True)
