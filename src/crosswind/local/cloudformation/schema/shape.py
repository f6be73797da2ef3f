"""Properties against a type's schema: what is there, what is missing, what has the wrong shape.

The words are those of CloudFormation's own property validation: `#/VersioningConfiguration: extraneous key [X] is
not permitted`. Patterns and number ranges are left to the service itself, which says no in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from crosswind.local.cloudformation.schema.catalogue import TypeSchema
from crosswind.local.cloudformation.template.intrinsics import function_of

__all__ = ["check", "fitted"]

_SCALARS = {"string", "integer", "number", "boolean"}


def check(schema: TypeSchema, properties: Mapping[str, Any]) -> list[str]:
    """The faults of a template's properties; functions are not evaluated, both branches of `Fn::If` are checked."""
    return _Walk(schema, evaluated=False).properties(properties)[1]


def fitted(schema: TypeSchema, properties: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Evaluated properties with every scalar in its declared type, and the faults."""
    return _Walk(schema, evaluated=True).properties(properties)


class _Walk:
    def __init__(self, schema: TypeSchema, *, evaluated: bool) -> None:
        self._schema = schema
        self._definitions: Mapping[str, Any] = schema.raw.get("definitions", {})
        self._evaluated = evaluated
        self._faults: list[str] = []

    def properties(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        for name in sorted(values.keys() & self._schema.read_only):
            self._faults.append(f"#: extraneous key [{name}] is not permitted")
        allowed = {name: value for name, value in values.items() if name not in self._schema.read_only}
        return self._object(self._schema.raw, allowed, "#"), self._faults

    def _value(self, schema: Mapping[str, Any], value: Any, path: str) -> Any:
        schema = self._resolved(schema)
        if not self._evaluated and (call := function_of(value)) is not None:
            name, argument = call
            if name == "Fn::If" and isinstance(argument, list):
                for branch in argument[1:]:
                    self._value(schema, branch, path)
            return value
        kinds = _kinds(schema)
        if isinstance(value, dict):
            return self._dict(schema, kinds, value, path)
        if isinstance(value, list):
            if kinds and "array" not in kinds:
                return self._wrong(kinds, value, path)
            items = schema.get("items", {})
            if "minItems" in schema and len(value) < schema["minItems"] and self._evaluated:
                self._faults.append(f"{path}: expected minimum item count: {schema['minItems']}, found: {len(value)}")
            if "maxItems" in schema and len(value) > schema["maxItems"] and self._evaluated:
                self._faults.append(f"{path}: expected maximum item count: {schema['maxItems']}, found: {len(value)}")
            return [self._value(items, item, f"{path}/{index}") for index, item in enumerate(value)]
        return self._scalar(schema, kinds, value, path)

    def _dict(self, schema: Mapping[str, Any], kinds: set[str], value: dict[str, Any], path: str) -> Any:
        if "object" in kinds or (not kinds and "properties" in schema):
            return self._object(schema, value, path)
        options = [self._resolved(option) for key in ("oneOf", "anyOf") for option in schema.get(key, ())]
        fits = [option for option in options if "object" in _kinds(option) or "properties" in option]
        if fits:
            return self._first_that_fits(fits, value, path)
        return self._wrong(kinds, value, path) if kinds else value

    def _first_that_fits(self, options: list[Mapping[str, Any]], value: dict[str, Any], path: str) -> Any:
        before = len(self._faults)
        for option in options:
            result = self._object(option, value, path)
            if len(self._faults) == before or option is options[-1]:
                return result
            del self._faults[before:]
        return value

    def _object(self, schema: Mapping[str, Any], value: Mapping[str, Any], path: str) -> dict[str, Any]:
        declared: dict[str, Any] = dict(schema.get("properties", {}))
        for key in ("oneOf", "anyOf", "allOf"):
            for option in schema.get(key, ()):
                declared |= {
                    name: item
                    for name, item in self._resolved(option).get("properties", {}).items()
                    if name not in declared
                }
        patterns = schema.get("patternProperties", {})
        closed = schema.get("additionalProperties") is False and bool(declared or patterns)
        result: dict[str, Any] = {}
        for name, item in value.items():
            if name in declared:
                result[name] = self._value(declared[name], item, f"{path}/{name}")
            elif (loose := _matching(patterns, name)) is not None:
                result[name] = self._value(loose, item, f"{path}/{name}")
            elif closed:
                self._faults.append(f"{path}: extraneous key [{name}] is not permitted")
            else:
                result[name] = self._value({}, item, f"{path}/{name}")
        for name in schema.get("required", ()):
            if name not in value:
                self._faults.append(f"{path}: required key [{name}] not found")
        return result

    def _scalar(self, schema: Mapping[str, Any], kinds: set[str], value: Any, path: str) -> Any:
        if value is None:
            self._faults.append(f"{path}: null values are not allowed in templates")
            return None
        if kinds and not kinds & _SCALARS:
            return self._wrong(kinds, value, path)
        result = value
        order = ("string", "boolean", "integer", "number") if isinstance(value, str) else tuple(_FITS)
        for kind in order:
            if kind in kinds:
                found = _FITS[kind](value)
                if found is not None:
                    result = found
                    break
        else:
            if kinds:
                return self._wrong(kinds, value, path)
        if "enum" in schema and result not in schema["enum"]:
            self._faults.append(
                f"{path}: #: {result} is not a valid enum value (valid: {', '.join(map(str, schema['enum']))})"
            )
        return result

    def _wrong(self, kinds: set[str], value: Any, path: str) -> Any:
        found = "JSONObject" if isinstance(value, dict) else "JSONArray" if isinstance(value, list) else "String"
        wanted = ", ".join(sorted(kind.capitalize() for kind in kinds))
        self._faults.append(f"{path}: expected type: {wanted}, found: {found}")
        return value

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        seen = 0
        while "$ref" in schema and seen < 20:
            name = str(schema["$ref"]).rsplit("/", 1)[-1]
            found = (
                self._schema.raw.get("properties", {}) if "/properties/" in str(schema["$ref"]) else self._definitions
            )
            schema = found.get(name, {})
            seen += 1
        return schema


def _matching(patterns: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    for pattern, schema in patterns.items():
        try:
            if re.search(pattern, name):
                return dict(schema)
        except re.error:  # the schemas' patterns are of another dialect; what cannot be read lets pass
            return dict(schema)
    return None


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    kind = schema.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind)


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        return int(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _number(value: Any) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else number


def _string(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


_FITS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "string": _string,
}
