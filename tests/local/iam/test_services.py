"""A principal without rights, service by service: boto3 raises what it raises on AWS, with AWS's sentence.

Codes: the "Common errors" page of each service's API reference. Sentence: docs.aws.amazon.com/IAM/latest/UserGuide/
troubleshoot_access-denied.html.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.iam.arena import Arena
from tests.local.iam.people import EVERYTHING, Account, outcome

DENIED, DENIED_JSON = "AccessDenied", "AccessDeniedException"
EAST = "arn:aws:{}:us-east-1:{{account}}:{}"
ROLE = "arn:aws:iam::{account}:role/r"
CALLS: tuple[tuple[str, str, dict[str, Any], str, str, str | None], ...] = (
    ("s3", "list_buckets", {}, DENIED, "s3:ListAllMyBuckets", ""),
    ("s3", "create_bucket", {"Bucket": "new-{account}"}, DENIED, "s3:CreateBucket", '"arn:aws:s3:::new-{account}"'),
    ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "xx"}, DENIED, "sts:AssumeRole", ROLE),
    ("iam", "list_roles", {}, DENIED, "iam:ListRoles", None),
    ("iam", "get_role", {"RoleName": "r"}, DENIED, "iam:GetRole", ROLE),
    ("glue", "get_job", {"JobName": "j"}, DENIED_JSON, "glue:GetJob", EAST.format("glue", "job/j")),
    ("sagemaker", "list_training_jobs", {}, DENIED_JSON, "sagemaker:ListTrainingJobs", ""),
    (
        "sagemaker",
        "describe_training_job",
        {"TrainingJobName": "t"},
        DENIED_JSON,
        "sagemaker:DescribeTrainingJob",
        EAST.format("sagemaker", "training-job/t"),
    ),
    (
        "lambda",
        "invoke",
        {"FunctionName": "f"},
        DENIED_JSON,
        "lambda:InvokeFunction",
        EAST.format("lambda", "function:f"),
    ),
    ("lambda", "list_functions", {}, DENIED_JSON, "lambda:ListFunctions", ""),
    ("secretsmanager", "list_secrets", {}, DENIED_JSON, "secretsmanager:ListSecrets", ""),
    ("secretsmanager", "get_secret_value", {"SecretId": "s"}, DENIED_JSON, "secretsmanager:GetSecretValue", None),
    ("kms", "create_key", {}, DENIED_JSON, "kms:CreateKey", ""),
    ("kms", "list_keys", {}, DENIED_JSON, "kms:ListKeys", ""),
    ("ec2", "describe_vpcs", {}, "UnauthorizedOperation", "ec2:DescribeVpcs", ""),
    (
        "ec2",
        "create_vpc",
        {"CidrBlock": "10.0.0.0/16"},
        "UnauthorizedOperation",
        "ec2:CreateVpc",
        EAST.format("ec2", "vpc/*"),
    ),
    ("sns", "create_topic", {"Name": "t"}, "AuthorizationError", "SNS:CreateTopic", EAST.format("sns", "t")),
    ("sqs", "create_queue", {"QueueName": "q"}, DENIED, "sqs:createqueue", EAST.format("sqs", "q")),
    (
        "logs",
        "create_log_group",
        {"logGroupName": "g"},
        DENIED_JSON,
        "logs:CreateLogGroup",
        EAST.format("logs", "log-group:g:log-stream:"),
    ),
    (
        "cloudformation",
        "create_stack",
        {"StackName": "s", "TemplateBody": "{}"},
        DENIED,
        "cloudformation:CreateStack",
        EAST.format("cloudformation", "stack/s/*"),
    ),
    ("mwaa", "list_environments", {}, DENIED_JSON, "airflow:ListEnvironments", ""),
    (
        "mwaa",
        "get_environment",
        {"Name": "e"},
        DENIED_JSON,
        "airflow:GetEnvironment",
        EAST.format("airflow", "environment/e"),
    ),
    (
        "dynamodb",
        "describe_table",
        {"TableName": "t"},
        DENIED_JSON,
        "dynamodb:DescribeTable",
        EAST.format("dynamodb", "table/t"),
    ),
    ("events", "put_rule", {"Name": "r"}, DENIED_JSON, "events:PutRule", EAST.format("events", "rule/r")),
    ("stepfunctions", "list_state_machines", {}, DENIED_JSON, "states:ListStateMachines", ""),
    ("organizations", "describe_organization", {}, DENIED_JSON, "organizations:DescribeOrganization", ""),
)


@pytest.fixture(scope="module")
def account(arena: Arena) -> Account:
    return Account(arena, arena.account())


@pytest.fixture(scope="module")
def idle(account: Account) -> Any:
    """Somebody without rights."""
    account.role("r")
    return account.session(account.role("idle"))


@pytest.mark.parametrize(
    ("service", "operation", "asked", "code", "action", "resource"), CALLS, ids=[f"{c[0]}-{c[1]}" for c in CALLS]
)
def test_denied_as_on_aws(
    account: Account,
    idle: Any,
    service: str,
    operation: str,
    asked: dict[str, Any],
    code: str,
    action: str,
    resource: str | None,
) -> None:
    filled = {
        key: value.format(account=account.id) if isinstance(value, str) and "{account}" in value else value
        for key, value in asked.items()
    }
    with pytest.raises(ClientError) as caught:
        getattr(account.client(service, idle), operation)(**filled)
    error = caught.value.response["Error"]
    assert error["Code"] == code
    who = f"arn:aws:sts::{account.id}:assumed-role/idle/somebody"
    start = f"User: {who} is not authorized to perform: {action}"
    assert start.lower() in error["Message"].lower()
    if resource:
        assert f" on resource: {resource.format(account=account.id)}" in error["Message"]
    elif resource == "":
        assert " on resource: " not in error["Message"]
    assert "because no identity-based policy allows the " in error["Message"]


@pytest.mark.parametrize("service", ["s3", "glue", "sqs"])
def test_allowed_to_who_may(account: Account, service: str) -> None:
    operation = {"s3": "list_buckets", "glue": "list_jobs", "sqs": "list_queues"}[service]
    keys = account.acting(f"all-{service}", EVERYTHING)
    assert outcome(getattr(account.client(service, keys), operation)) == "allowed"


def test_a_call_that_no_table_knows_is_refused(account: Account) -> None:
    """Nothing passes for want of a rule, not even for who may do everything."""
    keys = account.acting("everything", EVERYTHING)
    with pytest.raises(ClientError, match="does not know which rights"):
        account.client("polly", keys).describe_voices()
