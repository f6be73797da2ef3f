"""The deployer's IAM statements for the hub's Airflow: the environment, its use, its connections, its logs.

Source: docs.aws.amazon.com/mwaa/latest/userguide/access-policies.html ("AmazonMWAAFullApiAccess"), narrowed to ours.
"""

from __future__ import annotations

from crosswind.synth.arns import arn, role_arn
from crosswind.synth.deployer_network import our_tag
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow

__all__ = ["airflow"]

# Pausing a DAG, starting a run and reading its tasks is what Airflow's role User may do.
# docs.aws.amazon.com/mwaa/latest/userguide/access-policies.html: Admin, Op, User, Viewer or Public.
_AIRFLOW_ROLE = "User"
_INSIDE = ("security-group", "subnet", "vpc")


def airflow(layout: Layout) -> list[Statement]:
    """The hub's environment and what belongs to it."""
    return [*_environment(layout), *_endpoints(layout), _connections(layout), *_logs(layout)]


def _environment(layout: Layout) -> list[Statement]:
    region, account, name = layout.topology.hub.region, layout.topology.hub_account, layout.names.environment
    actions = ["CreateEnvironment", "DeleteEnvironment", "GetEnvironment", "TagResource", "UntagResource"]
    service = "airflow.amazonaws.com"
    return [
        allow(
            "ManageEnvironment",
            [f"airflow:{action}" for action in (*actions, "UpdateEnvironment")],
            [arn("airflow", region, account, f"environment/{name}")],
        ),
        allow(
            "UseAirflow",
            ["airflow:CreateWebLoginToken", "airflow:InvokeRestApi"],
            [arn("airflow", region, account, f"role/{name}/{_AIRFLOW_ROLE}")],
        ),
        allow(
            "LinkServiceRole",
            ["iam:CreateServiceLinkedRole"],
            [role_arn(account, f"aws-service-role/{service}/AWSServiceRoleForAmazonMWAA")],
            {"StringEquals": {"iam:AWSServiceName": service}},
        ),
    ]


def _endpoints(layout: Layout) -> list[Statement]:
    """MWAA makes its VPC endpoints and network interfaces with the rights of who creates the environment.

    What it makes them in is ours, by its tag; or is there already, by its ids. A network of endpoints has its own made
    by CloudFormation, that of S3 in route tables.
    """
    region, account = layout.topology.hub.region, layout.topology.hub_account
    actions = ["ec2:CreateNetworkInterface", "ec2:CreateVpcEndpoint"]
    made = [arn("ec2", region, account, f"{kind}/*") for kind in ("network-interface", "vpc-endpoint")]
    network = layout.topology.hub.network
    kinds = ("route-table", "security-group", "subnet", "vpc") if network.kind == "endpoints" else _INSIDE
    inside = [f"{kind}/*" for kind in kinds]
    if not network.is_made:
        groups = [f"security-group/{each}" for each in sorted(set(network.security_groups))]
        inside = [*groups, *(f"subnet/{each}" for each in sorted(network.subnets)), f"vpc/{network.vpc}"]
    named = [arn("ec2", region, account, each) for each in inside]
    return [
        allow("MakeEndpoints", actions, made),
        allow("MakeEndpointsInside", actions, named, our_tag(layout) if network.is_made else None),
    ]


def _connections(layout: Layout) -> Statement:
    """Secrets Manager ends a secret's ARN with a hyphen and six characters of its own."""
    region, account = layout.topology.hub.region, layout.topology.hub_account
    secrets = sorted(layout.names.secret(connection.name) for connection in layout.connections)
    actions = ["CreateSecret", "DeleteSecret", "DescribeSecret", "GetSecretValue"]
    actions += ["TagResource", "UntagResource", "UpdateSecret"]
    return allow(
        "ManageConnections",
        [f"secretsmanager:{action}" for action in actions],
        [arn("secretsmanager", region, account, f"secret:{name}-??????") for name in secrets],
    )


def _logs(layout: Layout) -> list[Statement]:
    """`crosswind run` reads the log of a task that failed; the sweep removes the environment's log groups."""
    region, account = layout.topology.hub.region, layout.topology.hub_account
    groups = f"log-group:airflow-{layout.names.environment}-*"
    tasks = f"log-group:airflow-{layout.names.environment}-Task:log-stream:*"
    return [
        allow("ReadTaskLogs", ["logs:GetLogEvents"], [arn("logs", region, account, tasks)]),
        allow("RemoveAirflowLogs", ["logs:DeleteLogGroup"], [arn("logs", region, account, groups)]),
    ]
