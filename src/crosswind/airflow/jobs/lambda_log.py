"""What one invocation of a function has logged. Its log format must be Text, Lambda's default.

An execution environment serves one event at a time, so the lines of an invocation are those of its stream from
`START RequestId: <id>` to `REPORT RequestId: <id>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from crosswind.airflow.jobs.logs import new_lines
from crosswind.airflow.target import Clients

__all__ = ["LambdaLog"]

# By how much the clocks of Lambda and of the task may differ.
_SKEW = timedelta(seconds=60)
_PLATFORM = re.compile(r"(START|END|REPORT) RequestId|INIT_START|INIT_REPORT")
_LAST_LINES = 5


class LambdaLog:
    """A function's log group, which need not exist yet.

    Args:
        clients: of the function's account and Region.
        group: the log group.
    """

    def __init__(self, clients: Clients, group: str) -> None:
        self._clients = clients
        self._group = group

    def over(self, request: str, since: datetime) -> bool:
        """Whether an invocation has ended.

        Args:
            request: its request id; an empty one, of an invocation that is not known, has not.
            since: when it was invoked.
        """
        return self._event("REPORT", request, since) is not None

    def lines(self, request: str, since: datetime, position: Mapping[str, str]) -> tuple[list[str], Mapping[str, str]]:
        """An invocation's lines since a position (empty for the beginning), and the position after them."""
        if "over" in position:
            return [], position
        if "stream" not in position:
            start = self._event("START", request, since)
            if start is None:
                return [], position
            position = {"stream": start["logStreamName"], "start": str(start["timestamp"])}
        stream = (self._group, position["stream"])
        lines, after = new_lines(self._clients.client("logs"), [stream], position, int(position["start"]))
        begun = "begun" in position
        found: list[str] = []
        for line in lines:
            begun = begun or line.startswith(f"START RequestId: {request}")
            if begun:
                found.append(line)
            if line.startswith(f"REPORT RequestId: {request}"):
                return found, {"over": "yes"}
        return found, {**after, **({"begun": "yes"} if begun else {})}

    def said(self, request: str, since: datetime) -> list[str]:
        """The last lines that the function itself has written, without Lambda's own."""
        lines, _ = self.lines(request, since, {})
        return [line.strip() for line in lines if line.strip() and not _PLATFORM.match(line)][-_LAST_LINES:]

    def _event(self, what: str, request: str, since: datetime) -> Mapping[str, Any] | None:
        if not request:
            return None
        pages = self._clients.client("logs").get_paginator("filter_log_events")
        start = int((since - _SKEW).timestamp() * 1000)
        wanted = f'"{what} RequestId: {request}"'
        try:
            for page in pages.paginate(logGroupName=self._group, filterPattern=wanted, startTime=start):
                for event in page["events"]:
                    found: Mapping[str, Any] = event
                    return found
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
        return None
