"""The elements of a statement one by one: which of them mean a request, and which of them it could not do without."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from crosswind.iam import Statement, StatementResult
from crosswind.iam.conditions import Condition
from crosswind.iam.grammar import texts
from crosswind.iam.match import Patterns, action_patterns, glob, resource_patterns
from crosswind.iam.principals import Principals
from crosswind.iam.request import Principal
from crosswind.iam.variables import Piece, Values

__all__ = ["WHOLE", "Element", "Kind", "Parts", "covers", "held", "parts_of"]


class Kind(StrEnum):
    """What of a statement may be spare."""

    STATEMENT = "statement"
    ACTION = "Action"
    RESOURCE = "Resource"
    PRINCIPAL = "Principal"
    CONDITION = "Condition"


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a statement: the statement itself, or one text of a list in it.

    Attributes:
        kind: of what.
        text: as written; empty for the statement itself.
        key: of a condition: its operator and key.
    """

    kind: Kind
    text: str = ""
    key: str = ""

    def __str__(self) -> str:
        if self.kind is Kind.STATEMENT:
            return "the statement"
        return f"{self.kind.value} {self.key + ' ' if self.key else ''}{self.text}"


WHOLE = Element(Kind.STATEMENT)


@dataclass(eq=False)
class Parts:
    """A statement's elements, made ready.

    Attributes:
        statement: theirs.
        elements: each once, the statement itself first.
    """

    statement: Statement
    elements: tuple[Element, ...]
    _actions: _List
    _resources: _List
    _principals: tuple[tuple[Element, Principals], ...]
    _conditions: tuple[tuple[Condition, tuple[tuple[Element, Condition], ...]], ...]
    _known: dict[tuple[int, str | tuple[str, ...] | None], tuple[Element, ...]] = field(default_factory=dict)

    def meaning(
        self, action: str, resource: str, principal: Principal, values: Values
    ) -> Iterable[tuple[Element, ...]]:
        """Those elements that mean a request that the statement matches: of each list those of its texts that do.

        Args:
            action: in lower case.
            resource: its ARN.
            principal: who asks.
            values: the context, keys in lower case.
        """
        if self._actions.elements:
            yield self._actions.meaning(action, values)
        if self._resources.elements:
            yield self._resources.meaning(resource, values)
        if self._principals:
            yield tuple(each for each, means in self._principals if means.grantee(principal) is not None)

    def conditional(self, values: Values) -> Iterable[Element]:
        """Those values of conditions without which a condition's outcome for a request would be another one."""
        for number, (condition, without) in enumerate(self._conditions):
            if without:
                found = values.get(condition.key.lower())
                known = (number, found)
                if known not in self._known:
                    holds = condition.holds(values)
                    self._known[known] = tuple(each for each, other in without if other.holds(values) is not holds)
                yield from self._known[known]


@dataclass(eq=False)
class _List:
    """The texts of Action or Resource."""

    elements: tuple[Element, ...]
    exact: Mapping[str, Element]
    patterns: tuple[tuple[Element, Patterns], ...]

    def meaning(self, text: str, values: Values) -> tuple[Element, ...]:
        found = [self.exact[text]] if text in self.exact else []
        for element, pattern in self.patterns:
            search = pattern.search
            if (
                text.startswith(pattern.prefixes)
                or (search is not None and search(text) is not None)
                or (pattern.templates and pattern.match_templates(text, values))
            ):
                found.append(element)
        return tuple(found)


def parts_of(statement: Statement, *, variables: bool = True) -> Parts:
    """A statement's elements."""
    actions = _list(Kind.ACTION, statement.actions, variables=False)
    resources = _list(Kind.RESOURCE, statement.resources, variables=variables)
    principals = tuple(_principals(statement.raw.get("Principal")))
    conditions = tuple((each, _without(each, variables)) for each in statement.conditions)
    values = tuple(element for _, without in conditions for element, _ in without)
    elements = (WHOLE, *actions.elements, *resources.elements, *(each for each, _ in principals), *values)
    return Parts(statement, elements, actions, resources, principals, conditions)


def _list(kind: Kind, written: Iterable[str], *, variables: bool) -> _List:
    elements = tuple(Element(kind, text) for text in dict.fromkeys(written))
    exact: dict[str, Element] = {}
    patterns: list[tuple[Element, Patterns]] = []
    for element in elements:
        made = (
            action_patterns([element.text])
            if kind is Kind.ACTION
            else resource_patterns([element.text], variables=variables)
        )
        if made.exact:
            exact[next(iter(made.exact))] = element
        else:
            patterns.append((element, made))
    return _List(elements, exact, tuple(patterns))


def _principals(written: Any) -> Iterable[tuple[Element, Principals]]:
    """The principals one by one; none where there is but one, which goes with its statement."""
    if written == "*":
        written = {"AWS": "*"}
    named = [(kind, text) for kind, each in (written or {}).items() for text in texts(each)]
    for kind, text in named if len(named) > 1 else ():
        yield Element(Kind.PRINCIPAL, text, kind), Principals([(kind, text)], {})


def _without(condition: Condition, variables: bool) -> tuple[tuple[Element, Condition], ...]:
    """The condition without each of its values; nothing for a single value, which goes with its statement."""
    if len(condition.values) < 2:
        return ()
    name = f"{condition.operator} {condition.key}"
    return tuple(
        (
            Element(Kind.CONDITION, value, name),
            Condition(
                condition.operator,
                condition.key,
                [other for other in condition.values if other != value],
                variables=variables,
            ),
        )
        for value in dict.fromkeys(condition.values)
    )


def held(result: StatementResult) -> bool:
    """Whether all of a statement but its conditions matches, and its conditions were looked at."""
    return result.principal is not False and result.action and result.resource is not False and bool(result.conditions)


@lru_cache(maxsize=65_536)
def covers(pattern: str, text: str) -> bool:
    """Whether a pattern means all that another one means.

    A `*` of the text, taken as a plain character, is matched by a `*` of the pattern alone: so what holds for the text
    holds for whatever stands in its place.
    """
    if pattern in (text, "*"):
        return True
    if "*" not in pattern and "?" not in pattern:
        return False
    return _compiled(pattern)(text)


@lru_cache(maxsize=16_384)
def _compiled(pattern: str) -> Callable[[str], bool]:
    expression = re.compile(glob((Piece(pattern, literal=False),)), re.DOTALL)
    return lambda text: expression.fullmatch(text) is not None
