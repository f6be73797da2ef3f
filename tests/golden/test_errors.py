"""What the reader of a faulty topology file is told."""

from __future__ import annotations

import contextlib
import functools
import re
from pathlib import Path

import pytest

from crosswind.errors import TopologyError
from crosswind.topology import load, read
from crosswind.topology.check import RULES, Rule
from crosswind.topology.view import View
from tests.golden.regenerate import ERRORS, told

CASES = sorted(ERRORS.glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_error_is_as_on_record(path: Path) -> None:
    record = path.with_suffix(".txt")
    assert record.exists(), "not on record; run `make golden` and review the new file"
    assert told(path) == record.read_text(), "run `make golden` and review the difference"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_error_says_where_and_what_next(path: Path) -> None:
    lines = told(path).splitlines()
    assert lines, "the case is no fault"
    places, hints = lines[::2], lines[1::2]
    assert len(places) == len(hints)
    for place in places:
        assert re.match(rf"{re.escape(path.name)}(:\d+)?[ :]", place)
    for hint in hints:
        assert re.match(r"  next: \w", hint)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_faults_are_in_file_order(path: Path) -> None:
    lines = [int(line) for line in re.findall(rf"^{re.escape(path.name)}:(\d+)", told(path), re.MULTILINE)]
    assert lines == sorted(lines)


def test_the_cases_start_from_a_sound_topology() -> None:
    """Each case is this file with one thing changed: so the faults are the change's."""
    load(ERRORS / "sound.yml")


@functools.cache
def views() -> tuple[View, ...]:
    """Every case that gets as far as the rules."""
    found = []
    for path in CASES:
        with contextlib.suppress(TopologyError):
            declared = read(path)
            found.append(View(declared.topology, declared.places, declared.root))
    return tuple(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_a_case(rule: Rule) -> None:
    assert any(list(rule(view)) for view in views())
