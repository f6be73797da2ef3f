"""YAML text into plain data and the line of every key. Only mappings, lists and plain scalars are taken."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from crosswind.errors import Place, TopologyError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Loc", "Places", "dotted", "parse"]

Loc = tuple[str | int, ...]
"""A key path: `("jobs", "train", "reads", 0)`."""

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
# Aliases repeat their anchor's nodes; ten lines of them can stand for a billion.
MAX_VALUES = 50_000
_MAX_INT = 2**63
_TAG = "tag:yaml.org,2002:"


@dataclass
class Places:
    """Where each key of a file is.

    Attributes:
        file: as the user named it.
        lines: by key path, from 1.
    """

    file: str
    lines: dict[Loc, int] = field(default_factory=dict)

    def of(self, *loc: str | int) -> Place:
        """The place of a key path; the line of what holds it when it is not there itself."""
        for length in range(len(loc), -1, -1):
            if loc[:length] in self.lines:
                return Place(self.file, self.lines[loc[:length]], dotted(loc))
        return Place(self.file, 0, dotted(loc))


def dotted(loc: Loc) -> str:
    """A key path as text: `jobs.train.reads[0]`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def parse(text: str, file: str) -> tuple[Any, Places, list[TopologyError]]:
    """Read YAML.

    Args:
        text: the file's text.
        file: its name, for places.

    Returns:
        The data, the places, and the faults that leave the rest readable (duplicate keys, unknown tags).

    Raises:
        TopologyError: when the text is not YAML, is too deep or too large.
    """
    places = Places(file)
    try:
        _refuse_depth(text, file)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise _not_yaml(error, file) from error
    # PyYAML lets these through from its scanner: an escape such as "\Uffffffff", a number of 5,000 digits.
    except (ValueError, OverflowError) as error:
        raise TopologyError(f"not YAML: {error}", place=Place(file), hint=_LOOK) from error
    if node is None:
        raise TopologyError("the file is empty", place=Place(file), hint="begin with `version: 1`")
    reader = _Reader(places)
    return reader.value(node, ()), places, reader.faults


_LOOK = "look for a missing quote, a tab, or a wrong indent near that line"


def _refuse_depth(text: str, file: str) -> None:
    """PyYAML composes by recursion; its parser does not, so depth is counted first."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise TopologyError(
                    f"nested more than {MAX_DEPTH} deep",
                    place=Place(file, event.start_mark.line + 1 if event.start_mark else 0),
                    hint="a topology is at most 5 deep; see docs/reference/topology.md",
                )
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1


def _not_yaml(error: yaml.YAMLError, file: str) -> TopologyError:
    line = 0
    problem = str(error).splitlines()[0] if str(error) else "it cannot be read"
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        problem = " ".join(part for part in (error.context, error.problem) if part)
    elif isinstance(error, yaml.reader.ReaderError):
        problem = (
            f"character #x{error.character:04x} is not allowed" if isinstance(error.character, int) else error.reason
        )
    return TopologyError(f"not YAML: {problem}", place=Place(file, line), hint=_LOOK)


class _Reader:
    """Nodes into data; notes lines and faults on the way."""

    def __init__(self, places: Places) -> None:
        self.faults: list[TopologyError] = []
        self._places = places
        self._scalars = SafeConstructor()
        self._count = 0

    def value(self, node: Node, loc: Loc) -> Any:
        self._places.lines.setdefault(loc, node.start_mark.line + 1)
        self._count += 1
        if self._count > MAX_VALUES or len(loc) > MAX_DEPTH:
            raise TopologyError(
                f"more than {MAX_VALUES:,} values, or more than {MAX_DEPTH} deep, once aliases are followed",
                place=self._places.of(*loc),
                hint="write the values out instead of using `&` and `*`",
            )
        if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
            return {key: self.value(item, (*loc, key)) for key, item in self._pairs(node, loc)}
        if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(item, (*loc, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(node, loc)
        return self._refuse_tag(node, loc)

    def _pairs(self, node: MappingNode, loc: Loc) -> Iterator[tuple[str, Node]]:
        first: dict[str, int] = {}
        for key_node, item in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._fault(loc, line, "a key must be plain text", "write the key without brackets")
                continue
            key = self._text(key_node.value, loc, line)
            if key in first:
                self._fault(
                    (*loc, key),
                    line,
                    f'key "{key}" is there twice, first in line {first[key]}',
                    "keep one of the two",
                )
                continue
            first[key] = line
            self._places.lines[(*loc, key)] = line
            yield key, item

    def _scalar(self, node: ScalarNode, loc: Loc) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind in {"str", "timestamp", "value", "merge"}:
            return self._text(node.value, loc, node.start_mark.line + 1)
        if kind not in {"null", "bool", "int", "float"}:
            return self._refuse_tag(node, loc)
        try:
            value = self._scalars.construct_object(node)
        except (ValueError, KeyError, IndexError, yaml.YAMLError):  # `!!int abc`, `!!bool 7`, `!!int ""`
            return self._text(node.value, loc, node.start_mark.line + 1)
        odd = isinstance(value, float) and not math.isfinite(value)
        if odd or (isinstance(value, int) and abs(value) >= _MAX_INT):
            return self._text(node.value, loc, node.start_mark.line + 1)
        return value

    def _text(self, text: str, loc: Loc, line: int) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, by an escape such as "\ud800"
            self._fault(loc, line, "text with half a character", "write the character itself")
            return ""
        return text

    def _refuse_tag(self, node: Node, loc: Loc) -> str:
        tag = node.tag.replace(_TAG, "!!")
        self._fault(loc, node.start_mark.line + 1, f"YAML tag {tag} is not known here", f"remove {tag}")
        return node.value if isinstance(node, ScalarNode) else ""

    def _fault(self, loc: Loc, line: int, message: str, hint: str) -> None:
        self.faults.append(TopologyError(message, place=Place(self._places.file, line, dotted(loc)), hint=hint))
