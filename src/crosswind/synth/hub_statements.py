"""The IAM statements of the hub's execution role. Each statement stands once, here."""

from __future__ import annotations

from typing import Any

from crosswind.synth.arns import role_arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import SESSION_TAGS, Statement, allow
from crosswind.synth.template import sub

__all__ = ["execution"]


def execution(layout: Layout) -> list[Statement]:
    """MWAA's execution role: what MWAA documents, the connections, the cross-account roles; no site's data.

    Source: docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html (the form for an AWS owned key), with
    the bucket, the log groups and the secrets narrowed to ours.
    """
    return [*_environment(layout), *_secrets(layout), *_assume(layout)]


def _environment(layout: Layout) -> list[Statement]:
    region, account = layout.topology.hub.region, layout.topology.hub_account
    environment = layout.names.environment
    bucket = f"arn:${{AWS::Partition}}:s3:::{layout.names.airflow_bucket}"
    return [
        {
            "Sid": "PublishMetrics",
            "Effect": "Allow",
            "Action": "airflow:PublishMetrics",
            "Resource": _arn("airflow", region, account, f"environment/{environment}"),
        },
        {
            "Sid": "ReadBucket",
            "Effect": "Allow",
            "Action": ["s3:GetBucket*", "s3:GetObject*", "s3:List*"],
            "Resource": [sub(bucket), sub(f"{bucket}/*")],
        },
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:GetLogEvents",
                "logs:GetLogGroupFields",
                "logs:GetLogRecord",
                "logs:GetQueryResults",
                "logs:PutLogEvents",
            ],
            "Resource": _arn("logs", region, account, f"log-group:airflow-{environment}-*"),
        },
        # MWAA asks for the account as a whole: these actions take no narrower resource.
        {
            "Sid": "LookAtAccount",
            "Effect": "Allow",
            "Action": ["logs:DescribeLogGroups", "s3:GetAccountPublicAccessBlock"],
            "Resource": "*",
        },
        {
            "Sid": "PutMetrics",
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
        },
        *_queues(layout),
    ]


def _queues(layout: Layout) -> list[Statement]:
    region, account = layout.topology.hub.region, layout.topology.hub_account
    return [
        {
            "Sid": "UseQueues",
            "Effect": "Allow",
            "Action": [
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ReceiveMessage",
                "sqs:SendMessage",
            ],
            # The queues lie in an account of MWAA's own, which has no fixed id.
            "Resource": sub(f"arn:${{AWS::Partition}}:sqs:{region}:*:airflow-celery-*"),
        },
        {
            "Sid": "UseQueueKey",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"],
            # The queues' key is AWS owned: any key but ours, and through SQS alone.
            "NotResource": sub(f"arn:${{AWS::Partition}}:kms:*:{account}:key/*"),
            "Condition": {"StringLike": {"kms:ViaService": sub(f"sqs.{region}.${{AWS::URLSuffix}}")}},
        },
    ]


def _secrets(layout: Layout) -> list[Statement]:
    region, account = layout.topology.hub.region, layout.topology.hub_account
    return [
        {
            "Sid": "ReadConnections",
            "Effect": "Allow",
            # What the secrets backend calls; by prefix, since it asks for whatever a DAG names, and a no of IAM's would
            # be an error where "there is none" is meant.
            "Action": "secretsmanager:GetSecretValue",
            "Resource": [
                _arn("secretsmanager", region, account, f"secret:airflow/{kind}/*")
                for kind in ("connections", "variables")
            ],
        }
    ]


def _assume(layout: Layout) -> list[Statement]:
    """What the trusts of these roles ask for: `roles.account_trust`, `roles.session_trust`.

    The roles are named before they exist, so that the hub does not wait for them. A session without tags passes the
    condition.
    """
    roles = [role_arn(layout.account_id(actor.account), actor.role) for actor in layout.actors]
    return [
        allow(
            "CrossAccounts",
            ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
            roles,
            {"ForAllValues:StringEquals": {"aws:TagKeys": list(SESSION_TAGS)}},
        )
    ]


def _arn(service: str, region: str, account: str, rest: str) -> dict[str, Any]:
    return sub(f"arn:${{AWS::Partition}}:{service}:{region}:{account}:{rest}")
