"""pydantic's errors as faults of the file: where, what is valid, what was probably meant, what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from crosswind.errors import TopologyError
from crosswind.topology.forms import MEANING, near_form
from crosswind.topology.model import JOBS, MODELS
from crosswind.topology.model.words import words_of
from crosswind.topology.places import Loc, Places
from crosswind.topology.wording import foreign, nearest, quoted, shown

__all__ = ["faults_of", "valid_keys"]

_KINDS = {
    "bool_type": "true or false",
    "dict_type": "a mapping (key: value)",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "model_attributes_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "string_type": "text",
    "tuple_type": "a list",
}
_BEYOND = ("greater_than_equal", "less_than_equal", "string_too_short", "string_too_long", "too_short", "too_long")
_PAGE = "docs/reference/topology.md"


def faults_of(error: ValidationError, data: Any, places: Places) -> list[TopologyError]:
    """A fault for each of pydantic's errors, in file order; no more than are told.

    Args:
        error: of `Topology`.
        data: what was validated.
        places: of the topology.
    """
    items = [cast("Mapping[str, Any]", each) for each in error.errors(include_url=False, include_context=True)]
    ordered = sorted(items, key=lambda item: places.of(*_clean(item["loc"])))
    return [_fault(item, data, places) for item in ordered[: TopologyError.MOST + 1]]


def valid_keys(loc: Loc, data: Any) -> tuple[str, ...]:
    """The keys that a part of the file may have, as written there; empty where keys are free."""
    model = _model(loc, data)
    return tuple(field.alias or name for name, field in model.model_fields.items()) if model else ()


def _model(loc: Loc, data: Any) -> type[BaseModel] | None:
    """The class of a part of the file."""
    for pattern, models in MODELS.items():
        if len(pattern) == len(loc) and all(p in ("*", str(part)) for p, part in zip(pattern, loc, strict=True)):
            kind = _at(data, (*loc, "type")) if len(models) > 1 else None
            return JOBS.get(kind, models[0]) if isinstance(kind, str) else models[0]
    return None


def _fault(item: Mapping[str, Any], data: Any, places: Places) -> TopologyError:
    loc = _clean(item["loc"])
    kind, value = str(item["type"]), item["input"]
    key, model = str(loc[-1]) if loc else "", _model(loc[:-1], data)
    told = places.written.get(loc) or shown(value)
    if kind == "missing":
        message, hint = f'key "{key}" is missing', f"add `{key}:` ({_meant(model, key)})"
    elif kind == "extra_forbidden":
        valid = valid_keys(loc[:-1], data)
        message = f"key {shown(key)} is not known{foreign(key)}; valid keys: {quoted(valid)}"
        hint = f"{nearest(key, valid)}correct or remove the key"
    elif kind in ("union_tag_not_found", "union_tag_invalid"):
        loc = (*loc, "type")
        message, hint = _kind_of_job(_at(data, loc))
    elif value is None:
        message, hint = _nothing(loc, kind, model, valid_keys(loc, data))
    elif kind == "literal_error":
        message, hint = _literal(told, str(item["ctx"]["expected"]), str(value))
    elif kind == "string_pattern_mismatch":
        pattern = str(item["ctx"]["pattern"])
        meaning, hint = MEANING.get(pattern, (f"of the form {pattern}", f"see {_PAGE}"))
        message = f"{told} is not {meaning}{foreign(value)}"
        hint = near_form(pattern, value) + hint
    elif kind in _KINDS:
        message = f"{told} is not {_KINDS[kind]}"
        hint = _form_hint(kind, value, told, valid_keys(loc, data), _limits(model, key))
    elif kind in _BEYOND:
        message, hint = _beyond(kind, told, value, _limits(model, key))
    else:
        message = f"{told}: {item['msg'].removeprefix('Input ')}"
        hint = f"see {_PAGE} for its form"
    return TopologyError(message, place=places.of(*loc), hint=hint)


def _meant(model: type[BaseModel] | None, key: str) -> str:
    """What a key is, as far as one clause of its class says it."""
    words = words_of(model).get(key, "") if model else ""
    return re.split(r"[.;] |[.;:]$", words)[0]


def _kind_of_job(kind: Any) -> tuple[str, str]:
    if kind is None:
        return f'key "type" is missing; valid values: {", ".join(JOBS)}', "say what kind of job it is"
    return _literal(shown(kind), ", ".join(JOBS), str(kind))


def _literal(told: str, expected: str, value: str) -> tuple[str, str]:
    valid = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
    if value in valid:  # a number where the text of it is meant
        return f"{told} is a number, not text", f'put it in quotes: "{value}"'
    near = nearest(value, valid) if told.startswith('"') else ""
    return f"{told} is not valid; valid values: {', '.join(valid)}", f"{near}use one of the valid values"


def _nothing(loc: Loc, kind: str, model: type[BaseModel] | None, valid: tuple[str, ...]) -> tuple[str, str]:
    """A key without a value; or an item of a list without one."""
    if isinstance(loc[-1], int):
        return "an item of the list is empty", "write the item after `- `, or remove the line"
    message, key = f'key "{loc[-1]}" has no value', str(loc[-1])
    if valid:
        return message, f"write its keys below it, indented: {quoted(valid)}"
    field = _fields(model).get(key)
    remove = "" if field is None or field.is_required() else ", or remove the key"
    where = "names and what belongs to them below it" if kind == "dict_type" else "a value after the colon"
    meant = f" ({_meant(model, key)})" if field else ""
    return message, f"write {where}{meant}{remove}"


def _form_hint(kind: str, value: Any, told: str, valid: tuple[str, ...], limits: Mapping[str, Any]) -> str:
    """What to write instead of a value of another form."""
    plain = isinstance(value, str | int | float)
    text = str(value).lower()
    match kind:
        case "string_type" if plain:
            return f'put it in quotes: "{told}"'
        case "string_type":
            brackets = "without brackets or `- `" if isinstance(value, list) else "in quotes if it holds `{` or `: `"
            return f"write one text, {brackets}"
        case "tuple_type":
            return f"write a list: [{told}]" if plain else "write a list: [a, b], or a line with `- ` for each item"
        case "bool_type":
            return f"write {_TRUTHS.get(text, 'true or false')}"
        case "int_type" | "float_type" if isinstance(value, str) and re.fullmatch("[0-9]+", value):
            return f"write it without quotes and leading zeros: {value.lstrip('0') or '0'}"
        case "int_type" | "int_from_float" | "float_type":
            return f"write a number{_span(limits)}"
    if not valid:
        return "write `name:` for each, and what belongs to it below, indented and without `- `"
    return f"write its keys on lines of their own, indented: {quoted(valid)}"


def _fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    """The fields of a class as the file calls them."""
    return {field.alias or name: field for name, field in model.model_fields.items()} if model else {}


def _limits(model: type[BaseModel] | None, key: str) -> dict[str, Any]:
    """The limits that the model sets to a key."""
    field = _fields(model).get(key)
    found: dict[str, Any] = {}
    for limit in field.metadata if field else ():
        found |= {name: getattr(limit, name) for name in _BOUNDS if getattr(limit, name, None) is not None}
    return found


def _span(limits: Mapping[str, Any]) -> str:
    if "ge" not in limits:
        return ""
    return f" from {limits['ge']:,} to {limits['le']:,}" if "le" in limits else f" of {limits['ge']:,} or more"


def _beyond(kind: str, told: str, value: Any, limits: Mapping[str, Any]) -> tuple[str, str]:
    """Beyond the limits: both are told."""
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"{told} is not a number{_span(limits)}", "write a number within the limits"
    if value == "":
        return "an empty text", "write a text, or remove the key"
    low, high = limits.get("min_length", 1), limits.get("max_length", 1024)
    return f"{told} is {len(value):,} long; {low:,} to {high:,} characters are taken", "write another text"


_BOUNDS = ("ge", "le", "min_length", "max_length")
_TRUTHS = {
    **dict.fromkeys(("yes", "on", "y", "true", "1", "enabled"), "true"),
    **dict.fromkeys(("no", "off", "n", "false", "0", "disabled"), "false"),
}


def _clean(loc: tuple[str | int, ...]) -> Loc:
    """An error's path without what pydantic adds: the tag of a job's type, `[key]` for a faulty key."""
    cleaned = list(loc)
    if len(cleaned) > 2 and cleaned[0] == "jobs" and cleaned[2] in JOBS:
        del cleaned[2]
    if cleaned and cleaned[-1] == "[key]":
        del cleaned[-1]
    return tuple(cleaned)


def _at(data: Any, loc: Loc) -> Any:
    for part in loc:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
