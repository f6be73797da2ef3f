"""Glue: what Airflow's operators do around a job, and what a job does under its own role.

The code: `crosswind.airflow.operators.glue`, `.handover`, `crosswind.airflow.jobs.glue`.
"""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate, split_ref
from crosswind.prove.flow import OBSERVED, SOMETIMES, Flow, documented
from crosswind.prove.flows.submissions import claims, read_log
from crosswind.topology.model import GlueJob

__all__ = ["glue_job", "glue_operator"]

TYPES = ("glue", "glue_python_shell")
_GROUPS = {"glue": "/aws-glue/jobs", "glue_python_shell": "/aws-glue/python-jobs"}

_ROLE = documented("aws-managed-policy/latest/reference/AWSGlueServiceRole.html")
_LOGS = documented("glue/latest/dg/monitor-continuous-logging.html")
_METRICS = documented("glue/latest/dg/monitoring-awsglue-with-cloudwatch-metrics.html")
_TEMPORARY = documented("AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions")
_TARGET = documented("glue/latest/dg/aws-glue-programming-etl-connect-s3-home.html")
_MARKERS = documented("https://repost.aws/knowledge-center/emr-s3-empty-files")
_PUT = documented("AmazonS3/latest/userguide/conditional-writes-enforce.html")


def glue_operator(estate: Estate) -> Iterator[Flow]:
    """Every step that runs a Glue job."""
    for name, job in estate.jobs(*TYPES):
        for pipeline, asks, _ in estate.tasks(name):
            at = estate.airflow(job.site, pipeline, asks)
            arn = estate.site_arn(job.site, "glue", f"job/{estate.names.job(name)}")
            yield at.flow(f"starts the Glue job {name}", "glue:StartJobRun", arn)
            yield at.flow("looks at its run", "glue:GetJobRun", arn)
            yield at.flow("looks for a run that an earlier try has started", "glue:GetJobRuns", arn, SOMETIMES)
            yield at.flow("stops its run", "glue:BatchStopJobRun", arn, SOMETIMES)
            yield from claims(estate, at, name)
            for end in ("output", "error"):
                yield from read_log(estate, at, job.site, f"{_GROUPS[job.type]}/{end}")
            for ref in job.reads:
                yield _input(estate, ref, pipeline, asks)


def _input(estate: Estate, ref: str, pipeline: str, asks: str) -> Flow:
    bucket, folder = split_ref(ref)
    at = estate.airflow(estate.topology.buckets[bucket].site, pipeline, asks)
    return at.flow(
        "looks at the job's inputs, before and after", "s3:GetObject", estate.object(bucket, f"{folder}/<key>")
    )


def glue_job(estate: Estate) -> Iterator[Flow]:
    """Every Glue job under its own role."""
    for name, job in estate.jobs(*TYPES):
        assert isinstance(job, GlueJob)  # noqa: S101 - these are its types
        at = estate.job(name)
        glue = estate.service("glue", at.region, at.owner, at.asks)
        yield glue.flow("takes the job's role", "sts:AssumeRole", at.who)
        bucket, _ = split_ref(job.scripts)
        script = estate.object(bucket, estate.names.script_key(name))
        yield at.flow("reads its script", "s3:GetObject", script)
        group = _GROUPS[job.type]
        yield at.flow("makes its log group", "logs:CreateLogGroup", estate.log_group(job.site, f"{group}/<end>"))
        yield at.flow(
            "makes its log stream", "logs:CreateLogStream", estate.log_stream(job.site, f"{group}/<end>", "<stream>")
        )
        yield at.flow("writes its log", "logs:PutLogEvents", estate.log_stream(job.site, f"{group}/<end>", "<stream>"))
        if job.type == "glue":
            metrics = {"cloudwatch:namespace": "Glue"}
            yield at.flow("reports metrics", "cloudwatch:PutMetricData", "*", _METRICS, metrics)
        for index, ref in enumerate(job.reads):
            yield from _reading(estate, name, ref, f"jobs.{name}.reads[{index}]")
        for index, ref in enumerate(job.writes):
            yield from _writing(estate, name, ref, f"jobs.{name}.writes[{index}]")


def _reading(estate: Estate, name: str, ref: str, asks: str) -> Iterator[Flow]:
    bucket, folder = split_ref(ref)
    region, owner = estate.at(bucket)
    job = estate.job(name, asks)
    at = Actor(job.who, region, owner, asks)
    prefix = {"s3:prefix": f"{folder}/<any>"}
    yield at.flow(f"lists {ref}", "s3:ListBucket", estate.bucket(bucket), OBSERVED, prefix)
    yield at.flow(f"reads {ref}", "s3:GetObject", estate.object(bucket, f"{folder}/<key>"))
    if estate.topology.jobs[name].type == "glue":
        yield from _probing(estate, at, bucket, folder)


def _probing(estate: Estate, at: Actor, bucket: str, folder: str) -> Iterator[Flow]:
    """Before Glue's file system touches a folder it asks where the bucket is, and looks for the folder as an object."""
    yield at.flow("asks where the bucket is", "s3:GetBucketLocation", estate.bucket(bucket), _ROLE)
    yield at.flow("looks for an object of the folder's name", "s3:GetObject", estate.object(bucket, folder), _MARKERS)
    marker = estate.object(bucket, f"{folder}_$folder$")
    yield at.flow("looks for the marker of an empty folder", "s3:GetObject", marker, _MARKERS)


def _writing(estate: Estate, name: str, ref: str, asks: str) -> Iterator[Flow]:
    bucket, folder = split_ref(ref)
    at = estate.job(name, asks)
    target = estate.object(bucket, f"{folder}/<key>")
    yield at.flow(f"writes {ref}", "s3:PutObject", target)
    yield at.flow("gives up an upload in parts", "s3:AbortMultipartUpload", target, _TEMPORARY)
    if estate.topology.jobs[name].type != "glue":
        return  # a Python shell's script puts its objects itself
    yield at.flow(
        f"lists what it writes to {ref}",
        "s3:ListBucket",
        estate.bucket(bucket),
        OBSERVED,
        {"s3:prefix": f"{folder}/<any>"},
    )
    yield at.flow(f"reads what it writes to {ref}, to put it in place", "s3:GetObject", target, _TARGET)
    yield at.flow("removes what it wrote for the time being", "s3:DeleteObject", target, _TARGET)
    yield from _probing(estate, at, bucket, folder)
    marker = estate.object(bucket, f"{folder}_$folder$")
    yield at.flow("sets the marker of an empty folder", "s3:PutObject", marker, _MARKERS)
    yield at.flow("removes the marker of an empty folder", "s3:DeleteObject", marker, _MARKERS)
