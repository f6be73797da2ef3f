"""The permissions boundaries: what roles of ours may do at most, whatever their own policies say.

A boundary grants nothing, it caps (docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html). Each
account has two, made by `crosswind bootstrap` and by nothing else:

- `<topology>-boundary` is of every role that a template makes: Airflow's, those of jobs, of replication. It has no
  right over IAM but to pass the topology's roles to SageMaker.
- `<topology>-deployer-boundary` is of the deployer and of StackSets' execution role. These may make roles, but only
  such as have one of the two; and change neither the boundaries nor the deployer.

Both are the same whichever pipelines a topology has: what is written here are the actions of all kinds of job, bucket
and mover. So a further pipeline needs no new boundary; a job with a role that is there already does, unless another
one has it. Reads are capped by their first word where
many of a service are needed; whatever changes something is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.synth.arns import arn, policy_arn, role_arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow

__all__ = ["of_deployers", "of_roles"]


def _words(service: str, actions: str) -> list[str]:
    return [f"{service}:{action}" for action in actions.split()]


# In the role's own account.
_OWN = [
    *_words("airflow", "PublishMetrics"),
    *_words("glue", "BatchStopJobRun GetJobRun GetJobRuns StartJobRun"),
    *_words("lambda", "InvokeFunction"),
    *_words("logs", "CreateLogGroup CreateLogStream Describe* FilterLogEvents Get* PutLogEvents"),
    *_words("sagemaker", "AddTags CreateProcessingJob CreateTrainingJob Describe* List*"),
    *_words("sagemaker", "StopProcessingJob StopTrainingJob"),
    *_words("secretsmanager", "DescribeSecret GetSecretValue"),
]
# Data crosses accounts, and S3's ARNs name none; MWAA's queues and SageMaker's images are in accounts of AWS's own.
_DATA = [
    *_words("ecr", "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer"),
    *_words("kms", "Decrypt DescribeKey Encrypt GenerateDataKey*"),
    *_words("s3", "AbortMultipartUpload DeleteObject GetBucket* GetObject* GetReplicationConfiguration List*"),
    *_words("s3", "ObjectOwnerOverrideToBucketOwner PutObject PutObjectTagging"),
    *_words("s3", "ReplicateDelete ReplicateObject ReplicateTags"),
    *_words("sqs", "ChangeMessageVisibility DeleteMessage GetQueueAttributes GetQueueUrl ReceiveMessage SendMessage"),
]
# These take no resource.
_ANYWHERE = [
    *_words("cloudwatch", "PutMetricData"),
    *_words("ecr", "GetAuthorizationToken"),
    *_words("s3", "GetAccountPublicAccessBlock"),
]


def of_roles(layout: Layout, account: str) -> list[Statement]:
    """The boundary of the roles that the templates make in an account.

    Args:
        layout: of the topology; its name, and the account's id, are all that is asked.
        account: its declared name.
    """
    identity = layout.account_id(account)
    own = sorted({action.partition(":")[0] for action in _OWN})
    data = [
        arn("ecr", "*", "*", "repository/*"),
        arn("kms", "*", "*", "key/*"),
        arn("s3", "", "", "*"),
        arn("sqs", "*", "*", "*"),
    ]
    return [
        allow("InOwnAccount", _OWN, [arn(service, "*", identity, "*") for service in own]),
        allow("Data", _DATA, data),
        allow("Anywhere", _ANYWHERE, ["*"]),
        allow("LookUpAnywhere", ["logs:DescribeLogGroups", "sagemaker:List*"], ["*"]),
        allow(
            "EnterSites",
            _words("sts", "AssumeRole SetSourceIdentity TagSession"),
            [role_arn("*", f"{layout.topology.name}-*")],
        ),
        allow(
            "PassRoles",
            ["iam:PassRole"],
            [role_arn(identity, f"{layout.topology.name}-*"), *_there_already(layout, account)],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    ]


_MADE = [
    *_words("airflow", "CreateEnvironment CreateWebLoginToken DeleteEnvironment GetEnvironment InvokeRestApi"),
    *_words("airflow", "ListEnvironments TagResource UntagResource UpdateEnvironment"),
    "cloudformation:*",  # as AWS documents it for StackSets' execution role
    *_words("ec2", "AllocateAddress AssociateRouteTable AttachInternetGateway AuthorizeSecurityGroup*"),
    *_words("ec2", "CreateInternetGateway CreateNatGateway CreateNetworkInterface CreateRoute CreateRouteTable"),
    *_words("ec2", "CreateSecurityGroup CreateSubnet CreateTags CreateVpc CreateVpcEndpoint DeleteInternetGateway"),
    *_words("ec2", "DeleteNatGateway DeleteRoute DeleteRouteTable DeleteSecurityGroup DeleteSubnet DeleteTags"),
    *_words("ec2", "DeleteVpc DeleteVpcEndpoints Describe* DetachInternetGateway DisassociateAddress"),
    *_words("ec2", "DisassociateRouteTable ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint ReleaseAddress"),
    *_words("ec2", "ReplaceRoute RevokeSecurityGroup* UpdateSecurityGroupRuleDescriptions*"),
    *_words("glue", "BatchStopJobRun CreateJob DeleteJob Get* TagResource UntagResource UpdateJob"),
    *_words("kms", "CreateAlias CreateKey Decrypt DeleteAlias Describe* DisableKey DisableKeyRotation EnableKey"),
    *_words("kms", "EnableKeyRotation GenerateDataKey Get* List* PutKeyPolicy ScheduleKeyDeletion TagResource"),
    *_words("kms", "UntagResource UpdateAlias UpdateKeyDescription"),
    *_words("lambda", "CreateFunction DeleteFunction DeleteFunctionEventInvokeConfig Get* List*"),
    *_words("lambda", "PutFunctionEventInvokeConfig TagResource UntagResource UpdateFunctionCode"),
    *_words("lambda", "UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig"),
    *_words("logs", "CreateLogGroup DeleteLogGroup DeleteRetentionPolicy Describe* Get* List* PutRetentionPolicy"),
    *_words("logs", "TagResource UntagResource"),
    *_words("s3", "CreateBucket DeleteBucket DeleteBucketPolicy DeleteObject DeleteObjectVersion Get* List*"),
    *_words("s3", "PutBucketNotification PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock"),
    *_words("s3", "PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration"),
    *_words("s3", "PutObject PutReplicationConfiguration TagResource UntagResource"),
    *_words("sagemaker", "Describe* List* StopProcessingJob StopTrainingJob"),
    *_words("secretsmanager", "CreateSecret DeleteSecret DescribeSecret GetSecretValue ListSecrets TagResource"),
    *_words("secretsmanager", "UntagResource UpdateSecret"),
    *_words("sqs", "CreateQueue DeleteQueue Get* List* SetQueueAttributes TagQueue UntagQueue"),
]
_BOUND = _words("iam", "AttachRolePolicy CreateRole DeleteRolePolicy DetachRolePolicy PutRolePermissionsBoundary")
_BOUND += _words("iam", "PutRolePolicy")
_ROLES = _words("iam", "DeleteRole TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription")
_POLICIES = _words("iam", "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion")
_PASSED_TO = ("airflow", "cloudformation", "glue", "lambda", "s3")


def of_deployers(layout: Layout, account: str) -> list[Statement]:
    """The boundary of an account's deployer and of its StackSet execution role.

    Args:
        layout: of the topology; its name, and the account's id, are all that is asked.
        account: its declared name.
    """
    identity, name = layout.account_id(account), layout.topology.name
    ours = role_arn(identity, f"{name}-*")
    deployer = layout.names.role("deployer")
    bounds = [policy_arn(identity, each) for each in (layout.boundary, layout.deployer_boundary)]
    linked = role_arn(identity, "aws-service-role/airflow.amazonaws.com/AWSServiceRoleForAmazonMWAA")
    return [
        allow("Make", _MADE, ["*"]),
        allow("LookAtRoles", ["iam:Get*", "iam:List*"], ["*"]),
        allow("ChangeRoles", _ROLES, [ours]),
        allow("MakeBoundRoles", _BOUND, [ours], {"StringEquals": {"iam:PermissionsBoundary": bounds}}),
        allow("MakePolicies", _POLICIES, [policy_arn(identity, f"{name}-*")]),
        allow(
            "PassRoles",
            ["iam:PassRole"],
            [ours, *_there_already(layout, account)],
            {"StringEquals": {"iam:PassedToService": [f"{service}.amazonaws.com" for service in _PASSED_TO]}},
        ),
        allow("LinkServiceRole", ["iam:CreateServiceLinkedRole"], [linked]),
        _never("KeepBoundaries", _POLICIES, [*bounds, policy_arn(identity, f"{deployer}-*")]),
        _never("KeepDeployer", [*_BOUND, *_ROLES], [role_arn(identity, deployer)]),
    ]


def _there_already(layout: Layout, account: str) -> list[str]:
    """The roles of an account that jobs use although no template makes them, sorted."""
    jobs = [job for site in layout.sites(account) for _, job in layout.jobs(site)]
    return sorted({job.existing_role for job in jobs if job.existing_role})


def _never(sid: str, actions: Sequence[str], resources: Sequence[Any]) -> Statement:
    return {**allow(sid, actions, resources), "Effect": "Deny"}
