"""CloudWatch Logs as a job writes them: what its processes print, shipped while they run, as its own role."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

__all__ = ["LogShipper", "LogStream"]

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
        # A role may write to a group that exists without being allowed to make one: the stream then tells.
        passed_over = {"ResourceAlreadyExistsException", "AccessDeniedException"}
        try:
            self._client.create_log_group(logGroupName=self._group)
        except ClientError as error:
            if error.response["Error"]["Code"] not in passed_over:
                raise
        try:
            self._client.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise
        self._made = True


class LogShipper:
    """Follows files and sends their new lines; use as a context, whose end sends what is left.

    Args:
        files: which file goes to which stream; a file may appear later.
        seconds: how often to look.
    """

    def __init__(self, files: Sequence[tuple[Path, LogStream]], seconds: float = 1.0) -> None:
        self._files = tuple(files)
        self._seconds = seconds
        self._offsets = dict.fromkeys((path for path, _ in files), 0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="log-shipper", daemon=True)

    def __enter__(self) -> LogShipper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._ship(whole_lines=False)

    def _follow(self) -> None:
        while not self._over.wait(self._seconds):
            self._ship(whole_lines=True)

    def _ship(self, *, whole_lines: bool) -> None:
        for path, stream in self._files:
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(self._offsets[path])
                new = file.read()
            if whole_lines:
                new = new[: new.rfind(b"\n") + 1]
            self._offsets[path] += len(new)
            if new:
                stream.put(new.decode(errors="replace").splitlines())
