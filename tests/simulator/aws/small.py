"""CloudWatch Logs and STS, as far as tasks use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.aws.errors import refused
from tests.simulator.clock import Clock

__all__ = ["Logs", "Sts"]


class Logs:
    """Log groups that exist and say nothing, unless a test writes into them."""

    name = "logs"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.streams: dict[tuple[str, str], list[str]] = {}

    def get_log_events(self, p: Mapping[str, Any]) -> dict[str, Any]:
        group, stream = p["logGroupName"], p["logStreamName"]
        if (group, stream) not in self.streams:
            text = "The specified log stream does not exist."
            raise refused("ResourceNotFoundException", "GetLogEvents", text)
        lines = self.streams[group, stream]
        start = int(p.get("nextToken", "f/0").partition("/")[2])
        events = [{"timestamp": number, "message": line} for number, line in enumerate(lines[start:], start)]
        return {"events": events, "nextForwardToken": f"f/{len(lines)}", "nextBackwardToken": f"b/{start}"}

    def filter_log_events(self, p: Mapping[str, Any]) -> dict[str, Any]:
        group = p["logGroupName"]
        wanted = p.get("filterPattern", "").strip('"')
        names = p.get("logStreamNames") or [stream for known, stream in self.streams if known == group]
        events = [
            {"logStreamName": name, "timestamp": number, "message": line, "eventId": f"{name}-{number}"}
            for name in names
            for number, line in enumerate(self.streams.get((group, name), []))
            if wanted in line
        ]
        return {"events": events}

    def describe_log_streams(self, p: Mapping[str, Any]) -> dict[str, Any]:
        prefix = p.get("logStreamNamePrefix", "")
        names = [stream for group, stream in self.streams if group == p["logGroupName"] and stream.startswith(prefix)]
        return {"logStreams": [{"logStreamName": name} for name in sorted(names)]}


class Sts:
    """Who a client acts as.

    Args:
        clock: the time.
        account: the caller's.
    """

    name = "sts"

    def __init__(self, clock: Clock, account: str) -> None:
        self.clock, self.account = clock, account

    def get_caller_identity(self, p: Mapping[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:sts::{self.account}:assumed-role/crosswind/simulated"
        return {"Account": self.account, "Arn": arn, "UserId": "AROA:simulated"}
