"""Template parameters: declared types, defaults and constraints against what the caller gives.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from crosswind.local.cloudformation.faults import invalid, not_offered
from crosswind.local.cloudformation.template.document import Template

__all__ = ["ParameterValue", "declared_type", "no_echo", "resolve_parameters"]

_KEYS = {
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
}
_AWS_TYPE = re.compile(r"(List<)?AWS::[A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+(>)?")
_PLAIN_TYPES = {"String", "Number", "CommaDelimitedList", "List<Number>", "List<String>"}
_MAX_BYTES = 4096


@dataclass(frozen=True)
class ParameterValue:
    """One parameter's value.

    Args:
        text: as given, or the default.
        value: what `Ref` gives: a string, or a list of strings for list types.
        hidden: declared with NoEcho, so never shown.
    """

    text: str
    value: str | list[str]
    hidden: bool = False

    @property
    def shown(self) -> str:
        """What a describe call shows."""
        return "****" if self.hidden else self.text


def declared_type(declaration: Mapping[str, Any]) -> str:
    """The declared `Type`."""
    return str(declaration.get("Type", ""))


def no_echo(declaration: Mapping[str, Any]) -> bool:
    """Whether NoEcho is on."""
    return str(declaration.get("NoEcho", "false")).lower() == "true"


def resolve_parameters(
    template: Template,
    given: Sequence[Mapping[str, Any]],
    previous: Mapping[str, ParameterValue] | None = None,
) -> dict[str, ParameterValue]:
    """The value of every declared parameter.

    Args:
        template: the template that declares them.
        given: the request's `Parameters` (`ParameterKey`, `ParameterValue`, `UsePreviousValue`).
        previous: the values of the stack before, for `UsePreviousValue`; None when there was no stack.

    Raises:
        ServiceError: `ValidationError` as AWS says it.
    """
    for name, declaration in template.parameters.items():
        _check_declaration(name, declaration)
    texts: dict[str, str] = {}
    for entry in given:
        key = str(entry.get("ParameterKey", ""))
        if key in texts:
            raise invalid(f"Duplicate keys found in Parameters: [{key}]")
        texts[key] = _text_given(key, entry, previous)
    if unknown := [key for key in texts if key not in template.parameters]:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for name, declaration in template.parameters.items():
        if name not in texts and "Default" in declaration:
            texts[name] = _plain(declaration["Default"])
    if missing := [name for name in template.parameters if name not in texts]:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _value(name, declaration, texts[name]) for name, declaration in template.parameters.items()}


def _text_given(key: str, entry: Mapping[str, Any], previous: Mapping[str, ParameterValue] | None) -> str:
    if entry.get("UsePreviousValue"):
        if "ParameterValue" in entry:
            raise invalid(
                f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value "
                "for a parameter"
            )
        if previous is None or key not in previous:
            raise invalid(
                f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key "
                "not in the previous template"
            )
        return previous[key].text
    if entry.get("ParameterValue") is None:
        raise invalid(f"Invalid input for parameter key {key}. Specify either a value or usePreviousValue as true")
    return _plain(entry["ParameterValue"])


def _check_declaration(name: str, declaration: Mapping[str, Any]) -> None:
    if unknown := sorted(declaration.keys() - _KEYS):
        raise invalid(f"Invalid template parameter property '{unknown[0]}'")
    kind = declared_type(declaration)
    if not kind:
        raise invalid(f"Template format error: Every Parameters object must contain a Type member. [{name}]")
    if kind.startswith("AWS::SSM::Parameter::"):
        raise not_offered(f"parameters of type {kind} (parameter {name})")
    if kind not in _PLAIN_TYPES and not _AWS_TYPE.fullmatch(kind):
        raise invalid(f"Template format error: Unrecognized parameter type: {kind}")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_plain(item) for item in value)
    return str(value)


def _value(name: str, declaration: Mapping[str, Any], text: str) -> ParameterValue:
    if len(text.encode()) > _MAX_BYTES:
        raise invalid(f"Parameter '{name}' value is longer than the maximum of {_MAX_BYTES} bytes")
    kind = declared_type(declaration)
    listed = kind == "CommaDelimitedList" or kind.startswith("List<")
    items = [item.strip() for item in text.split(",")] if listed and text else ([] if listed else [text])
    for item in items:
        _check_item(name, declaration, kind, item)
    return ParameterValue(text=text, value=items if listed else text, hidden=no_echo(declaration))


def _check_item(name: str, declaration: Mapping[str, Any], kind: str, item: str) -> None:
    explained = str(declaration.get("ConstraintDescription", ""))
    allowed = declaration.get("AllowedValues")
    if allowed is not None and item not in [_plain(value) for value in allowed]:
        raise _broken(name, explained, f"must be one of AllowedValues: [{', '.join(map(_plain, allowed))}]")
    if kind in {"Number", "List<Number>"}:
        _check_number(name, declaration, item, explained)
        return
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(str(pattern), item):
        raise _broken(name, explained, f"must match pattern {pattern}")
    if "MinLength" in declaration and len(item) < int(declaration["MinLength"]):
        raise _broken(name, explained, f"must contain at least {declaration['MinLength']} characters")
    if "MaxLength" in declaration and len(item) > int(declaration["MaxLength"]):
        raise _broken(name, explained, f"must contain at most {declaration['MaxLength']} characters")


def _check_number(name: str, declaration: Mapping[str, Any], item: str, explained: str) -> None:
    try:
        number = Decimal(item)
    except InvalidOperation as error:
        raise invalid(f"Parameter '{name}' must be a number.") from error
    if "MinValue" in declaration and number < Decimal(str(declaration["MinValue"])):
        raise _broken(name, explained, f"must be a number not less than {declaration['MinValue']}")
    if "MaxValue" in declaration and number > Decimal(str(declaration["MaxValue"])):
        raise _broken(name, explained, f"must be a number not greater than {declaration['MaxValue']}")


def _broken(name: str, explained: str, rule: str) -> Exception:
    if explained:
        return invalid(f"Parameter {name} failed to satisfy constraint: {explained}")
    if rule.startswith("must be one of"):
        return invalid(f"Parameter '{name}' {rule}")
    return invalid(f"Parameter {name} failed to satisfy constraint: Parameter '{name}' {rule}")
