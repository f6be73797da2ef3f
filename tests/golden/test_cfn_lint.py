"""cfn-lint has nothing to say about any template, in its own Region."""

from __future__ import annotations

from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint

from tests.golden.regenerate import HERE, TOPOLOGIES

FILES = sorted(path for folder in TOPOLOGIES for path in (HERE / folder).rglob("*.json") if path.name != "names.json")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_template_is_clean(path: Path) -> None:
    found = lint(path.read_text(), config=ManualArgs(regions=[path.parent.name]))
    assert [f"{match.rule.id} {match.message} at {match.path}" for match in found] == []


def test_the_gate_can_close() -> None:
    """A template with an unknown property does not pass."""
    text = FILES[0].read_text().replace('"Type": "AWS::', '"Colour": "red", "Type": "AWS::', 1)
    assert lint(text, config=ManualArgs(regions=[FILES[0].parent.name]))
