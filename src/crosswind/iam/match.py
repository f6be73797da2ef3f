"""Patterns with wildcards: `*` stands for any characters, `?` for one.

Rules (docs.aws.amazon.com/IAM/latest/UserGuide/):
- Actions match without regard to letter case (reference_policies_elements_action.html).
- In a resource's ARN a wildcard of the first five segments stays inside its segment, unless it is a `*` that ends the
  segment: that one may run on past the colon. In the sixth it spans `:` and `/`
  (reference_policies_elements_resource.html).
- Each of the six segments of an ARN in a condition is compared on its own
  (reference_policies_elements_condition_operators.html).

A pattern is compiled once. Most are exact or end in their only wildcard, so these two need no regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from crosswind.iam.variables import Piece, Template, Values

__all__ = ["Patterns", "action_patterns", "arn_segments", "glob", "resource_patterns"]

Glob = Callable[[tuple[Piece, ...]], str]

_ARN_COLONS = 5  # colons before the part of an ARN that names the resource


class Patterns:
    """Several patterns, of which one must match.

    Attributes:
        exact: those without a wildcard.
        prefixes: what stands before the only wildcard, a `*` at the end.
        search: the `fullmatch` of all others; None when there are none.
        templates: those with policy variables.
    """

    __slots__ = ("_glob", "exact", "prefixes", "search", "templates")

    def __init__(self, texts: Iterable[str], pattern: Glob, *, variables: bool) -> None:
        exact, prefixes, others, templates = [], [], [], []
        for text in texts:
            template = Template.of(text) if variables else None
            if template:
                templates.append(template)
            elif "*" not in text and "?" not in text:
                exact.append(text)
            elif text.find("*") == len(text) - 1 and "?" not in text:
                prefixes.append(text[:-1])
            else:
                others.append(pattern((Piece(text, literal=False),)))
        self._glob = pattern
        self.exact = frozenset(exact)
        self.prefixes = tuple(prefixes)
        self.search = re.compile("|".join(f"(?:{each})" for each in others), re.DOTALL).fullmatch if others else None
        self.templates = tuple(templates)

    def resolvable(self, values: Values) -> bool:
        """Whether every variable has a value."""
        return all(template.resolve(values) is not None for template in self.templates)

    def match_templates(self, text: str, values: Values) -> bool:
        """Whether one of the patterns with variables means this text."""
        for template in self.templates:
            pieces = template.resolve(values)
            if pieces is not None and compiled(self._glob, pieces)(text) is not None:
                return True
        return False


@lru_cache(maxsize=4096)
def compiled(pattern: Glob, pieces: tuple[Piece, ...]) -> Callable[[str], re.Match[str] | None]:
    """The `fullmatch` of a resolved template."""
    return re.compile(pattern(pieces), re.DOTALL).fullmatch


def action_patterns(texts: Iterable[str]) -> Patterns:
    """Patterns of Action and NotAction; match them against an action in lower case."""
    return Patterns([text.lower() for text in texts], glob, variables=False)


def resource_patterns(texts: Iterable[str], *, variables: bool) -> Patterns:
    """Patterns of Resource and NotResource.

    Args:
        texts: as written.
        variables: whether the document's Version knows policy variables.
    """
    return Patterns(texts, _resource_glob, variables=variables)


def glob(pieces: tuple[Piece, ...]) -> str:
    """The regular expression of a pattern whose wildcards span everything."""
    return _joined(_chunks(pieces))


def _chunks(pieces: tuple[Piece, ...]) -> list[str]:
    """The regular expressions of what stands between the `*` of a pattern."""
    chunks = [""]
    for piece in pieces:
        if piece.literal:
            chunks[-1] += re.escape(piece.text)
            continue
        for character in piece.text:
            if character == "*":
                chunks.append("")
            else:
                chunks[-1] += "." if character == "?" else re.escape(character)
    return chunks


def _joined(chunks: list[str]) -> str:
    """One regular expression of chunks between which anything may stand.

    Between two `*` the first occurrence is always a right one, so it is never given up again (an atomic group): a
    pattern of many wildcards costs no more than its length.
    """
    first, *rest = chunks
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.*?{each})" for each in middle if each) + ".*" + last


def _resource_glob(pieces: tuple[Piece, ...]) -> str:
    """The regular expression of a resource's ARN."""
    head, tail = _split(pieces)
    chunks, (first, *rest) = _head(head, spans=True), _chunks(tail)
    return _joined([*chunks[:-1], chunks[-1] + first, *rest])


def _head(head: list[tuple[str, bool]], *, spans: bool) -> list[str]:
    """The regular expressions of the first segments of an ARN, in chunks between which anything may stand.

    A wildcard inside a segment takes no more than it must, and gives nothing up: what follows it is found where it is
    found first. The same holds for a `*` that ends a segment and spans others, since a colon follows it.

    Args:
        head: the characters, and whether each is literal.
        spans: whether a `*` that ends a segment spans others.
    """
    chunks, opened = [""], False
    for index, (character, literal) in enumerate(head):
        if literal or character not in "*?":
            chunks[-1] += re.escape(character)
        elif character == "?":
            chunks[-1] += "[^:]"
        else:
            chunks[-1] += ")" * opened
            opened = not (spans and (index + 1 == len(head) or head[index + 1][0] == ":"))
            if opened:
                chunks[-1] += "(?>[^:]*?"
            else:
                chunks.append("")
    if opened and head[-1][0] != ":":  # a pattern of fewer segments: no colon tells where the last one ends
        before, _, last = chunks[-1].rpartition("(?>")
        chunks[-1] = f"{before}(?:{last}"
    chunks[-1] += ")" * opened
    return chunks


def _split(pieces: tuple[Piece, ...]) -> tuple[list[tuple[str, bool]], tuple[Piece, ...]]:
    """The characters up to the fifth colon (and whether each is literal), and the pieces after it."""
    head: list[tuple[str, bool]] = []
    colons = 0
    for number, piece in enumerate(pieces):
        for index, character in enumerate(piece.text):
            head.append((character, piece.literal))
            colons += character == ":"
            if colons == _ARN_COLONS:
                return head, (Piece(piece.text[index + 1 :], piece.literal), *pieces[number + 1 :])
    return head, ()


def arn_segments(pieces: tuple[Piece, ...]) -> str:
    """The regular expression of an ARN in a condition: segment by segment.

    A pattern of fewer than six segments matches no ARN.
    """
    head, tail = _split(pieces)
    if sum(character == ":" for character, _ in head) < _ARN_COLONS:
        return r"(?!)"
    (expression,) = _head(head, spans=False)
    return expression + glob(tail)
