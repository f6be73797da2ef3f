"""The IAM statements of the roles at sites, one function a role. Each statement stands once, here.

Action, resource and condition names: docs.aws.amazon.com/service-authorization/latest/reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.synth.arns import bucket_arn, job_arn, key_arn, log_group_arns, object_arn, pattern, role_arn
from crosswind.synth.grants import ORCHESTRATOR, Grant, folders, training_prefixes
from crosswind.synth.layout import Layout, camel
from crosswind.synth.registries import REPOSITORY, registry
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import sub
from crosswind.topology.model import GlueJob, LambdaJob, SageMakerJob

__all__ = ["cross_account", "glue_job", "lambda_job", "sagemaker_job"]

_SAGEMAKER_LOGS = "/aws/sagemaker/TrainingJobs"


def cross_account(layout: Layout, found: Sequence[Grant], account: str) -> list[Statement]:
    """The cross-account role of an account: what Airflow does there, for all its sites (`roles: single`)."""
    topology = layout.topology
    identity = layout.account_id(account)
    started = sorted({g.what for g in found if g.verb == "start"})
    here = [job for job in started if topology.jobs[job].site in layout.sites(account)]
    read = {
        bucket: paths
        for bucket, paths in folders(found, ORCHESTRATOR, "read").items()
        if layout.bucket_account(bucket) == identity
    }
    statements = [*_list(layout, read), *_read(layout, read)]
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


def glue_job(layout: Layout, found: Sequence[Grant], name: str) -> list[Statement]:
    """A Glue job's role: its script, its folders, its logs and metrics.

    Spark writes by renaming, which S3 does as copy and delete: so writing needs reading and deleting too.
    Buckets, logs and metrics as in the managed policy AWSGlueServiceRole
    (docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html), narrowed to ours.
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
        allow(
            "WriteLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [job_arn(layout, name, "logs", "log-group:/aws-glue/*")],
        ),
        _metrics("Glue"),
    ]


def sagemaker_job(layout: Layout, found: Sequence[Grant], name: str) -> list[Statement]:
    """A training job's role: its data, its model, the image, its logs and metrics.

    Source: docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, "CreateTrainingJob API".
    """
    who = f"job {name}"
    region = layout.topology.region_of(layout.topology.jobs[name].site)
    image = f"arn:${{AWS::Partition}}:ecr:{region}:{registry(region)}:repository/{REPOSITORY}"
    return [
        *_list(layout, folders(found, who, "read", "write", "delete")),
        *_read(layout, folders(found, who, "read")),
        *_write(layout, folders(found, who, "write")),
        *_delete(layout, folders(found, who, "delete")),
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
            # The operator names a training job after its task and its run.
            # In lower case too: SageMaker may write a name so in an ARN, and IAM compares letters as they are.
            [
                job_arn(layout, job, "sagemaker", f"training-job/{form}*")
                for job in jobs
                for prefix in training_prefixes(layout.topology, job)
                for form in (prefix, prefix.lower())
            ],
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


def _metrics(namespace: str) -> Statement:
    """Metrics of a namespace: the action takes no resource, but a condition."""
    return allow("PutMetrics", ["cloudwatch:PutMetricData"], ["*"], {"StringLike": {"cloudwatch:namespace": namespace}})
