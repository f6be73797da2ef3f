"""What a YAML parser stumbles over, in words for those who write the file."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from crosswind.errors import Place, TopologyError
from crosswind.topology.wording import code_point, escaped

__all__ = ["refuse_characters", "syntax_fault"]

# yaml.org/spec/1.2.2, production 1: what may be in a file at all.
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class _Stumble:
    """A parser's problem, and what to say of it.

    Attributes:
        problem: in the parser's problem and context.
        told: what is wrong.
        hint: what to do.
        where_it_began: whether the fault is where the parser's context began: a quote that is not closed.
    """

    problem: str
    told: str
    hint: str
    where_it_began: bool = False


_STUMBLES = (
    _Stumble("'\\t' that cannot start", "a tab stands where YAML takes spaces alone", "indent with spaces"),
    _Stumble("that cannot start any token", "a plain text cannot begin with @, ` or %", "put the text in quotes"),
    _Stumble(
        "found unexpected end of stream while scanning a quoted scalar",
        "a quote is not closed",
        "close it",
        where_it_began=True,
    ),
    _Stumble(
        "unknown escape character",
        'after "\\" comes a character that makes no escape',
        "put the text in single quotes: there a backslash is itself",
    ),
    _Stumble(
        "mapping values are not allowed here",
        "a second `: ` in one value, or a wrong indent",
        "put a text that holds `: ` in quotes, or indent the line as its neighbours",
    ),
    _Stumble(
        "could not find expected ':'",
        "a line that is neither `key: value` nor an item of a list",
        "write `key: value`; mind the space after the colon",
        where_it_began=True,
    ),
    _Stumble("found ':'", "a colon without a key before it", "write the key: `key: value`"),
    _Stumble(
        "found '<scalar>' while parsing a block",
        "text follows where the value had ended: a quote within quotes, or a wrong indent",
        "within single quotes write a quote twice: 'don''t'",
    ),
    _Stumble(
        "sequence entries are not allowed here",
        "a list cannot begin behind its key",
        "begin it on the next line, or write `key: [a, b]`",
    ),
    _Stumble(
        "'<document start>'",
        "text follows where the file's mapping had ended",
        "write `key: value`; mind the space after the colon",
    ),
    _Stumble(
        "while parsing a block mapping", "the indent is not that of the lines above", "indent keys of one mapping alike"
    ),
    _Stumble(
        "while parsing a block collection", "the indent is not that of the items above", "indent the items alike (`- `)"
    ),
    _Stumble(
        "expected ',' or '}'",
        "in `{...}` a comma is missing, or `}`",
        "write `{key: value, key: value}`; or a quote is not closed",
    ),
    _Stumble(
        "expected ',' or ']'", "in `[...]` a comma is missing, or `]`", "write `[a, b]`; or a quote is not closed"
    ),
    _Stumble(
        "while scanning an alias", "`*` begins an alias, and no name follows", "put a text that begins with * in quotes"
    ),
    _Stumble(
        "while scanning an anchor",
        "`&` begins an anchor, and no name follows",
        "put a text that begins with & in quotes",
    ),
    _Stumble("incompatible YAML document", "the file says that it is another version of YAML", "remove the %YAML line"),
)


def refuse_characters(text: str, file: str) -> None:
    """Refuse characters that YAML does not take anywhere, such as NUL.

    Raises:
        TopologyError: with the line and the character's code point.
    """
    if found := _NOT_YAML.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise TopologyError(
            f"not YAML: the character {code_point(found[0])} is not allowed",
            place=Place(file, line),
            hint="is it the topology file? if so, remove the character",
        )


def syntax_fault(text: str, file: str, error: yaml.YAMLError) -> TopologyError:
    """The fault of a text that a parser refused, whichever of PyYAML's two parsers did.

    Args:
        text: the file's text.
        file: its name, for the place.
        error: the parser's.
    """
    try:
        # The parser written in Python says it more precisely than libyaml, which was faster.
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as precise:
        error = precise
    except (ValueError, OverflowError):  # an escape such as "\\Uffffffff"; libyaml's own error serves
        pass
    if not isinstance(error, yaml.MarkedYAMLError):
        return TopologyError(f"not YAML: {escaped(str(error))}", place=Place(file), hint="look for an odd character")
    problem = " ".join(part for part in (error.problem, error.context) if part)
    for stumble in _STUMBLES:
        if stumble.problem in problem:
            mark = error.context_mark if stumble.where_it_began else error.problem_mark
            return TopologyError(
                f"not YAML: {stumble.told}", place=Place(file, mark.line + 1 if mark else 0), hint=stumble.hint
            )
    mark = error.problem_mark or error.context_mark
    return TopologyError(
        f"not YAML: {escaped(problem)}",
        place=Place(file, mark.line + 1 if mark else 0),
        hint="look for a missing quote or a wrong indent near that line",
    )
