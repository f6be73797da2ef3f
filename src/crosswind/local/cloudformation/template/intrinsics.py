"""Intrinsic functions and conditions: unevaluated values into plain ones.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from crosswind.local.cloudformation.faults import invalid, not_offered

__all__ = ["NO_VALUE", "SUB_NAME", "Lookup", "Resolver", "function_of"]

NO_VALUE = object()
"""What `AWS::NoValue` evaluates to: its property or list item is left out."""

SUB_NAME = re.compile(r"\$\{([^!{}][^{}]*)\}")
_SUB_LITERAL = re.compile(r"\$\{!([^{}]+)\}")
_FUNCTION_NAMES = {
    "Ref",
    "Condition",
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
}


class Lookup(Protocol):
    """What a template's functions may look up outside of the template."""

    def reference(self, name: str) -> Any:
        """The value of `Ref` to a parameter, pseudo parameter or resource."""

    def attribute(self, logical_id: str, attribute: str) -> Any:
        """The value of `Fn::GetAtt`."""

    def imported(self, export: str) -> str:
        """The value of `Fn::ImportValue`."""

    def zones(self, region: str) -> list[str]:
        """The Availability Zones of a Region; the stack's own for an empty name."""


def function_of(value: Any) -> tuple[str, Any] | None:
    """The function's name and argument when `value` is a function call, else None.

    Raises:
        ServiceError: for a function that CloudFormation does not have, or that the local world does not offer.
    """
    if not isinstance(value, dict) or len(value) != 1:
        return None
    name, argument = next(iter(value.items()))
    if not isinstance(name, str):
        return None
    if name == "Condition":
        return (name, argument) if isinstance(argument, str) else None
    if name in _FUNCTION_NAMES:
        return name, argument
    if name in {"Fn::Transform", "Fn::ForEach", "Fn::Length", "Fn::ToJsonString"} or name.startswith("Fn::ForEach::"):
        raise not_offered(f"the intrinsic function {name}")
    if name.startswith("Fn::"):
        raise invalid(f"Template error: Unrecognized intrinsic function {name}")
    return None


class Resolver:
    """Evaluates values of one template.

    Args:
        lookup: what lies outside of the template.
        mappings: the template's Mappings.
        conditions: the template's Conditions, unevaluated; each is evaluated once, when first asked for.
    """

    def __init__(self, lookup: Lookup, mappings: Mapping[str, Any], conditions: Mapping[str, Any]) -> None:
        self._lookup = lookup
        self._mappings = mappings
        self._conditions = conditions
        self._truths: dict[str, bool] = {}
        self._asking: list[str] = []
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.condition,
            "Fn::And": lambda argument: all(self._truth(item) for item in self._many(argument, "Fn::And")),
            "Fn::Base64": lambda argument: base64.b64encode(self._text(argument, "Fn::Base64").encode()).decode(),
            "Fn::Cidr": self._cidr,
            "Fn::Equals": self._equals,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAZs": lambda argument: self._lookup.zones(self._text(argument, "Fn::GetAZs")),
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::ImportValue": lambda argument: self._lookup.imported(self._text(argument, "Fn::ImportValue")),
            "Fn::Join": self._join,
            "Fn::Not": self._not,
            "Fn::Or": lambda argument: any(self._truth(item) for item in self._many(argument, "Fn::Or")),
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def value(self, raw: Any) -> Any:
        """The plain value of `raw`; NO_VALUE when it is `AWS::NoValue`.

        Raises:
            ServiceError: `ValidationError` for a function used wrongly.
        """
        call = function_of(raw)
        if call is not None:
            return self._functions[call[0]](call[1])
        if isinstance(raw, dict):
            members = {str(key): self.value(item) for key, item in raw.items()}
            return {key: item for key, item in members.items() if item is not NO_VALUE}
        if isinstance(raw, list):
            return [item for item in map(self.value, raw) if item is not NO_VALUE]
        if isinstance(raw, str) and "{{resolve:" in raw:
            raise not_offered("dynamic references ({{resolve:...}})")
        return raw

    def condition(self, name: Any) -> bool:
        """Whether a condition holds.

        Raises:
            ServiceError: `ValidationError` when it is not defined or refers to itself.
        """
        if name not in self._conditions:
            raise invalid(f"Template error: unresolved condition dependency {name} in Fn::If")
        if name not in self._truths:
            if name in self._asking:
                circle = ", ".join(sorted(self._asking))
                raise invalid(f"Template error: Found circular condition dependency between: [{circle}]")
            self._asking.append(name)
            self._truths[name] = self._truth(self._conditions[name])
            self._asking.pop()
        return self._truths[name]

    def chosen(self, raw: Any) -> Any:
        """`raw` with every `Fn::If` replaced by its chosen branch, nothing else evaluated."""
        call = function_of(raw)
        if call is not None and call[0] == "Fn::If":
            name, yes, no = self._if_parts(call[1])
            return self.chosen(yes if self.condition(name) else no)
        if isinstance(raw, dict):
            return {key: self.chosen(item) for key, item in raw.items()}
        if isinstance(raw, list):
            return [self.chosen(item) for item in raw]
        return raw

    def _ref(self, argument: Any) -> Any:
        if not isinstance(argument, str):
            raise invalid("Template format error: All Ref values must be strings")
        return NO_VALUE if argument == "AWS::NoValue" else self._lookup.reference(argument)

    def _get_att(self, argument: Any) -> Any:
        logical_id, attribute = get_att_parts(argument)
        if not isinstance(attribute, str):
            attribute = self._text(attribute, "Fn::GetAtt")
        return self._lookup.attribute(logical_id, attribute)

    def _if_parts(self, argument: Any) -> tuple[Any, Any, Any]:
        if not isinstance(argument, list) or len(argument) != 3:
            raise invalid("Template error: Fn::If requires a list argument with three elements")
        return argument[0], argument[1], argument[2]

    def _if(self, argument: Any) -> Any:
        name, yes, no = self._if_parts(argument)
        return self.value(yes if self.condition(name) else no)

    def _equals(self, argument: Any) -> bool:
        if not isinstance(argument, list) or len(argument) != 2:
            raise invalid("Template error: Fn::Equals requires a list argument with two elements")
        left, right = (_comparable(self.value(item)) for item in argument)
        return bool(left == right)

    def _not(self, argument: Any) -> bool:
        if not isinstance(argument, list) or len(argument) != 1:
            raise invalid("Template error: Fn::Not requires a list argument with one element")
        return not self._truth(argument[0])

    def _truth(self, raw: Any) -> bool:
        value = self.value(raw)
        if not isinstance(value, bool):
            raise invalid("Template format error: Every Conditions member must be a boolean operation.")
        return value

    def _many(self, argument: Any, name: str) -> list[Any]:
        if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
            raise invalid(
                f"Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
            )
        return argument

    def _find_in_map(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            raise invalid(
                "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and "
                "the attribute for return value"
            )
        names = [self._text(item, "Fn::FindInMap") for item in argument]
        found: Any = self._mappings
        for name in names:
            if not isinstance(found, dict) or name not in found:
                raise invalid(f"Template error: Unable to get mapping for {'::'.join(names)}")
            found = found[name]
        return found

    def _join(self, argument: Any) -> str:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            raise invalid(
                "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a "
                "list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) "
                "to be joined."
            )
        return argument[0].join(_text_of(item, "Fn::Join") for item in self._list(argument[1], "Fn::Join"))

    def _split(self, argument: Any) -> list[str]:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not argument[0]:
            raise invalid(
                "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) "
                "a string to be split or a function that returns a string to be split."
            )
        return self._text(argument[1], "Fn::Split").split(argument[0])

    def _select(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            raise invalid(
                "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
            )
        items = self._list(argument[1], "Fn::Select")
        text = self._text(argument[0], "Fn::Select")
        if not text.isdigit() or int(text) >= len(items):
            raise invalid("Template error: Fn::Select cannot select nonexistent value at index " + text)
        return items[int(text)]

    def _cidr(self, argument: Any) -> list[str]:
        if not isinstance(argument, list) or len(argument) not in {2, 3}:
            raise invalid(
                "Template error: every Fn::Cidr object requires two parameters, (1) a IP address block and (2) "
                "the number of subnets"
            )
        parts = [self._text(item, "Fn::Cidr") for item in argument]
        try:
            block = ipaddress.ip_network(parts[0])
            bits = int(parts[2]) if len(parts) == 3 else 8
            found = []
            for index, subnet in enumerate(block.subnets(new_prefix=block.max_prefixlen - bits)):
                if index >= int(parts[1]):
                    break
                found.append(str(subnet))
        except ValueError as error:
            raise invalid(f"Template error: Fn::Cidr: {error}") from error
        if len(found) < int(parts[1]):
            raise invalid(f"Template error: Fn::Cidr cannot make {parts[1]} subnets of {bits} bits in {parts[0]}")
        return found

    def _sub(self, argument: Any) -> str:
        text, variables = sub_parts(argument)

        def replace(match: re.Match[str]) -> str:
            name = match.group(1).strip()
            if name in variables:
                return self._text(variables[name], "Fn::Sub")
            if "." in name:
                return _text_of(self._lookup.attribute(*name.split(".", 1)), "Fn::Sub")
            return _text_of(self._lookup.reference(name), "Fn::Sub")

        return _SUB_LITERAL.sub(r"${\1}", SUB_NAME.sub(replace, text))

    def _list(self, raw: Any, name: str) -> list[Any]:
        value = self.value(raw)
        if not isinstance(value, list):
            raise invalid(f"Template error: the list argument of {name} is not a list")
        return value

    def _text(self, raw: Any, name: str) -> str:
        return _text_of(self.value(raw), name)


def get_att_parts(argument: Any) -> tuple[str, Any]:
    """The logical id and attribute of a `Fn::GetAtt`, from its list or its dotted form."""
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2 or not all(parts) or not isinstance(parts[0], str):
        raise invalid(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and "
            "the resource attribute"
        )
    return parts[0], parts[1]


def sub_parts(argument: Any) -> tuple[str, dict[str, Any]]:
    """The text and the variables of a `Fn::Sub`, from either form."""
    if isinstance(argument, str):
        return argument, {}
    if (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str)
        and isinstance(argument[1], dict)
    ):
        return argument[0], argument[1]
    raise invalid(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
        "string as first argument, and an optional second argument to specify a mapping of values to replace in "
        "the string"
    )


def _text_of(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise invalid(f"Template error: {name} requires string values")


def _comparable(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value
