"""The IAM statements of the roles at sites, one function a role. Each statement stands once, here.

Action, resource and condition names: docs.aws.amazon.com/service-authorization/latest/reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.synth import key_statements
from crosswind.synth.arns import (
    bucket_arn,
    job_arn,
    key_arn,
    log_group_arns,
    object_arn,
    pattern,
    role_arn,
    training_arns,
)
from crosswind.synth.grants import ORCHESTRATOR, Grant, folders
from crosswind.synth.keys import key_here, key_parameter
from crosswind.synth.layout import Layout, camel
from crosswind.synth.registries import REPOSITORY, registry
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import if_set, ref, sub
from crosswind.topology.model import GlueJob, LambdaJob, SageMakerJob

__all__ = ["cross_account", "foreign_keys", "glue_job", "lambda_job", "sagemaker_job"]

_SAGEMAKER_LOGS = "/aws/sagemaker/TrainingJobs"


def cross_account(layout: Layout, found: Sequence[Grant], account: str) -> list[Statement]:
    """The cross-account role of an account: what Airflow does there, for all its sites (`roles: single`)."""
    topology = layout.topology
    started = sorted({g.what for g in found if g.verb == "start"})
    here = [job for job in started if topology.jobs[job].site in layout.sites(account)]
    read = _read_by_airflow(layout, found, account)
    elsewhere = foreign_keys(layout, found, account)
    statements = [*_list(layout, read), *_read(layout, read)]
    for bucket in (bucket for bucket in read if layout.has_key(bucket)):
        if bucket in elsewhere:
            parameter = key_parameter(bucket)
            statements.append(if_set(f"Has{parameter}", key_statements.decrypt(layout, bucket, ref(parameter))))
        else:
            statements.append(key_statements.decrypt(layout, bucket, key_here(bucket)))
    glue, sagemaker, functions = (
        [job for job in here if isinstance(topology.jobs[job], kind)] for kind in (GlueJob, SageMakerJob, LambdaJob)
    )
    if glue:
        statements += _run_glue(layout, glue)
    if sagemaker:
        statements += _run_sagemaker(layout, sagemaker)
    if functions:
        arns = [job_arn(layout, job, "lambda", f"function:{layout.names.job(job)}") for job in functions]
        statements.append(allow("InvokeFunctions", ["lambda:InvokeFunction"], arns))
    return statements


def foreign_keys(layout: Layout, found: Sequence[Grant], account: str) -> list[str]:
    """The buckets whose keys an account's cross-account role uses although its stack does not hold them; sorted."""
    site = layout.role_site(account)
    return [
        bucket
        for bucket in _read_by_airflow(layout, found, account)
        if layout.has_key(bucket) and layout.topology.buckets[bucket].site != site
    ]


def _read_by_airflow(layout: Layout, found: Sequence[Grant], account: str) -> dict[str, tuple[str, ...]]:
    return {
        bucket: paths
        for bucket, paths in folders(found, ORCHESTRATOR, "read").items()
        if layout.bucket_account(bucket) == layout.account_id(account)
    }


def glue_job(layout: Layout, found: Sequence[Grant], name: str) -> list[Statement]:
    """A Glue job's role: its script, its folders, its logs and metrics.

    Spark writes by renaming, which S3 does as copy and delete: so writing needs reading and deleting too.
    Buckets, logs and metrics as in the managed policy AWSGlueServiceRole
    (docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html), narrowed to ours; all jobs of an
    account and Region share their log groups (docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html).
    """
    who = f"job {name}"
    written = folders(found, who, "write")
    touched = folders(found, who, "read", "write")
    return [
        *_list(layout, folders(found, who, "read", "write", "delete")),
        *_read(layout, touched),
        *_write(layout, written),
        *_delete(layout, folders(found, who, "write", "delete")),
        *_folders_of_hadoop(layout, touched, written),
        *_use_keys(layout, touched, written),
        allow(
            "WriteLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [job_arn(layout, name, "logs", "log-group:/aws-glue/jobs/*")],
        ),
        _metrics("Glue"),
    ]


def sagemaker_job(layout: Layout, found: Sequence[Grant], name: str) -> list[Statement]:
    """A training job's role: its data, its model, the image, its logs and metrics.

    Source: docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, "CreateTrainingJob API".
    """
    who = f"job {name}"
    region = layout.topology.region_of(layout.topology.jobs[name].site)
    written = folders(found, who, "write")
    keys = {bucket: key_here(bucket) for bucket in written if layout.has_key(bucket)}
    image = f"arn:${{AWS::Partition}}:ecr:{region}:{registry(region)}:repository/{REPOSITORY}"
    return [
        *_list(layout, folders(found, who, "read", "write", "delete")),
        *_read(layout, folders(found, who, "read")),
        *_write(layout, written),
        *_delete(layout, folders(found, who, "delete")),
        *_use_keys(layout, folders(found, who, "read"), written),
        *([key_statements.encrypt_models(keys)] if keys else []),
        allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [sub(image)],
        ),
        # A token is for a whole registry: the action takes no resource.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "WriteLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            log_group_arns(layout, name, _SAGEMAKER_LOGS),
        ),
        _metrics("/aws/sagemaker/*"),
    ]


def lambda_job(layout: Layout, found: Sequence[Grant], name: str) -> list[Statement]:
    """A function's role: its folders and its own log group."""
    who = f"job {name}"
    return [
        *_list(layout, folders(found, who, "read", "write", "delete")),
        *_read(layout, folders(found, who, "read")),
        *_write(layout, folders(found, who, "write")),
        *_delete(layout, folders(found, who, "delete")),
        *_use_keys(layout, folders(found, who, "read"), folders(found, who, "write")),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [job_arn(layout, name, "logs", f"log-group:/aws/lambda/{layout.names.job(name)}:*")],
        ),
    ]


def _run_glue(layout: Layout, jobs: Sequence[str]) -> list[Statement]:
    runs = ["glue:BatchStopJobRun", "glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"]
    logs = [job_arn(layout, job, "logs", "log-group:/aws-glue/jobs/*") for job in jobs]
    return [
        allow("RunGlue", runs, [job_arn(layout, job, "glue", f"job/{layout.names.job(job)}") for job in jobs]),
        _read_logs("ReadGlueLogs", logs),
    ]


def _run_sagemaker(layout: Layout, jobs: Sequence[str]) -> list[Statement]:
    topology = layout.topology
    roles = [role_arn(topology.account_of(topology.jobs[job].site), layout.names.job_role(job)) for job in jobs]
    return [
        allow(
            "RunTraining",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopTrainingJob",
            ],
            training_arns(layout, jobs),
        ),
        # A list of names takes no resource; Airflow's own operator looks there for the job of an earlier attempt.
        allow(
            "ListTraining",
            ["sagemaker:ListTrainingJobs"],
            ["*"],
            {
                "StringEquals": {
                    "aws:RequestedRegion": sorted({topology.region_of(topology.jobs[j].site) for j in jobs})
                }
            },
        ),
        allow(
            "PassTrainingRole",
            ["iam:PassRole"],
            roles,
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        _read_logs(
            "ReadTrainingLogs",
            [arn for job in jobs for arn in log_group_arns(layout, job, _SAGEMAKER_LOGS)],
        ),
    ]


def _read_logs(sid: str, arns: Sequence[Any]) -> Statement:
    return allow(sid, ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"], arns)


def _folders_of_hadoop(
    layout: Layout, touched: Mapping[str, tuple[str, ...]], written: Mapping[str, tuple[str, ...]]
) -> list[Statement]:
    """What Glue's file system asks of S3 beside the objects themselves.

    Before it reads or makes a folder it looks for an object of the folder's own name (`transformed`) and for
    Hadoop's marker of an empty folder (`transformed_$folder$`), and it may set that marker. Both keys lie outside
    `transformed/`, and a look at a key that one may not read is 403, not 404.

    Sources: repost.aws/knowledge-center/emr-s3-empty-files;
    docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html ("Permissions").
    """
    marker = "_$folder$"
    probed = [key_arn(layout, b, f"{p}{end}") for b, ps in touched.items() for p in ps for end in ("", marker)]
    marked = [key_arn(layout, b, f"{p}{marker}") for b, ps in written.items() for p in ps]
    statements = [
        allow("FindBuckets", ["s3:GetBucketLocation"], [bucket_arn(layout, bucket) for bucket in touched]),
        allow("FindFolders", ["s3:GetObject"], probed),
    ]
    return [*statements, allow("MarkFolders", ["s3:DeleteObject", "s3:PutObject"], marked)] if marked else statements


def _list(layout: Layout, paths: Mapping[str, tuple[str, ...]]) -> list[Statement]:
    """Listing by folder.

    `IfExists`: S3 answers 404 for a key that is not there only to those who may list, and asks without a prefix;
    with a plain condition a sensor would get 403 for a file that has not come yet.
    """
    return [
        allow(
            f"List{camel(bucket)}",
            ["s3:ListBucket"],
            [bucket_arn(layout, bucket)],
            {"StringLikeIfExists": {"s3:prefix": [pattern(path) for path in paths[bucket]]}},
        )
        for bucket in paths
    ]


def _read(layout: Layout, paths: Mapping[str, tuple[str, ...]]) -> list[Statement]:
    return _objects(layout, "Read", ["s3:GetObject"], paths)


def _write(layout: Layout, paths: Mapping[str, tuple[str, ...]]) -> list[Statement]:
    return _objects(layout, "Write", ["s3:AbortMultipartUpload", "s3:PutObject"], paths)


def _delete(layout: Layout, paths: Mapping[str, tuple[str, ...]]) -> list[Statement]:
    return _objects(layout, "Delete", ["s3:DeleteObject"], paths)


def _objects(
    layout: Layout, verb: str, actions: Sequence[str], paths: Mapping[str, tuple[str, ...]]
) -> list[Statement]:
    return [
        allow(f"{verb}{camel(bucket)}", actions, [object_arn(layout, bucket, path) for path in paths[bucket]])
        for bucket in paths
    ]


def _use_keys(layout: Layout, read: Mapping[str, Any], written: Mapping[str, Any]) -> list[Statement]:
    """The keys of the buckets that a job reads and writes, all of them in its own site's stack."""
    return [
        (key_statements.encrypt if bucket in written else key_statements.decrypt)(layout, bucket, key_here(bucket))
        for bucket in sorted({*read, *written})
        if layout.has_key(bucket)
    ]


def _metrics(namespace: str) -> Statement:
    """Metrics of a namespace: the action takes no resource, but a condition."""
    return allow("PutMetrics", ["cloudwatch:PutMetricData"], ["*"], {"StringLike": {"cloudwatch:namespace": namespace}})
