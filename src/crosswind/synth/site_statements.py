"""The IAM statements of jobs' own roles, one function a type of job. Each statement stands once, here.

SageMaker's are in `sagemaker_statements`.
Action, resource and condition names: docs.aws.amazon.com/service-authorization/latest/reference.
"""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.synth import object_statements
from crosswind.synth.arns import job_arn
from crosswind.synth.grants import Grant, folders
from crosswind.synth.layout import Layout
from crosswind.synth.roles import Statement, allow

__all__ = ["lambda_job", "python_shell_job", "spark_job"]


def spark_job(layout: Layout, found: Sequence[Grant], name: str) -> list[Statement]:
    """A Spark job's role: its script, its folders, its logs and metrics.

    Spark writes by renaming, which S3 does as copy and delete: so writing needs reading and deleting too.
    Buckets, logs and metrics as in the managed policy AWSGlueServiceRole
    (docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html), narrowed to ours; all jobs of an
    account and Region share their log groups (docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html).
    """
    who = f"job {name}"
    written = folders(found, who, "write")
    touched = folders(found, who, "read", "write")
    loaded = folders(found, who, "load")
    return [
        *object_statements.load(layout, loaded),
        *object_statements.list_folders(layout, folders(found, who, "read", "write", "delete")),
        *object_statements.read(layout, touched),
        *object_statements.write(layout, written),
        *object_statements.delete(layout, folders(found, who, "write", "delete")),
        *object_statements.folders_of_hadoop(layout, touched, written),
        *object_statements.use_keys(layout, layout.topology.jobs[name].site, {**loaded, **touched}, written),
        _write_glue_logs(layout, name),
        # The action takes no resource, but a condition.
        allow("PutMetrics", ["cloudwatch:PutMetricData"], ["*"], {"StringLike": {"cloudwatch:namespace": "Glue"}}),
    ]


def python_shell_job(layout: Layout, found: Sequence[Grant], name: str) -> list[Statement]:
    """A Python shell job's role: its script, its folders and its logs. It has no Spark: it writes as it is told to.

    Source: docs.aws.amazon.com/glue/latest/dg/add-job-python.html (log groups).
    """
    who = f"job {name}"
    read, written = folders(found, who, "read"), folders(found, who, "write")
    loaded = folders(found, who, "load")
    return [
        *object_statements.load(layout, loaded),
        *object_statements.list_folders(layout, folders(found, who, "read", "delete")),
        *object_statements.read(layout, read),
        *object_statements.write(layout, written),
        *object_statements.delete(layout, folders(found, who, "delete")),
        *object_statements.use_keys(layout, layout.topology.jobs[name].site, {**loaded, **read}, written),
        _write_glue_logs(layout, name),
    ]


def lambda_job(layout: Layout, found: Sequence[Grant], name: str) -> list[Statement]:
    """A function's role: its folders, its results and its own log group."""
    who = f"job {name}"
    return [
        *object_statements.list_folders(layout, folders(found, who, "read", "write", "delete")),
        *object_statements.read(layout, folders(found, who, "read")),
        *object_statements.write(layout, folders(found, who, "write")),
        *object_statements.delete(layout, folders(found, who, "delete")),
        *object_statements.objects(layout, "Answer", ["s3:PutObject"], folders(found, who, "answer")),
        *object_statements.use_keys(
            layout,
            layout.topology.jobs[name].site,
            folders(found, who, "read"),
            folders(found, who, "write"),
            folders(found, who, "answer"),
        ),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [job_arn(layout, name, "logs", f"log-group:{layout.names.log_group(name)}:*")],
        ),
    ]


def _write_glue_logs(layout: Layout, name: str) -> Statement:
    """All jobs of an account and Region share their log groups."""
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    return allow("WriteLogs", actions, [job_arn(layout, name, "logs", f"log-group:{layout.names.log_group(name)}/*")])
