"""YAML text into plain data and the line of every key. Only mappings, lists and plain scalars are taken.

Values are read as YAML 1.2 does, and editors do: `no` and `on` are text, only `true` and `false` are truth values. A
number is written in decimal, without leading zeros; what else looks like one (`0x1f`, `010`, `1_000`) is text.
Aliases (`&`, `*`) are taken within limits, merge keys (`<<`) are not.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from crosswind.errors import Place, TopologyError
from crosswind.topology.places import Loc, Places, dotted
from crosswind.topology.syntax import refuse_characters, syntax_fault
from crosswind.topology.wording import code_point, escaped, shown

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_VALUES", "parse"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_VALUES = 100_000
"""Aliases repeat their anchor's values; ten lines of them can stand for a billion."""

# libyaml reads ten times as fast; a PyYAML built without it has the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MAX_INT = 2**63
_MAX_TEXT = 4096
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def parse(text: str, file: str) -> tuple[Any, Places, list[TopologyError]]:
    """Read YAML.

    Args:
        text: the file's text.
        file: its name, for places.

    Returns:
        The data, the places, and the faults that leave the rest readable (duplicate keys, unknown tags).

    Raises:
        TopologyError: when the text is not YAML, is empty, is too deep or too large.
    """
    refuse_characters(text, file)
    try:
        reader = _Reader(_LOADER(text), Places(file))
        data = reader.document()
    except yaml.YAMLError as error:
        raise syntax_fault(text, file, error) from error
    # PyYAML lets these through from its scanner: an escape such as "\Uffffffff", half of a surrogate pair.
    except (ValueError, OverflowError) as error:
        raise TopologyError(
            f"not YAML: {error}", place=Place(file), hint="look for an odd escape (`\\`) in a text"
        ) from error
    return data, reader.places, reader.faults


class _Reader:
    """Events into data; notes lines and faults on the way."""

    def __init__(self, events: Any, places: Places) -> None:
        self.places = places
        self.faults: list[TopologyError] = []
        self._next = events.get_event
        self._count = 0
        self._anchors: dict[str, tuple[Any, int, int]] = {}
        self._aliases = False

    def document(self) -> Any:
        """The one document of the stream."""
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            self._refuse_empty()
        data = self._value(self._next(), ())
        if data is None:
            self._refuse_empty()
        self._next()
        if not isinstance(after := self._next(), yaml.StreamEndEvent):
            raise TopologyError(
                "a second document begins here (`---`); a topology file is one document",
                place=Place(self.places.file, _line(after)),
                hint="remove the line `---`; a topology in several files names them under `include`",
            )
        return data

    def _refuse_empty(self) -> None:
        raise TopologyError("the file is empty", place=Place(self.places.file), hint="begin with `version: 1`")

    def _value(self, event: Any, loc: Loc) -> Any:
        self.places.lines.setdefault(loc, _line(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, loc)
        before = self._count
        self._counted(1, len(loc), loc, event)
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, loc)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(event, loc)
        else:
            value = self._sequence(event, loc)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._count - before, _height(value))
        return value

    def _counted(self, values: int, depth: int, loc: Loc, event: Any) -> None:
        self._count += values
        if self._count <= MAX_VALUES and depth <= MAX_DEPTH:
            return
        place = Place(self.places.file, _line(event), dotted(loc) if len(loc) <= MAX_DEPTH else "")
        much = f"nested more than {MAX_DEPTH} deep" if depth > MAX_DEPTH else f"more than {MAX_VALUES:,} values"
        if self._aliases:
            hint = "write the values out instead of using `&` and `*`"
            raise TopologyError(f"{much}, once aliases are followed", place=place, hint=hint)
        hint = "a topology is at most 5 deep; see docs/reference/topology.md"
        if depth <= MAX_DEPTH:
            hint = "split the topology over several files, named under `include`"
        raise TopologyError(much, place=place, hint=hint)

    def _alias(self, event: Any, loc: Loc) -> Any:
        self._aliases = True
        name = shown(f"*{event.anchor}").strip('"')
        if event.anchor not in self._anchors:
            self._fault(
                loc,
                _line(event),
                f"alias {name} stands for nothing: no anchor of that name ends before it",
                f'write the value out; a text that begins with * wants quotes: "{name}"',
            )
            return None
        value, size, height = self._anchors[event.anchor]
        self._counted(size, len(loc) + height, loc, event)
        return value

    def _sequence(self, event: Any, loc: Loc) -> Any:
        wrong = self._strange_tag(event, loc, "seq")
        items: list[Any] = []
        while not isinstance(item := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(item, (*loc, len(items))))
        return "" if wrong else items

    def _mapping(self, event: Any, loc: Loc) -> Any:
        wrong = self._strange_tag(event, loc, "map")
        found: dict[str, Any] = {}
        first: dict[str, int] = {}
        while not isinstance(each := self._next(), yaml.MappingEndEvent):
            line = _line(each)
            key = self._key(each, loc)
            if key is None:
                self._value(self._next(), loc)
                continue
            if key in first:
                told = f"key {shown(key)} is there twice, first in line {first[key]}"
                self._fault((*loc, key), line, told, "keep one of the two")
                self._value(self._next(), (*loc, key))
                continue
            first[key] = self.places.lines[*loc, key] = line
            found[key] = self._value(self._next(), (*loc, key))
        return "" if wrong else found

    def _key(self, event: Any, loc: Loc) -> str | None:
        """The text of a key; None, with a fault, for what is no key here."""
        line = _line(event)
        if not isinstance(event, yaml.ScalarEvent):
            if not isinstance(event, yaml.AliasEvent):
                self._value(event, (*loc, "?"))
            hint = "write the key alone; a text that begins with {, [ or * wants quotes"
            self._fault(loc, line, "a key must be plain text", hint)
            return None
        if event.value == "<<" and event.implicit[0]:
            self._fault(
                loc,
                line,
                "merge keys (<<) are not taken: what they bring would be in force where nobody reads it",
                "write the keys out; a whole value may be an alias (`reads: *folders`)",
            )
            return None
        return self._text(event.value, loc, line)

    def _scalar(self, event: Any, loc: Loc) -> Any:
        text = event.value
        if not event.implicit[0] or event.tag:
            self._strange_tag(event, loc, "str")
        elif event.style is None or event.style == "":
            if text in _WORDS:
                return _WORDS[text]
            if _INTEGER.fullmatch(text) and len(text) < 20 and abs(int(text)) < _MAX_INT:
                return int(text)
            if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
                self.places.written[loc] = text
                return float(text)
        return self._text(text, loc, _line(event))

    def _text(self, text: str, loc: Loc, line: int) -> str:
        if len(text) > _MAX_TEXT:
            told = f"{shown(text)} has {len(text):,} characters; at most {_MAX_TEXT:,} are taken"
            self._fault(loc, line, told, "write less; is a quote not closed?")
            return escaped(text[:60])
        if text.isprintable():
            return text
        odd = next(each for each in text if not each.isprintable())
        hint = "write it in one line" if odd in "\r\n" else "remove it; type the text anew where it was copied"
        self._fault(loc, line, f"{shown(text)} holds {code_point(odd)}, which is not seen", hint)
        return escaped(text)

    def _strange_tag(self, event: Any, loc: Loc, known: str) -> bool:
        """Whether a tag is another than that of the value's own form; it is a fault then."""
        if event.tag in (None, "!", f"{_TAG}{known}"):
            return False
        tag = shown(event.tag.replace(_TAG, "!!")).strip('"')
        self._fault(loc, _line(event), f"YAML tag {tag} is not known here", f"remove {tag}")
        return True

    def _fault(self, loc: Loc, line: int, message: str, hint: str) -> None:
        self.faults.append(TopologyError(message, place=Place(self.places.file, line, dotted(loc)), hint=hint))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _height(value: Any) -> int:
    """How deep a value is nested: 0 for a text."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((1 + _height(each) for each in inner), default=0)
