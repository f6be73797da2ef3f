"""YAML into plain data and lines: what is taken, what is refused, and how large and deep it may be."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml

from crosswind.errors import TopologyError
from crosswind.topology import document
from crosswind.topology.document import MAX_BYTES, MAX_DEPTH, MAX_VALUES, parse


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both of PyYAML's parsers: the fast one may be missing."""
    name: str = request.param
    monkeypatch.setattr(document, "_LOADER", yaml.CSafeLoader if name == "libyaml" else yaml.SafeLoader)
    return name


def told(text: str) -> str:
    """What is told of a text that is refused, or of its faults."""
    try:
        _, _, faults = parse(text, "f")
    except TopologyError as error:
        return str(error)
    return "\n".join(str(fault) for fault in faults)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("2026-11-22", "2026-11-22"),
        ("12:30:45", "12:30:45"),
        ("000123456789", "000123456789"),
        ("001234567012", "001234567012"),
        ("0", 0),
        ("-5", -5),
        ("111111111111", 111111111111),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("9" * 30, float("9" * 30)),
        ("3.10", 3.1),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        ("-.INF", "-.INF"),
        (".nan", ".nan"),
        ("!!str 5", "5"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("=", "="),
        ("a: b: c".replace(": ", ":"), "a:b:c"),
    ],
)
def test_values_are_read_as_they_are_written(written: str, value: Any) -> None:
    data, _, faults = parse(f"k: {written}\n", "f")
    assert data == {"k": value}
    assert type(data["k"]) is type(value)
    assert faults == []


def test_words_are_names() -> None:
    assert parse("no: 1\non: 2\nnull: 3\n5: 4\n", "f")[0] == {"no": 1, "on": 2, "null": 3, "5": 4}


def test_numbers_are_shown_as_they_are_written() -> None:
    _, places, _ = parse("a: {b: 3.10}\n", "f")
    assert places.written == {("a", "b"): "3.10"}


def test_lines_whatever_ends_them() -> None:
    for end in ("\n", "\r\n", "\r"):
        _, places, _ = parse(end.join(["a: 1", "", "b:", "  - c: 2", ""]), "f")
        assert [places.lines[loc] for loc in [("a",), ("b",), ("b", 0, "c")]] == [1, 3, 4]


def test_an_alias_stands_where_it_is_used() -> None:
    data, places, faults = parse("a: &x [1, {b: 2}]\nc:\n  d: *x\n", "f")
    assert data == {"a": [1, {"b": 2}], "c": {"d": [1, {"b": 2}]}}
    assert places.of("c", "d", 1, "b").line == 3
    assert faults == []


def test_the_later_anchor_of_a_name_counts() -> None:
    assert parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "f")[0] == {"a": 1, "b": 1, "c": 2, "d": 2}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x {b: 1}\nc: {<<: *x}", "f:2 c: merge keys (<<) are not taken"),
        ("a: *x\nb: &x 1", "f:1 a: alias *x stands for nothing"),
        ("a: &x [*x]", "alias *x stands for nothing"),
        ("a: 1\n\na: 2", 'f:3 a: key "a" is there twice, first in line 1'),
        ("a: {b: 1, b: 2, b: 3}", 'a.b: key "b" is there twice'),
        ("a: !!python/object:os.system x", "YAML tag !!python/object:os.system is not known"),
        ("a: !!python/object/new:os.system [x]", "f:1 a: YAML tag"),
        ("a: !!set {x, y}", "YAML tag !!set"),
        ("a: !!binary aGk=", "YAML tag !!binary"),
        ("a: !x {b: 1}", "YAML tag !x"),
        ("? [a, b]\n: c", "a key must be plain text"),
        ("*x : c", "a key must be plain text"),
        ("{{ a }}: b", "a key must be plain text"),
        ("a: 1\n---\nb: 2", "f:2: a second document begins here"),
        ("a: 1\n...\nb: 2", "f:3: not YAML: text follows where the file's mapping had ended"),
        ("", "f: the file is empty"),
        ("# nothing\n", "f: the file is empty"),
        ("---\n", "f: the file is empty"),
        ("~", "f: the file is empty"),
        ("\ta: 1", "f:1: not YAML: a tab stands where"),
        ("a: 1\nb: \0", "f:2: not YAML: the character U+0000 NULL"),
        ("a: \x1b[31m", "the character U+001B ESCAPE is not allowed"),
        ("a: \ud800", "the character U+D800"),
        ('a: "\\Uffffffff"', "not YAML"),
        ("a: 'x", "f:1: not YAML: a quote is not closed"),
        ("a: b\u202ec", 'f:1 a: "b\\u202ec" holds U+202E RIGHT-TO-LEFT OVERRIDE'),
        ("a: b\u2066c", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("a: b\u200bc", "U+200B ZERO WIDTH SPACE"),
        ("a: b\u00a0c", "U+00A0 NO-BREAK SPACE"),
        ("a: b\ufeffc", "U+FEFF"),
        ('a: "b\\0"', "U+0000 NULL"),
        ('a: "b\\tc"', "U+0009 TAB"),
        ("a: |\n  b\n", "U+000A LINE BREAK"),
        ("b\u202ec: 1", "U+202E"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    assert words in told(text)
    assert told(text).isprintable() or "\n" in told(text)
    assert not set("\u202e\u2066\u200b\x1b\0") & set(told(text))


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, f"more than {MAX_VALUES:,} values, once aliases are followed"),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5000)), "once aliases are followed"),
        ("[" * 500_000, f"nested more than {MAX_DEPTH} deep"),
        ("{a: " * 200_000, f"nested more than {MAX_DEPTH} deep"),
        ("- " * 400_000, f"nested more than {MAX_DEPTH} deep"),
        ("? " * 400_000, f"nested more than {MAX_DEPTH} deep"),
        ("{" * 900_000, f"nested more than {MAX_DEPTH} deep"),
        ("\n".join(" " * n + "a:" for n in range(1300)), f"nested more than {MAX_DEPTH} deep"),
    ],
    ids=lambda value: f"{value[:10]!r}" if len(value) > 100 else "",
)
def test_bombs_are_refused_at_once(text: str, words: str) -> None:
    assert len(text) <= MAX_BYTES
    began = time.perf_counter()
    assert words in told(text)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [" + "1," * 400_000 + "]", f"more than {MAX_VALUES:,} values"),
        ("a: " + "!" * 900_000, "YAML tag !!!"),
        ("a: *" + "x" * 900_000, "alias *xxx"),
        ('a: "' + "x" * 900_000, "a quote is not closed"),
        ("a: " + "x" * 900_000, 'xxx..." has 900,000 characters; at most 4,096 are taken'),
        ("? " + "x" * 900_000, 'xxx..." has 900,000 characters; at most 4,096 are taken'),
        ("a" * 900_000 + ": 1", "not YAML"),
        ("a: 'x" + "\n" * 900_000, "a quote is not closed"),
    ],
    ids=lambda value: f"{value[:10]!r}" if len(value) > 100 else "",
)
def test_large_texts_are_told_shortly(parser: str, text: str, words: str) -> None:
    if parser == "python":
        pytest.skip("minutes, and nothing new")
    began = time.perf_counter()
    found = told(text)
    assert time.perf_counter() - began < 15
    assert words in found
    assert len(found) < 1000


def test_both_parsers_say_the_same() -> None:
    """Whether PyYAML has libyaml does not change a text."""
    for text in ("a: [1, 2\nb: c", "a: @x", "a: b: c", "a\nb: c", "a: 'x\n", "%YAML 3.0\n---\na: 1", "a: *"):
        both = []
        for loader in (yaml.CSafeLoader, yaml.SafeLoader):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(document, "_LOADER", loader)
                both.append(told(text))
        assert both[0] == both[1]
        assert both[0]
