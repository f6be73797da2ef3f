"""The IAM statements of the roles at sites, one function a role. Each statement stands once, here.

Action, resource and condition names: docs.aws.amazon.com/service-authorization/latest/reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.synth import handover_statements, key_statements, object_statements
from crosswind.synth.arns import (
    job_arn,
    log_group_arns,
    role_arn,
    training_arns,
)
from crosswind.synth.grants import ORCHESTRATOR, Grant, Verb, folders
from crosswind.synth.keys import key_here
from crosswind.synth.layout import Layout
from crosswind.synth.object_statements import Paths
from crosswind.synth.registries import REPOSITORY, registry
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import sub
from crosswind.topology.model import GlueJob, LambdaJob, SageMakerJob

__all__ = ["cross_account", "foreign_keys", "glue_job", "lambda_job", "sagemaker_job"]

_SAGEMAKER_LOGS = "/aws/sagemaker/TrainingJobs"


def cross_account(layout: Layout, found: Sequence[Grant], account: str) -> list[Statement]:
    """The cross-account role of an account: what Airflow does there, for all its sites (`roles: single`)."""
    topology = layout.topology
    started = sorted({g.what for g in found if g.verb == "start"})
    here = [job for job in started if topology.jobs[job].site in layout.sites(account)]
    glue, sagemaker, functions = (
        [job for job in here if isinstance(topology.jobs[job], kind)] for kind in (GlueJob, SageMakerJob, LambdaJob)
    )
    return [
        *object_statements.list_folders(layout, _airflows(layout, found, account, "read", "claim")),
        *object_statements.read(layout, _airflows(layout, found, account, "read")),
        *handover_statements.airflow(layout, found, account),
        *object_statements.use_keys(layout, layout.role_site(account), *_of_airflow(layout, found, account)),
        *(_run_glue(layout, glue) if glue else []),
        *(_run_sagemaker(layout, sagemaker) if sagemaker else []),
        *(_run_functions(layout, functions) if functions else []),
    ]


def foreign_keys(layout: Layout, found: Sequence[Grant], site: str) -> list[str]:
    """The buckets whose keys the roles of a site's stack use although it does not hold them; sorted."""
    buckets: set[str] = set()
    account = layout.topology.sites[site].account
    if layout.role_site(account) == site:
        buckets.update(*_of_airflow(layout, found, account))
    for name, _ in layout.jobs(site):
        buckets.update(folders(found, f"job {name}", "read", "write", "answer"))
    return sorted(b for b in buckets if layout.has_key(b) and layout.topology.buckets[b].site != site)


def _airflows(layout: Layout, found: Sequence[Grant], account: str, *verbs: Verb) -> Paths:
    """The paths of an account's own buckets that Airflow may touch there."""
    return {
        bucket: paths
        for bucket, paths in folders(found, ORCHESTRATOR, *verbs).items()
        if layout.bucket_account(bucket) == layout.account_id(account)
    }


def _of_airflow(layout: Layout, found: Sequence[Grant], account: str) -> tuple[set[str], set[str]]:
    """The buckets that Airflow reads, and those that it writes, under an account's cross-account role."""
    read = {*_airflows(layout, found, account, "read", "pin"), *handover_statements.fetched(layout, found, account)}
    written = _airflows(layout, found, account, "publish", "record", "claim")
    return read, {*written, *handover_statements.carried(layout, found, account)}


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
        *object_statements.list_folders(layout, folders(found, who, "read", "write", "delete")),
        *object_statements.read(layout, touched),
        *object_statements.write(layout, written),
        *object_statements.delete(layout, folders(found, who, "write", "delete")),
        *object_statements.folders_of_hadoop(layout, touched, written),
        *object_statements.use_keys(layout, layout.topology.jobs[name].site, touched, written),
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
        *object_statements.list_folders(layout, folders(found, who, "read", "write", "delete")),
        *object_statements.read(layout, folders(found, who, "read")),
        *object_statements.write(layout, written),
        *object_statements.delete(layout, folders(found, who, "delete")),
        *object_statements.use_keys(layout, layout.topology.jobs[name].site, folders(found, who, "read"), written),
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
            folders(found, who, "write", "answer"),
        ),
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
                "sagemaker:ListTags",
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


def _run_functions(layout: Layout, jobs: Sequence[str]) -> list[Statement]:
    names = {job: layout.names.job(job) for job in jobs}
    logs = [arn for job in jobs for arn in log_group_arns(layout, job, f"/aws/lambda/{names[job]}")]
    return [
        allow(
            "InvokeFunctions",
            ["lambda:InvokeFunction"],
            [job_arn(layout, job, "lambda", f"function:{names[job]}") for job in jobs],
        ),
        _read_logs("ReadFunctionLogs", logs),
    ]


def _read_logs(sid: str, arns: Sequence[Any]) -> Statement:
    return allow(sid, ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"], arns)


def _metrics(namespace: str) -> Statement:
    """Metrics of a namespace: the action takes no resource, but a condition."""
    return allow("PutMetrics", ["cloudwatch:PutMetricData"], ["*"], {"StringLike": {"cloudwatch:namespace": namespace}})
