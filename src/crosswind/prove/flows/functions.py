"""Lambda: what Airflow's operator does around a function, and what the function does under its own role.

The code: `crosswind.airflow.operators.lambda_`, `crosswind.airflow.jobs.lambda_`, `.lambda_log`.
"""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate, split_ref
from crosswind.prove.flow import OBSERVED, Flow, documented
from crosswind.prove.flows.submissions import claims, read_log
from crosswind.topology.model import LambdaJob

__all__ = ["function", "function_operator"]

_PARTS = documented("AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions")


def function_operator(estate: Estate) -> Iterator[Flow]:
    """Every step that runs a function."""
    for name, job in estate.jobs("lambda"):
        assert isinstance(job, LambdaJob)  # noqa: S101 - this is its type
        for pipeline, asks, _ in estate.tasks(name):
            at = estate.airflow(job.site, pipeline, asks)
            own = estate.names.job(name)
            arn = estate.site_arn(job.site, "lambda", f"function:{own}")
            yield at.flow(f"invokes the function {name}", "lambda:InvokeFunction", arn)
            yield from read_log(estate, at, job.site, f"/aws/lambda/{own}", search=True)
            if job.results is None:
                continue  # it answers the call
            yield from claims(estate, at, name)
            bucket, folder = split_ref(job.results)
            found = {"s3:prefix": f"{folder}/<result>"}
            yield at.flow("looks for its result", "s3:ListBucket", estate.bucket(bucket), OBSERVED, found)
            yield at.flow("reads its result", "s3:GetObject", estate.object(bucket, f"{folder}/<result>"))


def function(estate: Estate) -> Iterator[Flow]:
    """Every function under its own role."""
    for name, job in estate.jobs("lambda"):
        assert isinstance(job, LambdaJob)  # noqa: S101 - this is its type
        at = estate.job(name)
        own = estate.names.job(name)
        source = {
            "aws:SourceAccount": at.owner,
            "aws:SourceArn": estate.site_arn(job.site, "lambda", f"function:{own}"),
        }
        service = estate.service("lambda", at.region, at.owner, at.asks, **source)
        yield service.flow("takes the function's role", "sts:AssumeRole", at.who)
        group = f"/aws/lambda/{own}"
        yield at.flow("makes its log stream", "logs:CreateLogStream", estate.log_stream(job.site, group, "<stream>"))
        yield at.flow("writes its log", "logs:PutLogEvents", estate.log_stream(job.site, group, "<stream>"))
        if job.results is not None:
            bucket, folder = split_ref(job.results)
            yield at.flow("puts its result", "s3:PutObject", estate.object(bucket, f"{folder}/<result>"))
        for index, ref in enumerate(job.reads):
            here = _actor(estate, name, ref, f"jobs.{name}.reads[{index}]")
            yield from _listing(estate, here, ref)
            yield here.flow(f"reads {ref}", "s3:GetObject", _below(estate, ref))
        for index, ref in enumerate(job.writes):
            here = _actor(estate, name, ref, f"jobs.{name}.writes[{index}]")
            yield here.flow(f"writes {ref}", "s3:PutObject", _below(estate, ref))
            yield here.flow("gives up an upload in parts", "s3:AbortMultipartUpload", _below(estate, ref), _PARTS)


def _actor(estate: Estate, name: str, ref: str, asks: str) -> Actor:
    region, owner = estate.at(split_ref(ref)[0])
    return Actor(estate.job(name).who, region, owner, asks)


def _below(estate: Estate, ref: str) -> str:
    bucket, folder = split_ref(ref)
    return estate.object(bucket, f"{folder}/<key>")


def _listing(estate: Estate, at: Actor, ref: str) -> Iterator[Flow]:
    bucket, folder = split_ref(ref)
    yield at.flow(f"lists {ref}", "s3:ListBucket", estate.bucket(bucket), OBSERVED, {"s3:prefix": f"{folder}/<any>"})
