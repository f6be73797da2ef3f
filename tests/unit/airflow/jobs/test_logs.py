"""A job's log: every line once, however often CloudWatch refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.airflow.jobs.logs import new_lines


class Logs:
    """Streams of so many lines, 100 a page; every n-th call is refused."""

    def __init__(self, *, code: str = "ThrottlingException", refuses: int = 0, **streams: int) -> None:
        self.calls = 0
        self._code, self._refuses, self._streams = code, refuses, streams

    def get_log_events(self, logStreamName: str, nextToken: str = "f/0", **_: Any) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        if self._refuses and self.calls % self._refuses == 0:
            raise ClientError({"Error": {"Code": self._code, "Message": "Rate exceeded"}}, "GetLogEvents")
        begin = int(nextToken[2:])
        end = min(begin + 100, self._streams[logStreamName])
        events = [{"message": f"{logStreamName} {number}\n"} for number in range(begin, end)]
        return {"events": events, "nextForwardToken": f"f/{end}"}


def read(logs: Logs, *streams: str, times: int) -> tuple[list[str], int]:
    """What so many looks show, and how many of them failed."""
    shown: list[str] = []
    position: Mapping[str, str] = {}
    failed = 0
    for _ in range(times):
        try:
            lines, position = new_lines(logs, [("group", stream) for stream in streams], position)
        except ClientError:
            failed += 1
        else:
            shown += lines
    return shown, failed


@pytest.mark.parametrize("refuses", [3, 5, 7])
def test_what_was_read_before_a_throttle_is_shown_and_not_read_again(refuses: int) -> None:
    shown, _ = read(Logs(refuses=refuses, a=950, b=120), "a", "b", times=30)
    assert shown == [f"a {number}" for number in range(950)] + [f"b {number}" for number in range(120)]


def test_an_error_is_told_when_nothing_was_read() -> None:
    assert read(Logs(refuses=1, a=10), "a", times=3) == ([], 3)


def test_one_look_reads_so_many_pages_of_a_stream_and_the_next_goes_on() -> None:
    logs = Logs(a=1500, b=10)
    lines, position = new_lines(logs, [("group", "a"), ("group", "b")], {})
    assert (len(lines), logs.calls) == (1010, 12)
    lines, _ = new_lines(logs, [("group", "a"), ("group", "b")], position)
    assert lines == [f"a {number}" for number in range(1000, 1500)]


def test_a_stream_that_does_not_exist_yet_has_no_lines() -> None:
    assert read(Logs(code="ResourceNotFoundException", refuses=1, a=1), "a", times=2) == ([], 0)
