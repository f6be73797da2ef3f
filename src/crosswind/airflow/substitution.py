"""Placeholders `${name}` in a JSON document, filled with values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crosswind.errors import InputError, Place

__all__ = ["placeholders", "substituted"]

_PLACEHOLDER = re.compile(r"\$\{([^${}]*)\}")


def placeholders(document: Any) -> set[str]:
    """The names of all placeholders in a JSON value's strings (values, not keys)."""
    if isinstance(document, str):
        return set(_PLACEHOLDER.findall(document))
    if isinstance(document, Mapping):
        return set().union(*(placeholders(value) for value in document.values()))
    if isinstance(document, list):
        return set().union(*(placeholders(value) for value in document))
    return set()


def substituted(document: Any, values: Mapping[str, str], *, where: str) -> Any:
    """The document with every placeholder filled. Values are put in as they are, never read again.

    Args:
        document: a JSON value.
        values: a value by placeholder name; each must be used.
        where: the document's place, for errors: `s3://bucket/key`.

    Raises:
        InputError: a placeholder without a value, a value without a placeholder, a value that is no text.
    """
    wanted = placeholders(document)
    faults = []
    if missing := sorted(wanted - set(values)):
        faults.append(f"no value for {_listed(missing)}")
    if unused := sorted(set(values) - wanted):
        faults.append(f"no placeholder for {_listed(unused)}")
    if empty := sorted(name for name, value in values.items() if not isinstance(value, str) or not value):
        faults.append(f"no text as the value of {_listed(empty)}")
    if faults:
        raise InputError(
            f"{'; '.join(faults)}. Placeholders there: {_listed(sorted(wanted)) or 'none'}",
            place=Place(file=where),
            hint="give exactly these names as the operator's substitutions",
        )
    return _filled(document, values)


def _filled(document: Any, values: Mapping[str, str]) -> Any:
    if isinstance(document, str):
        return _PLACEHOLDER.sub(lambda found: values[found.group(1)], document)
    if isinstance(document, Mapping):
        return {key: _filled(value, values) for key, value in document.items()}
    if isinstance(document, list):
        return [_filled(value, values) for value in document]
    return document


def _listed(names: list[str]) -> str:
    return ", ".join(f"${{{name}}}" for name in names)
