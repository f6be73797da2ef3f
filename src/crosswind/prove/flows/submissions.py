"""What every submission of a job has in common: claims, which S3 keeps, and the reading of logs."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate
from crosswind.prove.flow import OBSERVED, SOMETIMES, Flow, documented
from crosswind.topology.names import CLAIMS

__all__ = ["claims", "read_log"]


_READS = documented("AmazonS3/latest/API/API_GetObject.html")


def claims(estate: Estate, at: Actor, job: str) -> Iterator[Flow]:
    """A claim is made on the condition that there is none, read, and changed on the condition of what was read."""
    bucket = estate.names.claims_bucket(job)
    if not bucket:
        return
    claim = estate.object(bucket, f"{CLAIMS}<token>")
    yield at.flow("lists the claims of its task", "s3:ListBucket", estate.bucket(bucket), OBSERVED, {
        "s3:prefix": f"{CLAIMS}<token>",
    })  # fmt: skip
    yield at.flow("makes a claim", "s3:PutObject", claim)
    yield at.flow("reads a claim, and changes what it read", "s3:GetObject", claim, SOMETIMES)
    yield at.flow("is told that a claim is gone", "s3:ListBucket", estate.bucket(bucket), _READS)


def read_log(
    estate: Estate, at: Actor, site: str, group: str, *, streams: bool = False, search: bool = False
) -> Iterator[Flow]:
    """What a job prints.

    Args:
        estate: all that is declared.
        at: who reads.
        site: the job's.
        group: the log group.
        streams: whether the streams' names are not known.
        search: whether the group is searched.
    """
    if streams:
        yield at.flow("finds the job's log streams", "logs:DescribeLogStreams", estate.log_group(site, group))
    if search:
        yield at.flow("finds the job's lines", "logs:FilterLogEvents", estate.log_group(site, group))
    yield at.flow("reads the job's log", "logs:GetLogEvents", estate.log_stream(site, group, "<stream>"))
