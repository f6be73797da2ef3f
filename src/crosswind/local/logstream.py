"""One stream of CloudWatch Logs, written with the rights of whoever writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

__all__ = ["LogStream"]

# PutLogEvents: 10,000 events, 1,048,576 bytes with 26 more for each event, 1 MB an event
# (docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).
_EVENTS, _BYTES, _OVERHEAD, _EVENT_BYTES = 10_000, 1_000_000, 26, 256_000


class LogStream:
    """One log stream, made with its group when the first line comes.

    As on AWS, a role that may not write logs loses them, not its job: `refusal` then says why.

    Args:
        client: a CloudWatch Logs client that acts as the job's role.
        group: the log group.
        stream: the log stream.
    """

    def __init__(self, client: Any, group: str, stream: str) -> None:
        self._client = client
        self._group = group
        self._stream = stream
        self._made = False
        self.refusal = ""

    def put(self, lines: Sequence[str]) -> None:
        """Send lines; empty ones are left out, since CloudWatch Logs takes none."""
        batch: list[dict[str, Any]] = []
        size = 0
        now = int(time.time() * 1000)
        for line in lines:
            if self.refusal or not line.strip():
                continue
            message = line.encode()[:_EVENT_BYTES].decode(errors="ignore")
            weight = len(message.encode()) + _OVERHEAD
            if batch and (len(batch) == _EVENTS or size + weight > _BYTES):
                self._send(batch)
                batch, size = [], 0
            batch.append({"timestamp": now, "message": message})
            size += weight
        if batch:
            self._send(batch)

    def _send(self, events: list[dict[str, Any]]) -> None:
        try:
            self._make()
            self._client.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=events)
        except (ClientError, BotoCoreError) as error:
            self.refusal = str(error)

    def _make(self) -> None:
        if self._made:
            return
        names = {"logGroupName": self._group}
        stream = {**names, "logStreamName": self._stream}
        try:
            _unless_there(self._client.create_log_stream, stream)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            # The group is made when it is missing alone: a role may write to it without the right to make one.
            _unless_there(self._client.create_log_group, names)
            _unless_there(self._client.create_log_stream, stream)
        self._made = True


def _unless_there(create: Callable[..., Any], names: Mapping[str, str]) -> None:
    try:
        create(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
