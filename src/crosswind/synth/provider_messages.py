"""What CloudFormation does with queues, notifications and asynchronous invocations, for whoever it acts for.

A part of `provider_statements`, and as it is: from the `handlers` of the types' schemas. Each statement stands once.
"""

from __future__ import annotations

from collections.abc import Iterable

from crosswind.synth.arns import bucket_arn, job_arn
from crosswind.synth.handover_statements import queue_arn
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow
from crosswind.topology.model import LambdaJob

__all__ = ["asynchronous", "manage_messages", "telling"]


def manage_messages(layout: Layout, sites: Iterable[str]) -> list[Statement]:
    """AWS::SQS::Queue with AWS::SQS::QueuePolicy, a bucket's notifications, and AWS::Lambda::EventInvokeConfig."""
    places = list(sites)
    statements: list[Statement] = []
    if buckets := telling(layout, places):
        actions = ["CreateQueue", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListQueueTags"]
        actions += ["SetQueueAttributes", "TagQueue", "UntagQueue"]
        statements += [
            allow("ManageQueues", [f"sqs:{action}" for action in actions], [queue_arn(layout, b) for b in buckets]),
            allow("ManageNotifications", ["s3:PutBucketNotification"], [bucket_arn(layout, b) for b in buckets]),
        ]
    if functions := asynchronous(layout, places):
        actions = [f"lambda:{verb}FunctionEventInvokeConfig" for verb in ("Delete", "Get", "Put", "Update")]
        # A template must name a qualifier. Lambda's actions may be bound to the ARN of a function or of a version, and
        # nowhere does it say which of the two it asks for then:
        # docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
        arns = [
            job_arn(layout, name, "lambda", f"function:{layout.names.job(name)}{qualifier}")
            for name in functions
            for qualifier in ("", ":$LATEST")
        ]
        statements.append(allow("ManageInvocations", actions, arns))
    return statements


def telling(layout: Layout, sites: Iterable[str]) -> list[str]:
    """The buckets at some sites of which S3 tells what it fails to replicate."""
    return [name for site in sites for name, _ in layout.buckets(site) if layout.failure_folders(name)]


def asynchronous(layout: Layout, sites: Iterable[str]) -> list[str]:
    """The functions at some sites that put results."""
    jobs = [each for site in sites for each in layout.jobs(site)]
    return [name for name, job in jobs if isinstance(job, LambdaJob) and job.results is not None]
