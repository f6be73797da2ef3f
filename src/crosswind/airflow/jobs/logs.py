"""What a remote job prints, from CloudWatch Logs, as far as it has not been read yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

__all__ = ["new_lines", "streams_below"]

_PAGES = 10  # of one stream, each of 1 MiB or 10,000 lines at most


def new_lines(
    logs: Any, streams: Iterable[tuple[str, str]], position: Mapping[str, str], start: int = 0
) -> tuple[list[str], Mapping[str, str]]:
    """The lines of some streams since a position, stream by stream, and the position after them.

    A group or a stream that does not exist (yet) has no lines: jobs make theirs when they first print. At most ten
    pages of a stream are read. An error is raised when nothing new was read before it; else the next call meets it, and
    goes on behind what this one gives: CloudWatch lets few calls through for all who read in an account.

    Args:
        logs: a CloudWatch Logs client of the account in which the job runs.
        streams: (group, stream) of each.
        position: `nextForwardToken` by `<group>:<stream>`; empty for the beginning.
        start: lines before this time are passed over; milliseconds since 1970, the same in each call.
    """
    lines: list[str] = []
    after = dict(position)
    try:
        for group, stream in streams:
            key = f"{group}:{stream}"
            for found, token in _pages(logs, group, stream, after.get(key, ""), start):
                lines += found
                after[key] = token
    except (BotoCoreError, ClientError):
        if after == position:
            raise
    return lines, after


def streams_below(logs: Any, group: str, prefix: str) -> list[tuple[str, str]]:
    """(group, stream) of each stream whose name begins so, by name; none when the group does not exist."""
    found = []
    try:
        for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group, logStreamNamePrefix=prefix):
            found += [(group, stream["logStreamName"]) for stream in page["logStreams"]]
    except ClientError as error:
        _require_missing(error)
    return sorted(found)


def _pages(logs: Any, group: str, stream: str, token: str, start: int) -> Iterator[tuple[list[str], str]]:
    """The next pages of a stream, each with the position after it."""
    for _ in range(_PAGES):
        more: dict[str, Any] = ({"nextToken": token} if token else {}) | ({"startTime": start} if start else {})
        try:
            page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **more)
        except ClientError as error:
            _require_missing(error)
            return
        yield [event["message"].rstrip("\n") for event in page["events"]], page["nextForwardToken"]
        # The end of the stream is where the token given comes back; a page may be empty before it
        # (docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html).
        if page["nextForwardToken"] == token:
            return
        token = page["nextForwardToken"]


def _require_missing(error: ClientError) -> None:
    if error.response["Error"]["Code"] != "ResourceNotFoundException":
        raise error
