"""The Condition element: each key of each operator is one Condition, and all of them must be met.

Rules (docs.aws.amazon.com/IAM/latest/UserGuide/):
- several values in the policy: one must match; for a negated operator none may
  (reference_policies_condition-logic-multiple-context-keys-or-values.html);
- an absent key: not met, but met for a negated operator and with IfExists
  (reference_policies_elements_condition_operators.html);
- ForAllValues: every value of the request, met when there is none; ForAnyValue: at least one value of the request, also
  with IfExists (reference_policies_condition-single-vs-multi-valued-context-keys.html; IfExists as measured on AWS,
  repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w);
- a key that has several values needs one of these two: without it the condition is not met;
- a policy variable without a value: not met (reference_policies_variables.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crosswind.iam.decision import ConditionResult
from crosswind.iam.operators import NULL, OPERATORS, Operator, names
from crosswind.iam.variables import Piece, Template, Values

__all__ = ["Condition", "read_operator"]

_ALL = "forallvalues"
_ANY = "foranyvalue"
_IF_EXISTS = "ifexists"


def read_operator(text: str) -> tuple[str, Operator | None, bool]:
    """The parts of an operator such as `ForAnyValue:StringLikeIfExists`.

    Args:
        text: as written; letter case does not matter.

    Returns:
        `forallvalues`, `foranyvalue` or an empty text; the operator, None for Null; whether IfExists stands there.

    Raises:
        ValueError: there is no such operator; the text lists the valid ones.
    """
    quantifier, colon, name = text.lower().rpartition(":")
    if_exists = name.endswith(_IF_EXISTS)
    bare = name.removesuffix(_IF_EXISTS)
    known = bare in OPERATORS or (bare == NULL.lower() and not if_exists)
    if not known or (colon and quantifier not in (_ALL, _ANY)):
        raise ValueError(
            f"{text!r} is no condition operator; valid: {', '.join(names())}, all but Null also with the suffix "
            "IfExists, each also with the prefix ForAllValues: or ForAnyValue:"
        )
    return quantifier, OPERATORS.get(bare), if_exists


class Condition:
    """One key of one operator, made ready for matching.

    Attributes:
        operator: as written.
        key: as written.
        values: as written.
        faults: what is wrong with the operator or its values, in words. An unknown operator is never met, a malformed
            value never matches; `policy.parse` refuses both unless it is told to be lenient.
    """

    __slots__ = (
        "_if_exists",
        "_key",
        "_quantifier",
        "_rule",
        "_templates",
        "_wanted",
        "faults",
        "key",
        "operator",
        "values",
    )

    def __init__(self, operator: str, key: str, values: Iterable[str], *, variables: bool) -> None:
        self.operator = operator
        self.key = key
        self.values = tuple(values)
        self._key = key.lower()
        self._rule: Operator | None = None
        self._quantifier, self._if_exists = "", False
        self._wanted: tuple[Any, ...] = ()
        self._templates: tuple[Template | None, ...] = ()
        faults: list[str] = []
        try:
            self._quantifier, self._rule, self._if_exists = read_operator(operator)
        except ValueError as error:
            faults.append(str(error))
        else:
            if self._rule is not None:
                self._prepare(self._rule, variables, faults)
            else:
                faults += [f"{each!r} is neither true nor false" for each in self.values if not _truth(each)]
        self.faults = tuple(faults)

    def _prepare(self, rule: Operator, variables: bool, faults: list[str]) -> None:
        templates = tuple(Template.of(each) if variables and rule.variables else None for each in self.values)
        wanted = []
        for value, template in zip(self.values, templates, strict=True):
            if template is None:
                try:
                    wanted.append(rule.wanted((Piece(value, literal=False),)))
                except ValueError as error:
                    faults.append(str(error))
        self._wanted = tuple(wanted)
        self._templates = templates if any(templates) else ()

    def test(self, context: Values) -> ConditionResult:
        """Whether the condition holds.

        Args:
            context: of the request.
        """
        found = context.get(self._key)
        actual = (found,) if isinstance(found, str) else found
        if self._templates:
            wanted, texts = self._resolved(context)
        else:
            wanted, texts = self._wanted, self.values
        return ConditionResult(self.operator, self.key, texts, actual, self._met(found, actual, wanted))

    def holds(self, context: Values) -> bool:
        """Whether the condition holds, without the words for it.

        Args:
            context: of the request.
        """
        found = context.get(self._key)
        actual = (found,) if isinstance(found, str) else found
        return self._met(found, actual, self._resolved(context)[0] if self._templates else self._wanted)

    def _met(self, found: str | tuple[str, ...] | None, actual: tuple[str, ...] | None, wanted: Any) -> bool:
        rule = self._rule
        if rule is None:
            return not self.faults and any(each.lower() == ("false" if actual else "true") for each in self.values)
        if not actual:
            return self._quantifier == _ALL or (self._quantifier != _ANY and (self._if_exists or rule.negated))
        if wanted is None:
            return False
        if self._quantifier == _ALL:
            return actual == ("",) or all(_agrees(rule, wanted, each) for each in actual)
        if self._quantifier == _ANY:
            return any(_agrees(rule, wanted, each) for each in actual)
        return isinstance(found, str) and _agrees(rule, wanted, found)

    def _resolved(self, context: Values) -> tuple[tuple[Any, ...] | None, tuple[str, ...]]:
        """The values with variables filled in; None for them when a variable has no value."""
        assert self._rule is not None  # noqa: S101 - only an operator has templates
        wanted = list(self._wanted)
        texts = []
        missing = False
        for value, template in zip(self.values, self._templates, strict=True):
            if template is None:
                texts.append(value)
                continue
            pieces = template.resolve(context)
            if pieces is None:
                missing = True
                texts.append(value)
                continue
            texts.append("".join(piece.text for piece in pieces))
            try:
                wanted.append(self._rule.wanted(pieces))
            except ValueError:
                missing = True
        # One of several wanted values may do without the others; of unwanted ones each counts.
        unknown = missing and (self._rule.negated or not wanted)
        return (None if unknown else tuple(wanted)), tuple(texts)


def _agrees(rule: Operator, wanted: tuple[Any, ...], text: str) -> bool:
    """Whether one value of the request meets the operator."""
    try:
        actual = rule.actual(text)
    except ValueError:
        return False
    holds = rule.holds
    for each in wanted:
        if holds(each, actual):
            return not rule.negated
    return rule.negated


def _truth(text: str) -> bool:
    return text.lower() in ("true", "false")
