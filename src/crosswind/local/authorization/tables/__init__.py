"""One table a service: which rights its operations need where the rule of `needs` does not say it truly.

Each module has a `TABLE`. A service that is not listed here is refused: its dependent rights (roles that it is
handed, tags, keys) were not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MODULES"]

MODULES: Mapping[str, str] = {
    "athena": "athena",
    "cloudformation": "cloudformation",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "ecr": "ecr",
    "events": "events",
    "firehose": "firehose",
    "glue": "glue",
    "iam": "iam",
    "kinesis": "kinesis",
    "kms": "kms",
    "lambda": "lambda_",
    "logs": "logs",
    "mwaa": "mwaa",
    "organizations": "organizations",
    "resourcegroupstaggingapi": "tagging",
    "s3": "s3",
    "s3control": "s3control",
    "sagemaker": "sagemaker",
    "sagemaker-runtime": "sagemaker_runtime",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "stepfunctions": "stepfunctions",
    "sts": "sts",
}
"""botocore's name of a service to the module that has its table; imported when first asked."""
