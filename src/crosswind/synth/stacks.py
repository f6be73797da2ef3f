"""The stacks of the hub and of StackSets' roles, put together from the resource families; sites': `site_stacks`."""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.synth import hub_statements, stackset_statements
from crosswind.synth.buckets import add_hub_bucket
from crosswind.synth.connections import add_connections
from crosswind.synth.layout import HUB, Layout
from crosswind.synth.mwaa import PLUGINS_KEY, REQUIREMENTS_KEY, add_environment
from crosswind.synth.network import add_network
from crosswind.synth.parts import FIRST, Limits, before, divided, within
from crosswind.synth.roles import account_trust, add_role, service_trust
from crosswind.synth.stack import Need, Stack
from crosswind.synth.template import Template, get_att, ref

__all__ = ["airflow_stacks", "network_stack", "stacksets_stack"]

_NAMED_IAM = ("CAPABILITY_NAMED_IAM",)
_ROLE_ARN = r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$"
_ROLE_ARN_OR_NONE = rf"^$|{_ROLE_ARN}"
_KEY_ARN_OR_NONE = r"^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+$"


def stacksets_stack(layout: Layout, account: str, stacks: Sequence[Stack]) -> Stack:
    """The roles by which an account's home Region administers StackSets in its other Regions.

    Args:
        layout: of the topology.
        account: its declared name.
        stacks: all StackSets of the topology.
    """
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
        boundary=layout.boundary,
        statements=stackset_statements.administration(layout, account),
    )
    execution = _add_stackset_execution(template, layout, account, [s for s in stacks if s.account == identity])
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


def _add_stackset_execution(template: Template, layout: Layout, account: str, stacks: Sequence[Stack]) -> str:
    identity = layout.account_id(account)
    administration = layout.names.role("stackset-administration")
    return add_role(
        template,
        "ExecutionRole",
        layout.names.role("stackset-execution"),
        "CloudFormation StackSets makes the stacks of other Regions under this role.",
        trust=[
            account_trust(identity, f"arn:${{AWS::Partition}}:iam::{identity}:role/{administration}", external_id="")
        ],
        boundary=layout.deployer_boundary,
        statements=stackset_statements.execution(layout, account, stacks),
    )


def network_stack(layout: Layout) -> Stack:
    """The hub's first stack: network, bucket and execution role. Files are uploaded after it."""
    topology = layout.topology
    template = Template(f"{topology.name}: network, bucket and execution role of the hub")
    made = add_network(template, layout) if topology.hub.network.is_made else None
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
        boundary=layout.boundary,
        statements=hub_statements.execution(layout),
    )
    template.output("BucketArn", get_att(bucket, "Arn"), "Airflow's bucket.")
    template.output("BucketName", ref(bucket), "Airflow's bucket.")
    template.output("ExecutionRoleArn", get_att(execution, "Arn"), "Airflow's execution role.")
    if made is not None:
        (first, second), group = made
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


def airflow_stacks(layout: Layout, sites: Sequence[Stack], limits: Limits) -> tuple[Stack, ...]:
    """The hub's second stack, the connections and the environment; the connections apart where both are too much.

    Args:
        layout: of the topology.
        sites: the stacks of all sites.
        limits: of a template.
    """

    def stack(names: Sequence[str], part: str, parts: Sequence[str] = ()) -> Stack:
        return _airflow(layout, sites, names) if part == FIRST else _connections(layout, names, part, parts)

    every = [each.name for each in layout.connections]
    parts = {FIRST: (), **divided(every, lambda names, part: within(stack(names, part), limits))}
    return tuple(stack(names, part, tuple(parts)) for part, names in parts.items())


def _connections(layout: Layout, names: Sequence[str], part: str, parts: Sequence[str]) -> Stack:
    """Some connections. They come after the environment's stack, which may have held them before: names stand once."""
    topology = layout.topology
    template = Template(f"{topology.name}: connections of Airflow, part {part}")
    add_connections(template, layout, names)
    needs = [Need(layout.airflow_stack())]
    earlier = before(part, parts)
    if earlier not in ("", FIRST):
        needs.append(Need(layout.connections_stack(earlier)))
    return Stack(
        name=layout.connections_stack(part),
        account=topology.hub_account,
        region=topology.hub.region,
        part="connections",
        site=HUB,
        kind="stack",
        template=template.build(),
        outputs=template.outputs,
        needs=tuple(sorted(needs)),
        admin_region=topology.hub.region,
    )


def _airflow(layout: Layout, sites: Sequence[Stack], connections: Sequence[str]) -> Stack:
    topology = layout.topology
    template = Template(f"{topology.name}: Airflow")
    template.parameter("BucketArn", "Airflow's bucket.")
    template.parameter("ExecutionRoleArn", "Airflow's execution role.", pattern=_ROLE_ARN)
    outputs = ["BucketArn", "ExecutionRoleArn"]
    if topology.hub.network.is_made:
        template.parameter("SecurityGroupId", "Airflow's security group.", kind="AWS::EC2::SecurityGroup::Id")
        template.parameter("SubnetIds", "Two private subnets.", kind="List<AWS::EC2::Subnet::Id>")
        outputs += ["SecurityGroupId", "SubnetIds"]
    versions = {"PluginsObjectVersion": PLUGINS_KEY, "RequirementsObjectVersion": REQUIREMENTS_KEY}
    for parameter, key in versions.items():
        template.parameter(parameter, f"The S3 version id of {key}: a new file is a new id, and so an update.")
    add_connections(template, layout, connections)
    add_environment(template, layout)
    needs = [Need(layout.network_stack(), output, output) for output in outputs]
    # Airflow starts when there is something to work with: that is all that it needs of the sites.
    needs += [Need(stack.name) for stack in sites]
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
