"""pydantic's errors as faults of the file: where, what is valid, what was probably meant, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from crosswind.errors import TopologyError
from crosswind.topology.model import JOBS, MODELS
from crosswind.topology.places import Loc, Places

__all__ = ["faults_of", "nearest", "quoted", "valid_keys"]

_MEANING = {
    "^[0-9]{12}$": ("an account id of 12 digits", 'write it in quotes: "111111111111"'),
    "^[a-z]{2}(-[a-z]+)+-[0-9]$": ("a Region", "write it as AWS does: us-east-1"),
    "^[A-Za-z][A-Za-z0-9_-]{0,62}$": (
        "a name: a letter, then letters, digits, _ or -, at most 63",
        "choose such a name",
    ),
    "^[a-z][a-z0-9-]{0,30}[a-z0-9]$": (
        "a topology's name: lower-case letters, digits and hyphens, 2 to 32, a letter first",
        "choose such a name; every AWS name begins with it",
    ),
    r"^[^/\s]+/[^\s]+$": (
        "a folder: bucket/folder",
        "write it as source/raw, both as declared under buckets",
    ),
    r"^mw1\.[a-z0-9]+$": ("an environment class of MWAA", "write it as mw1.small"),
    r"^[0-9]+\.[0-9]+\.[0-9]+$": ("a version", "write all three parts: 3.3.1"),
    r"^[a-z_]+\.[a-z0-9_]+$": ("an Airflow option: section.key", "write it as core.parallelism"),
    "^[A-Za-z_][A-Za-z0-9_]{0,62}$": ("the name of a Python function", "write the function's name alone"),
    "^[A-Za-z0-9_+=,.@/-]{0,512}$": (
        "the name of a role: letters, digits and _+=,.@-, with its path before it",
        "write the role's name, not its ARN",
    ),
    "^[A-Za-z0-9_+=,.@:/-]+$": ("an external id: letters, digits and _+=,.@:/-", "choose such an id"),
}
_KINDS = {
    "bool_type": "true or false",
    "dict_type": "a mapping (key: value)",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "model_type": "a mapping (key: value)",
    "string_type": "text",
    "tuple_type": "a list",
}


def quoted(names: Iterable[str]) -> str:
    """Names in a row for a message, sorted; a word for none."""
    return ", ".join(sorted(names)) or "none"


def nearest(name: str, valid: Iterable[str]) -> str:
    """What was probably meant, as `did you mean "x"? `; empty when nothing is near."""
    found = difflib.get_close_matches(name, sorted(valid), n=1, cutoff=0.6)
    return f'did you mean "{found[0]}"? ' if found else ""


def faults_of(error: ValidationError, data: Any, places: Places) -> list[TopologyError]:
    """A fault for each of pydantic's errors.

    Args:
        error: of `Topology`.
        data: what was validated.
        places: of the file.
    """
    return [_fault(cast("Mapping[str, Any]", item), data, places) for item in error.errors(include_url=False)]


def valid_keys(loc: Loc, data: Any) -> tuple[str, ...]:
    """The keys that a part of the file may have, as written there; empty where keys are free."""
    for pattern, models in MODELS.items():
        if len(pattern) == len(loc) and all(p in ("*", str(part)) for p, part in zip(pattern, loc, strict=True)):
            kind = _at(data, (*loc, "type")) if len(models) > 1 else None
            model = JOBS.get(kind, models[0]) if isinstance(kind, str) else models[0]
            return tuple(_alias(model, name) for name in model.model_fields)
    return ()


def _alias(model: type[BaseModel], name: str) -> str:
    return model.model_fields[name].alias or name


def _fault(item: Mapping[str, Any], data: Any, places: Places) -> TopologyError:
    loc = _clean(item["loc"])
    kind, context = str(item["type"]), item.get("ctx", {})
    key = str(loc[-1]) if loc else ""
    if kind == "missing":
        message, hint = f'key "{key}" is missing', f"add `{key}:`; docs/reference/topology.md says what it is"
    elif kind == "extra_forbidden":
        valid = valid_keys(loc[:-1], data)
        message = f'key "{key}" is not known; valid keys: {quoted(valid)}'
        hint = f"{nearest(key, valid)}correct or remove the key"
    elif kind == "literal_error":
        message, hint = _literal(_shown(item["input"]), str(context["expected"]))
    elif kind == "union_tag_not_found":
        loc = (*loc, "type")
        message = f'key "type" is missing; valid values: {", ".join(JOBS)}'
        hint = "say what kind of job it is"
    elif kind == "union_tag_invalid":
        loc = (*loc, "type")
        message, hint = _literal(_shown(_at(data, loc)), ", ".join(JOBS))
    elif kind == "string_pattern_mismatch":
        meaning, hint = _MEANING.get(str(context["pattern"]), ("of the right form", "see docs/reference/topology.md"))
        message = f"{_shown(item['input'])} is not {meaning}"
    elif kind in _KINDS:
        message = f"{_shown(item['input'])} is not {_KINDS[kind]}"
        hint = _kind_hint(kind, item["input"])
    else:
        message = f"{_shown(item['input'])}: {item['msg'].removeprefix('Input ')}"
        hint = "see docs/reference/topology.md for the limits"
    return TopologyError(message, place=places.of(*loc), hint=hint)


def _literal(shown: str, expected: str) -> tuple[str, str]:
    valid = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
    near = nearest(shown.strip('"'), valid)
    return f"{shown} is not valid; valid values: {', '.join(valid)}", f"{near}use one of the valid values"


def _kind_hint(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, int | float):
        return f'put it in quotes: "{value}"'
    if kind == "tuple_type":
        return "write a list: [a, b]"
    return "see docs/reference/topology.md for its form"


def _shown(value: Any) -> str:
    """A value in a message: short."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f'"{value if len(value) <= 60 else value[:57] + "..."}"'
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else str(value)


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
