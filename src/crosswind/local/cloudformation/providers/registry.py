"""The types that the local world offers."""

from __future__ import annotations

from collections.abc import Mapping

from crosswind.local.cloudformation.providers.contract import Provider
from crosswind.local.cloudformation.providers.ec2_eip import Ec2Eip
from crosswind.local.cloudformation.providers.ec2_internet_gateway import Ec2InternetGateway
from crosswind.local.cloudformation.providers.ec2_nat_gateway import Ec2NatGateway
from crosswind.local.cloudformation.providers.ec2_route import Ec2Route
from crosswind.local.cloudformation.providers.ec2_route_table import Ec2RouteTable
from crosswind.local.cloudformation.providers.ec2_security_group import Ec2SecurityGroup
from crosswind.local.cloudformation.providers.ec2_security_group_egress import Ec2SecurityGroupEgress
from crosswind.local.cloudformation.providers.ec2_security_group_ingress import Ec2SecurityGroupIngress
from crosswind.local.cloudformation.providers.ec2_subnet import Ec2Subnet
from crosswind.local.cloudformation.providers.ec2_subnet_route_table_association import (
    Ec2SubnetRouteTableAssociation,
)
from crosswind.local.cloudformation.providers.ec2_vpc import Ec2Vpc
from crosswind.local.cloudformation.providers.ec2_vpc_endpoint import Ec2VpcEndpoint
from crosswind.local.cloudformation.providers.ec2_vpc_gateway_attachment import Ec2VpcGatewayAttachment
from crosswind.local.cloudformation.providers.glue_job import GlueJob
from crosswind.local.cloudformation.providers.iam_managed_policy import IamManagedPolicy
from crosswind.local.cloudformation.providers.iam_policy import IamPolicy
from crosswind.local.cloudformation.providers.iam_role import IamRole
from crosswind.local.cloudformation.providers.kms_alias import KmsAlias
from crosswind.local.cloudformation.providers.kms_key import KmsKey
from crosswind.local.cloudformation.providers.lambda_event_invoke_config import LambdaEventInvokeConfig
from crosswind.local.cloudformation.providers.lambda_function import LambdaFunction
from crosswind.local.cloudformation.providers.lambda_permission import LambdaPermission
from crosswind.local.cloudformation.providers.logs_log_group import LogsLogGroup
from crosswind.local.cloudformation.providers.mwaa_environment import MwaaEnvironment
from crosswind.local.cloudformation.providers.s3_bucket import S3Bucket
from crosswind.local.cloudformation.providers.s3_bucket_policy import S3BucketPolicy
from crosswind.local.cloudformation.providers.secretsmanager_secret import SecretsManagerSecret
from crosswind.local.cloudformation.providers.sqs_queue import SqsQueue
from crosswind.local.cloudformation.providers.sqs_queue_policy import SqsQueuePolicy

__all__ = ["all_providers"]


def all_providers() -> Mapping[str, Provider]:
    """A provider for every type on offer, by type."""
    providers: tuple[Provider, ...] = (
        Ec2Eip(),
        Ec2InternetGateway(),
        Ec2NatGateway(),
        Ec2Route(),
        Ec2RouteTable(),
        Ec2SecurityGroup(),
        Ec2SecurityGroupEgress(),
        Ec2SecurityGroupIngress(),
        Ec2Subnet(),
        Ec2SubnetRouteTableAssociation(),
        Ec2Vpc(),
        Ec2VpcEndpoint(),
        Ec2VpcGatewayAttachment(),
        GlueJob(),
        IamManagedPolicy(),
        IamPolicy(),
        IamRole(),
        KmsAlias(),
        KmsKey(),
        LambdaEventInvokeConfig(),
        LambdaFunction(),
        LambdaPermission(),
        LogsLogGroup(),
        MwaaEnvironment(),
        S3Bucket(),
        S3BucketPolicy(),
        SecretsManagerSecret(),
        SqsQueue(),
        SqsQueuePolicy(),
    )
    return {provider.type_name: provider for provider in providers}
