"""VPC endpoints: the only way out of a hub's network of kind `endpoints`.

What MWAA calls, by its pages (docs.aws.amazon.com/mwaa/latest/userguide/vpc-vpe-create-access.html, and for its own
endpoints .../security-privatelink.html); and what Airflow calls in a pipeline's tasks, by the jobs that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement
from crosswind.synth.template import Template, ref, sub
from crosswind.topology.model import GlueJob, Job, LambdaJob, SageMakerJob

__all__ = ["MWAA_SERVICES", "add_endpoints", "endpoint_services"]

MWAA_SERVICES = ("airflow.api", "airflow.env", "ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "sqs")
"""The services that MWAA itself calls through interface endpoints."""

# The roles at sites, and the connections that lead to them.
_AIRFLOW_SERVICES = ("secretsmanager", "sts")
_ACTIONS = {
    "airflow.api": "airflow:*",
    "airflow.env": "airflow:*",
    "monitoring": "cloudwatch:*",
    "sagemaker.api": "sagemaker:*",
}
# MWAA's own image: docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html.
_PULLS = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
]


def endpoint_services(layout: Layout) -> tuple[str, ...]:
    """The services with an interface endpoint, as their names end; sorted."""
    jobs = {_service_of(job) for job in layout.topology.jobs.values()}
    return tuple(sorted({*MWAA_SERVICES, *_AIRFLOW_SERVICES, *jobs}))


def add_endpoints(template: Template, layout: Layout, subnets: Sequence[str], group: str) -> None:
    """Add an interface endpoint for each service, and S3's gateway endpoint, each with a policy.

    Args:
        template: of the hub's network.
        layout: of the topology.
        subnets: the logical ids of the private subnets.
        group: the logical id of the security group.
    """
    for service in endpoint_services(layout):
        template.add(
            f"{camel(service)}Endpoint",
            "AWS::EC2::VPCEndpoint",
            {
                **_endpoint(layout, service, _interface_policy(layout, service)),
                "VpcEndpointType": "Interface",
                "PrivateDnsEnabled": True,
                "SubnetIds": [ref(subnet) for subnet in subnets],
                "SecurityGroupIds": [ref(group)],
            },
        )
    template.add(
        "S3Endpoint",
        "AWS::EC2::VPCEndpoint",
        {
            **_endpoint(layout, "s3", [_of_topology(layout, "s3:*"), _layers(layout)]),
            "VpcEndpointType": "Gateway",
            "RouteTableIds": [ref(f"PrivateRouteTable{zone}") for zone in (1, 2)],
        },
    )


def _service_of(job: Job) -> str:
    match job:
        case GlueJob():
            return "glue"
        case SageMakerJob():
            return "sagemaker.api"
        case LambdaJob():
            return "lambda"
        case _:
            assert_never(job)


def _endpoint(layout: Layout, service: str, statements: Sequence[Statement]) -> dict[str, Any]:
    region = layout.topology.hub.region
    return {
        "VpcId": ref("Vpc"),
        "ServiceName": f"com.amazonaws.{region}.{service}",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)},
        "Tags": [{"Key": "Name", "Value": f"{layout.topology.name}-{service}"}],
    }


def _interface_policy(layout: Layout, service: str) -> list[Statement]:
    if service.startswith("ecr."):
        # MWAA pulls its image as itself, under no role of ours.
        return [{"Sid": "PullImages", "Effect": "Allow", "Principal": "*", "Action": _PULLS, "Resource": "*"}]
    return [_of_topology(layout, _ACTIONS.get(service, f"{service}:*"))]


def _of_topology(layout: Layout, actions: str) -> Statement:
    """Whoever calls is of one of the topology's accounts; what they may do, their own policies say."""
    accounts = sorted(layout.account_id(account) for account in layout.accounts)
    return {
        "Sid": "OwnAccounts",
        "Effect": "Allow",
        "Principal": "*",
        "Action": actions,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": accounts}},
    }


def _layers(layout: Layout) -> Statement:
    """The layers of MWAA's image, which Amazon ECR keeps in S3.

    Source: docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html ("minimum Amazon S3 bucket permissions").
    """
    bucket = f"prod-{layout.topology.hub.region}-starport-layer-bucket"
    return {
        "Sid": "PullLayers",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": sub(f"arn:${{AWS::Partition}}:s3:::{bucket}/*"),
    }
