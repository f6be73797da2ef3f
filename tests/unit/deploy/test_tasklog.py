"""The reason in a task's log, whatever wrote it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from crosswind.deploy.tasklog import cause_in, exception_in


def test_the_exception_of_a_structured_entry() -> None:
    lines = [
        json.dumps({"event": "starting", "level": "info"}),
        json.dumps(
            {
                "event": "Task failed with exception",
                "level": "error",
                "error_detail": [{"exc_type": "ValueError", "exc_value": "no penguins", "frames": []}],
            }
        ),
        json.dumps({"event": "task finished", "level": "info"}),
    ]
    assert cause_in(lines) == "ValueError: no penguins"


def test_an_exception_of_ours_comes_without_its_next_step() -> None:
    detail = {"exc_type": "RunError", "exc_value": "the job failed:\n  no data\n  next: read its log"}
    lines = [json.dumps({"event": "failed", "level": "error", "error_detail": [detail]}), "ERROR - said later"]
    assert cause_in(lines) == exception_in(lines) == "RunError: the job failed: no data"


def test_a_line_about_an_error_is_no_exception_yet() -> None:
    assert exception_in([json.dumps({"event": "After an error, again", "level": "info"})]) == ""


def test_an_error_entry_without_an_exception() -> None:
    assert cause_in([json.dumps({"event": "the job was stopped", "level": "error"}), "bye"]) == "the job was stopped"


def test_plain_text_that_speaks_of_an_error() -> None:
    assert cause_in(["fine", "RuntimeError: it broke", "bye"]) == "RuntimeError: it broke"


def test_a_log_without_a_reason() -> None:
    assert cause_in(["fine", json.dumps({"event": "fine", "level": "info"})]) == ""
    assert cause_in([]) == ""


values = st.recursive(st.none() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3), max_leaves=8)


@given(st.lists(st.text(max_size=40) | st.builds(json.dumps, values), max_size=6))
def test_any_lines_give_text(lines: list[str]) -> None:
    assert isinstance(cause_in(lines), str)
