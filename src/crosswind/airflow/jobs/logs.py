"""What a remote job prints, from CloudWatch Logs, as far as it has not been read yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

__all__ = ["new_lines", "streams_below"]


def new_lines(
    logs: Any, streams: Iterable[tuple[str, str]], position: Mapping[str, str], start: int = 0
) -> tuple[list[str], Mapping[str, str]]:
    """The lines of some streams since a position, stream by stream, and the position after them.

    A group or a stream that does not exist (yet) has no lines: jobs make theirs when they first print.

    Args:
        logs: a CloudWatch Logs client of the account in which the job runs.
        streams: (group, stream) of each.
        position: `nextForwardToken` by `<group>:<stream>`; empty for the beginning.
        start: lines before this time are passed over; milliseconds since 1970, the same in each call.
    """
    lines: list[str] = []
    after = dict(position)
    for group, stream in streams:
        key = f"{group}:{stream}"
        found, token = _read(logs, group, stream, after.get(key, ""), start)
        lines += found
        if token:
            after[key] = token
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


def _read(logs: Any, group: str, stream: str, token: str, start: int) -> tuple[list[str], str]:
    lines: list[str] = []
    while True:
        more: dict[str, Any] = ({"nextToken": token} if token else {}) | ({"startTime": start} if start else {})
        try:
            page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **more)
        except ClientError as error:
            _require_missing(error)
            return lines, token
        lines += [event["message"].rstrip("\n") for event in page["events"]]
        # The end of the stream is where the token given comes back; a page may be empty before it
        # (docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html).
        if page["nextForwardToken"] == token:
            return lines, token
        token = page["nextForwardToken"]


def _require_missing(error: ClientError) -> None:
    if error.response["Error"]["Code"] != "ResourceNotFoundException":
        raise error
