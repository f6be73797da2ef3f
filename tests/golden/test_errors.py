"""What the reader of a faulty topology is told."""

from __future__ import annotations

import contextlib
import functools
import re
from pathlib import Path

import pytest

from crosswind.errors import TopologyError
from crosswind.topology import load, parse_topology, read
from crosswind.topology.check import RULES, Rule
from crosswind.topology.model import MODELS
from crosswind.topology.view import View
from tests.golden.error_cases import ERRORS, Case, cases, told, told_of_file, whole_files
from tests.golden.every_key import EVERY_KEY, every_key

CASES = cases()
WHOLE = whole_files()


def id_of(case: Case) -> str:
    return f"{case.page}: {case.name}"


def blocks() -> list[str]:
    """What is told in every case."""
    mechanical = re.split(r"^## .*\n|^(?:misspelt|empty|of another form|left out):\n", every_key(), flags=re.MULTILINE)
    return [
        *(case.record for case in CASES),
        *(told_of_file(path) for path in WHOLE),
        *(block.strip("\n") + "\n" for block in mechanical[1:] if block.strip()),
    ]


@pytest.mark.parametrize("case", CASES, ids=id_of)
def test_error_is_as_on_record(case: Case) -> None:
    assert told(case.files) == case.record, "run `make golden` and review the difference"


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_error_of_a_whole_file_is_as_on_record(path: Path) -> None:
    record = path.with_suffix(".txt")
    assert record.exists(), "not on record; run `make golden` and review the new file"
    assert told_of_file(path) == record.read_text(), "run `make golden` and review the difference"


def test_errors_of_every_key_are_as_on_record() -> None:
    assert every_key() == EVERY_KEY.with_suffix(".txt").read_text(), "run `make golden` and review the difference"


def test_every_case_is_read() -> None:
    """A section of another form would be no case, and nobody would miss it."""
    for page in ERRORS.glob("*.md"):
        titles = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert titles == [case.name for case in CASES if case.page == page.stem]
    assert len({id_of(case) for case in CASES}) == len(CASES)
    assert len(CASES) + len(WHOLE) >= 200


def test_errors_say_where_and_what_next() -> None:
    for told_now in blocks():
        lines = told_now.splitlines()
        assert lines, "the case is no fault"
        places, hints = lines[::2], lines[1::2]
        assert len(places) == len(hints), told_now
        for place in places:
            assert re.match(r"[\w/.-]+\.ya?ml(:\d+)?[ :]", place), told_now
        for hint in hints:
            assert re.match(r"  next: \S", hint), told_now


def test_faults_are_in_file_order() -> None:
    for told_now in blocks():
        found = re.findall(r"^([\w/.-]+\.ya?ml):(\d+)", told_now, re.MULTILINE)
        places = [(file, int(line)) for file, line in found]
        assert places == sorted(places)


@pytest.mark.parametrize("base", ["sound.yml", "every_key.yml", "split/crosswind.yaml"])
def test_the_cases_start_from_a_sound_topology(base: str, tmp_path: Path) -> None:
    """Each case is such a file with one thing changed: so the faults are the change's."""
    if base.startswith("split"):
        files = {each.relative_to(ERRORS / "split").as_posix(): each.read_text() for each in split_files()}
        assert told(files) == ""
    else:
        load(ERRORS / base)


def split_files() -> list[Path]:
    return sorted((ERRORS / "split").rglob("*.yaml"))


@functools.cache
def views() -> tuple[View, ...]:
    """Every case that gets as far as the rules."""
    found = []
    for case in CASES:
        with contextlib.suppress(TopologyError):
            topology, places = parse_topology(case.files["crosswind.yaml"])
            found.append(View(topology, places, ERRORS))
    for path in WHOLE:
        with contextlib.suppress(TopologyError):
            declared = read(path)
            found.append(View(declared.topology, declared.places, declared.root))
    return tuple(found)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_a_case(rule: Rule) -> None:
    assert any(list(rule(view)) for view in views())


def test_every_key_has_its_cases() -> None:
    """A key that is new in the models belongs into `every_key.yml`, unless it contradicts another there."""
    text = every_key()
    titles = set(re.findall(r"^## (\S+)$", text, re.MULTILINE))
    for pattern, models in MODELS.items():
        for model in models:
            for name, field in model.model_fields.items():
                key = field.alias or name
                if (*pattern, key) == ("hub", "network", "cidr"):
                    continue  # in `hub.md` and `networks.md`
                form = re.compile(".".join([*(r"[^.]+" if part == "*" else part for part in pattern), re.escape(key)]))
                assert any(form.fullmatch(title.replace("[", ".").replace("]", "")) for title in titles), (model, key)
