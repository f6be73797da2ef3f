"""Policy variables: `${aws:username}`, with defaults `${aws:username, 'nobody'}`, and `${*}`, `${?}`, `${$}`.

They stand in Resource and in the values of string, ARN and Bool operators, and only in documents of Version 2012-10-17
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html). What is substituted is literal: a `*`
that came out of the request's context is an asterisk, not a wildcard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Piece", "Template", "Variable", "Values"]

Values = Mapping[str, str | tuple[str, ...]]
"""The request's context: keys in lower case; several values in a tuple."""

# Nothing is given up again once it is taken, so that no text takes long; a key keeps the blanks behind it until then.
_VARIABLE = re.compile(r"\$\{\s*+(?:([*?$])\s*+|([^${},'\s][^${},']*+))(?:,\s*+'([^']*+)'\s*+)?\}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a pattern: `literal` when wildcards in it mean themselves."""

    text: str
    literal: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """A place to fill from the context; `key` in lower case, `default` None when there is none."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy that holds at least one variable."""

    parts: tuple[Piece | Variable, ...]

    @classmethod
    def of(cls, text: str) -> Template | None:
        """The template in a text; None when it holds no variable. A malformed `${` is literal text."""
        if "${" not in text:
            return None
        parts: list[Piece | Variable] = []
        end = 0
        for found in _VARIABLE.finditer(text):
            if found.start() > end:
                parts.append(Piece(text[end : found.start()], literal=False))
            character, key, default = found.groups()
            parts.append(Piece(character, literal=True) if character else Variable(key.rstrip().lower(), default))
            end = found.end()
        if end == 0:
            return None
        if end < len(text):
            parts.append(Piece(text[end:], literal=False))
        return cls(tuple(parts))

    def resolve(self, values: Values) -> tuple[Piece, ...] | None:
        """The pieces of the pattern.

        Args:
            values: the request's context.

        Returns:
            None when a variable has neither a value nor a default, or has several values: AWS then holds that the
            element does not match.
        """
        pieces = []
        for part in self.parts:
            if isinstance(part, Piece):
                pieces.append(part)
                continue
            value = values.get(part.key)
            text = value if isinstance(value, str) else part.default
            if text is None or isinstance(value, tuple):
                return None
            pieces.append(Piece(text, literal=True))
        return tuple(pieces)
