"""What a deployment shows: what changes, not what stays."""

from __future__ import annotations

import pytest

from crosswind import deploy as engine
from crosswind.cli.console import Console
from crosswind.cli.deploy import show_event

WHERE = {"account": "111111111111", "region": "us-east-1"}


def test_what_stays_as_it_is_is_not_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    show = show_event(Console())
    stays = engine.Unchanged(id="stack/network", after=(), kind="stack", name="network", **WHERE)
    show(engine.Event("done", stays, "unchanged"))
    assert capsys.readouterr().err == ""
    show(engine.Event("failed", stays, "no answer"))
    assert "failed  111111111111 us-east-1  stack/network: no answer" in capsys.readouterr().err


def test_a_plan_without_steps_is_no_empty_table(capsys: pytest.CaptureFixture[str]) -> None:
    Console().document(engine.Document(("", "what"), ()))
    assert capsys.readouterr().out == "plan: nothing to do\n"
