"""What a deployment shows: what changes, not what stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswind import deploy as engine
from crosswind.cli.console import Console
from crosswind.cli.deploy import show_event
from crosswind.cli.options import again

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


def test_the_next_command_goes_where_this_one_went(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSWIND_STATE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    file, here, url = Path("crosswind.yaml"), Path(".crosswind"), "http://127.0.0.1:1"
    assert again(file, True, "", here) == "-f crosswind.yaml --local"
    assert again(file, True, "", Path("a b")) == "-f crosswind.yaml --local --state 'a b'"
    assert again(file, False, url, here) == f"-f crosswind.yaml --endpoint-url {url}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert again(file, False, url, here) == "-f crosswind.yaml"
