"""The grammar of policy documents: what AWS refuses as a MalformedPolicyDocument, said more precisely.

docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html, and the page of each element beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.errors import InputError
from crosswind.iam.kinds import PolicyKind
from crosswind.iam.principals import KINDS, principal_fault

__all__ = ["Checker", "PolicyError", "texts"]

_DOCUMENT = ("Version", "Id", "Statement")
_STATEMENT = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
VERSIONS = ("2012-10-17", "2008-10-17")
EFFECTS = ("Allow", "Deny")
WITH_PRINCIPAL = (PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.KEY, PolicyKind.RCP, PolicyKind.ENDPOINT)
_ANY_RESOURCE = (PolicyKind.RESOURCE, PolicyKind.TRUST)
_SID_OF_LETTERS = (PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.TRUST)
_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[\w*?-]+")


class PolicyError(InputError):
    """A policy document that AWS would refuse.

    Args:
        reason: what is wrong, and what is valid.
        policy: the document's name, or its kind when it has none.
        statement: the statement's index from 0; None for the document itself.
        sid: the statement's Sid, else empty.
        element: such as `Action`; empty for the document itself.
        aws: what AWS says in its MalformedPolicyDocument error.
    """

    def __init__(
        self,
        reason: str,
        *,
        policy: str = "",
        statement: int | None = None,
        sid: str = "",
        element: str = "",
        aws: str = "Syntax errors in policy.",
    ) -> None:
        where = f"policy {policy!r}" if policy else "policy"
        if statement is not None:
            where += f", statement {statement}" + (f" {sid!r}" if sid else "")
        if element:
            where += f", {element}"
        super().__init__(f"{where}: {reason}", hint="correct the policy document")
        self.policy = policy
        self.statement = statement
        self.sid = sid
        self.element = element
        self.aws = aws


def texts(value: object) -> tuple[str, ...]:
    """The texts of a value or a list of values; numbers and truth values as JSON writes them."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence):
        return tuple(text for each in value for text in texts(each))
    if value is None:
        return ()
    return (json.dumps(value),)


class Checker:
    """Reads one document.

    Args:
        kind: what the document is attached to.
        name: for errors.
        lenient: accept what other engines accept too and AWS would refuse: effects in other letter case, elements
            that are missing or do not belong there, a principal that is a bare text.
    """

    def __init__(self, kind: PolicyKind, name: str, *, lenient: bool) -> None:
        self._kind = kind
        self._name = name or kind.value
        self._lenient = lenient
        self._statement: int | None = None
        self._sid = ""

    def document(self, document: str | Mapping[str, Any]) -> Mapping[str, Any]:
        """The document as an object.

        Raises:
            PolicyError: it is no JSON object, or has an unknown element or Version.
        """
        parsed: Any = document
        if isinstance(document, str):
            try:
                parsed = json.loads(document)
            except (ValueError, RecursionError) as error:
                raise self.error(f"is not JSON: {error}") from error
        if not isinstance(parsed, Mapping):
            raise self.error(f"is {_shape(parsed)}; valid: an object with Version and Statement")
        if not self._lenient:
            self._known(parsed, _DOCUMENT)
            version = parsed.get("Version", VERSIONS[1])
            if version not in VERSIONS:
                raise self.error(f"{version!r} is not valid; valid: {_list(VERSIONS)}", "Version")
        return parsed

    def statements(self, document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The statements of a document; one statement may stand without a list.

        Raises:
            PolicyError: there is none, or one is no object, or two have the same Sid.
        """
        found = document.get("Statement")
        listed = [found] if isinstance(found, Mapping) else found
        if not isinstance(listed, list | tuple) or not (listed or self._lenient):
            reason = "is missing" if found is None else f"is {_shape(found)}"
            raise self.error(f"{reason}; valid: an object or a list of at least one", "Statement")
        sids: set[str] = set()
        for index, statement in enumerate(listed):
            self.enter(index, statement)
            if not isinstance(statement, Mapping):
                raise self.error(f"is {_shape(statement)}; valid: an object")
            if self._sid in sids and self._sid and not self._lenient:
                raise self.error(
                    f"{self._sid!r} stands in two statements",
                    "Sid",
                    "Statement IDs (SID) in a single policy must be unique.",
                )
            sids.add(self._sid)
        return list(listed)

    def enter(self, index: int, statement: object) -> None:
        """Name the statement in later errors."""
        self._statement = index
        sid = statement.get("Sid") if isinstance(statement, Mapping) else ""
        self._sid = sid if isinstance(sid, str) else ""

    def effect(self, statement: Mapping[str, Any]) -> str:
        """`Allow` or `Deny`."""
        effect = statement.get("Effect")
        if isinstance(effect, str) and self._lenient:
            effect = effect.capitalize()
        if effect not in EFFECTS:
            reason = "is missing" if effect is None else f"{effect!r} is not valid"
            raise self.error(f"{reason}; valid: {_list(EFFECTS)}", "Effect")
        return str(effect)

    def shape(self, statement: Mapping[str, Any]) -> None:
        """Check which elements a statement has.

        Raises:
            PolicyError: one is unknown, missing, doubled, or does not belong to this kind of document.
        """
        if self._lenient:
            return
        self._known(statement, _STATEMENT)
        sid = statement.get("Sid", "")
        if not isinstance(sid, str):
            raise self.error(f"is {_shape(sid)}; valid: a text", "Sid")
        if self._kind in _SID_OF_LETTERS and not re.fullmatch(r"[A-Za-z0-9]*", sid):
            raise self.error(f"{sid!r} is not valid; valid: ASCII letters and digits", "Sid")
        self._either(statement, "Action", "NotAction", "Policy statement must contain actions.")
        if self._kind is PolicyKind.TRUST:
            self._without(statement, "Resource", "Has prohibited field Resource")
        elif self._kind not in _ANY_RESOURCE:
            self._either(statement, "Resource", "NotResource", "Policy statement must contain resources.")
        if self._kind in WITH_PRINCIPAL:
            self._either(statement, "Principal", "NotPrincipal", "Missing required field Principal")
        else:
            self._without(statement, "Principal", "Policy document should not specify a principal.")
        self._values(statement)

    def error(self, reason: str, element: str = "", aws: str = "Syntax errors in policy.") -> PolicyError:
        """An error at the present statement."""
        return PolicyError(
            reason, policy=self._name, statement=self._statement, sid=self._sid, element=element, aws=aws
        )

    def principals(self, statement: Mapping[str, Any], element: str) -> list[tuple[str, str]]:
        """The pairs of kind and text in Principal or NotPrincipal.

        Raises:
            PolicyError: it is no principal.
        """
        value = statement.get(element)
        if value is None:
            everybody = self._lenient and self._kind is PolicyKind.ENDPOINT and element == "Principal"
            return [("AWS", "*")] if everybody and "NotPrincipal" not in statement else []
        if isinstance(value, Mapping):
            pairs = [(kind, text) for kind, named in value.items() for text in texts(named)]
        elif value == "*" or self._lenient:
            pairs = [("AWS", text) for text in texts(value)]
        else:
            shown = repr(value) if isinstance(value, str) else _shape(value)
            raise self.error(f"{shown} is not valid; valid: * or an object of {_list(KINDS)}", element)
        if self._lenient:
            return [pair for pair in pairs if pair[0] in KINDS]
        if not pairs:
            raise self.error(f"names nobody; valid: * or an object of {_list(KINDS)}", element)
        for kind, text in pairs:
            if kind not in KINDS:
                raise self.error(f"{kind!r} is not valid; valid: {_list(KINDS)}", element)
            if fault := principal_fault(kind, text):
                aws = f'Invalid principal in policy: "{kind}":"{text}"'
                raise self.error(f"{text!r} {fault}", element, aws)
        return pairs

    def conditions(self, statement: Mapping[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
        """Operator, key and values of each condition.

        Raises:
            PolicyError: the element is no object of objects.
        """
        element = statement.get("Condition", {})
        if not isinstance(element, Mapping):
            if self._lenient:
                return []
            raise self.error(f"is {_shape(element)}; valid: an object of condition operators", "Condition")
        found = []
        for operator, keys in element.items():
            if not isinstance(keys, Mapping):
                if self._lenient:
                    continue
                raise self.error(f"{operator!r} is {_shape(keys)}; valid: an object of condition keys", "Condition")
            for key, value in keys.items():
                if not self._lenient and ":" not in key:
                    aws = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                    raise self.error(f"key {key!r} has no prefix; valid: such as aws:SourceArn", "Condition", aws)
                if not self._lenient and (isinstance(value, Mapping) or value is None):
                    raise self.error(f"{key!r} is {_shape(value)}; valid: a text or a list of texts", "Condition")
                found.append((operator, key, texts(value)))
        return found

    def _known(self, found: Mapping[str, Any], valid: Sequence[str]) -> None:
        for key in found:
            if key not in valid:
                raise self.error(f"unknown element; valid: {_list(valid)}", str(key))

    def _either(self, statement: Mapping[str, Any], element: str, negation: str, aws: str) -> None:
        if element in statement and negation in statement:
            raise self.error(f"stands beside {negation}; valid: one of the two", element)
        if element not in statement and negation not in statement:
            raise self.error(f"is missing; valid: {element} or {negation}", element, aws)

    def _without(self, statement: Mapping[str, Any], element: str, aws: str) -> None:
        for each in (element, f"Not{element}"):
            if each in statement:
                article = "an" if self._kind is PolicyKind.IDENTITY else "a"
                raise self.error(f"may not stand in {article} {self._kind.value}", each, aws)

    def _values(self, statement: Mapping[str, Any]) -> None:
        for element in ("Action", "NotAction", "Resource", "NotResource"):
            if element not in statement:
                continue
            value = statement[element]
            listed = value if isinstance(value, list | tuple) else [value]
            if not listed or not all(isinstance(each, str) for each in listed):
                raise self.error(f"is {_shape(value)}; valid: a text or a list of at least one", element)
            for text in listed:
                if element.endswith("Action"):
                    self._action(text, element)
                elif not (text == "*" or text.startswith("arn:")):
                    aws = f'Resource {text} must be in ARN format or "*".'
                    raise self.error(f"{text!r} is not valid; valid: an ARN or *", element, aws)

    def _action(self, text: str, element: str) -> None:
        if not _ACTION.fullmatch(text):
            aws = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
            raise self.error(f"{text!r} is not valid; valid: * or such as s3:GetObject", element, aws)
        if self._kind is PolicyKind.TRUST and not text.lower().startswith("sts:"):
            aws = "AssumeRole policy may only specify STS AssumeRole actions."
            raise self.error(f"{text!r} is not valid; valid: sts:AssumeRole and other actions of sts", element, aws)


def _shape(value: object) -> str:
    """What a JSON value is, in words."""
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    words = {str: "a text", bool: "a truth value", int: "a number", float: "a number", dict: "an object"}
    return words.get(type(value), "null" if value is None else "not valid")


def _list(valid: Sequence[str]) -> str:
    return ", ".join(valid)
