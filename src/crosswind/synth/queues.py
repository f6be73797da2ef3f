"""Amazon SQS: the queue in which S3 tells what it failed to replicate from a bucket."""

from __future__ import annotations

from typing import Any

from crosswind.synth import handover_statements
from crosswind.synth.layout import Layout, camel
from crosswind.synth.template import Template, get_att, ref

__all__ = ["add_failures_queue", "notification"]

FAILED = "s3:Replication:OperationFailedReplication"


def add_failures_queue(template: Template, layout: Layout, bucket: str) -> str:
    """Add the queue and its policy; returns the policy's logical id.

    S3 tries the queue when the bucket is told of it, so the bucket must come after the policy, and by CloudFormation's
    order of deletion goes before it. Messages stay for SQS's four days, and are encrypted by SQS itself: S3 could not
    send to a queue with AWS's KMS key for SQS. Source:
    docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html.
    """
    queue = template.add(
        f"{camel(bucket)}Failures",
        "AWS::SQS::Queue",
        {"QueueName": layout.names.failures_queue(bucket), "SqsManagedSseEnabled": True},
        deletion="Delete",
    )
    return template.add(
        f"{queue}Policy",
        "AWS::SQS::QueuePolicy",
        {
            "Queues": [ref(queue)],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [handover_statements.tell_failures(layout, bucket)],
            },
        },
    )


def notification(layout: Layout, bucket: str) -> dict[str, Any]:
    """The bucket's notification configuration: one filter a folder, since S3 refuses filters that overlap."""
    arn = get_att(f"{camel(bucket)}Failures", "Arn")
    return {
        "QueueConfigurations": [
            {
                "Event": FAILED,
                "Queue": arn,
                "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": f"{folder}/"}]}},
            }
            for folder in layout.failure_folders(bucket)
        ]
    }
