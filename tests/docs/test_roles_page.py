"""The page of the roles is what the code says; so is the excerpt on the command line's page."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from crosswind.cli import wire
from crosswind.cli.main import app
from crosswind.prove import EXCEPTIONS, UNBOUND
from tests.golden.regenerate import ROLES, ROOT, pages

TEXT = pages()[ROLES]


def test_the_page_is_as_on_record() -> None:
    assert ROLES.read_text() == TEXT, "run `make golden` and review the difference"


def test_the_links_lead_to_the_lines_that_ask() -> None:
    lines = wire.example().read_text().splitlines()
    links = set(re.findall(r"\[(?:step|job) `([^`]+)`\]\([^)]+crosswind\.yaml#L(\d+)\)", TEXT))
    assert links
    jobs = {name: number for number, line in enumerate(lines) for name in re.findall(r"^  (\w+):$", line)}
    for name, number in links:
        line = lines[int(number) - 1]
        assert name in line or jobs[name] < int(number), f"line {number} does not name {name}"


def test_the_links_in_the_page_lead_to_its_headings() -> None:
    wanted = re.findall(r"\]\(#([^)]+)\)", TEXT)
    headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    assert wanted
    assert set(wanted) <= made


def test_every_exception_is_on_the_page() -> None:
    assert [each.sid for each in EXCEPTIONS if f"| `{each.sid}` |" not in TEXT] == []
    assert [each.action for each in UNBOUND if f"`{each.action}`" not in TEXT.split("## `Resource: *`")[1]] == []


def test_the_excerpt_of_an_explanation_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    (block,) = re.findall(r"```\n\$ crosswind synth --explain (\w+\n.*?)```", page, re.DOTALL)
    role, *shown = block.splitlines()
    monkeypatch.chdir(wire.example().parent)
    done = CliRunner().invoke(app, ["synth", "--explain", role])
    assert done.exit_code == 0, done.output
    printed = done.stdout
    for part in "\n".join(shown).split("\n...\n"):
        assert part.removesuffix("\n...") in printed
