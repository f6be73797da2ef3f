"""Whatever a file holds, reading it ends in a topology or a TopologyError."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswind.errors import TopologyError
from crosswind.topology import check, load, parse_topology
from tests.golden.error_cases import ERRORS

SOUND = (ERRORS / "sound.yml").read_text()
DATA = yaml.safe_load(SOUND)
LINES = SOUND.splitlines()

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
words = st.sampled_from([*"{}[]:,-?!&*#|>'\"%@`\t\n \\", "<<", "!!", "&a", "*a", "\\u", "0x", "\ud7ff", "1e999"])


def tried(text: str) -> None:
    """Read it; if there are faults, they say where, and their words are to be seen."""
    try:
        topology, places = parse_topology(text)
        faults = check(topology, places, ERRORS)
    except TopologyError as error:
        faults = list(error.faults or (error,))
    sound(faults, text)


def sound(faults: list[TopologyError], text: str) -> None:
    # YAML counts these as ends of lines; so must whoever asks whether a line is in the file.
    lines = len(re.split("\r\n|[\r\n\x85\u2028\u2029]", text))
    for fault in faults:
        assert 0 <= fault.place.line <= lines
        assert fault.hint or "more faults" in fault.message
        assert str(fault).replace("\n  next: ", "").isprintable()
        assert len(str(fault)) < 5_000


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    tried(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(words | st.text(max_size=5), max_size=40).map("".join))
def test_text_of_yaml_signs(text: str) -> None:
    tried(text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    loaded(tmp_path / "crosswind.yaml", content)


def loaded(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        load(path)
    except TopologyError as error:
        sound(list(error.faults or (error,)), content.decode("utf-8", errors="replace"))


cuts = st.tuples(st.integers(0, len(SOUND)), st.integers(0, 12), st.binary(max_size=6))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(cuts, min_size=1, max_size=4))
def test_bytes_of_a_sound_file_replaced(tmp_path: Path, changes: list[tuple[int, int, bytes]]) -> None:
    content = SOUND.encode()
    for at, length, new in changes:
        content = content[:at] + new + content[at + length :]
    loaded(tmp_path / "crosswind.yaml", content)


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, 60), st.integers(0, 60), st.sampled_from(["drop", "double", "swap", "move", "indent"])
        ),
        min_size=1,
        max_size=5,
    )
)
def test_lines_of_a_sound_file_in_disorder(changes: list[tuple[int, int, str]]) -> None:
    lines = SOUND.splitlines()
    for one, other, how in changes:
        at, to = one % len(lines), other % len(lines)
        match how:
            case "drop":
                lines[at : at + 1] = [""] if len(lines) == 1 else []
            case "double":
                lines.insert(to, lines[at])
            case "swap":
                lines[at], lines[to] = lines[to], lines[at]
            case "move":
                lines.insert(to, lines.pop(at))
            case _:
                lines[at] = " " * (to % 5) + lines[at].lstrip()
    tried("\n".join(lines))


@settings(max_examples=200, deadline=None)
@given(line=st.integers(0, len(LINES) - 1), text=st.text(max_size=20) | words)
def test_a_line_of_a_sound_file_replaced(line: int, text: str) -> None:
    tried("\n".join([*LINES[:line], text, *LINES[line + 1 :]]))


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value below one."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in items for found in paths(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(paths(DATA)[1:]), new=values)
def test_a_value_of_a_sound_file_replaced(path: tuple[Any, ...], new: Any) -> None:
    tried(yaml.safe_dump(replaced(DATA, path, new), allow_unicode=True))


names = st.sampled_from(["a", "b_c", "b-c", "B-c", "raw", "clean", "source", "destination", "ml", "hub", "x" * 63])
refs = st.sampled_from(["source/raw", "destination/raw", "a/b", "source/raw/x.csv", "a//", "raw/", "../x", "s/\u00e9"])
REF_KEYS = {"reads", "writes", "deletes", "wait", "scripts", "configs"}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_rules_take_any_names(data: st.DataObject) -> None:
    """Names that are legal but declared nowhere, in any mixture, never break a rule's code."""
    changed = DATA
    for path in data.draw(st.lists(st.sampled_from(paths(DATA)[1:]), min_size=1, max_size=6)):
        with contextlib.suppress(KeyError, IndexError, TypeError):
            kind = refs if REF_KEYS & set(path) else names
            changed = replaced(changed, path, data.draw(kind))
    tried(yaml.safe_dump(changed))


def test_the_sound_file_is_sound() -> None:
    """Else nothing above would reach the rules."""
    topology, places = parse_topology(SOUND)
    assert check(topology, places, ERRORS) == []
    with pytest.raises(TopologyError):
        parse_topology(SOUND + "\nmore: 1\n")
