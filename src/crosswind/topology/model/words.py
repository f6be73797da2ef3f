"""What the classes of the file say of their keys: their docstrings, key by key."""

from __future__ import annotations

import re

from pydantic import BaseModel

__all__ = ["words_of"]

_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.+(?:\n {9,}.+)*)$", re.MULTILINE)


def words_of(model: type[BaseModel]) -> dict[str, str]:
    """What a class says of each of its keys, as the file calls them, in the order of its fields."""
    found = {name: re.sub(r"\s+", " ", text) for name, text in _ATTRIBUTE.findall(model.__doc__ or "")}
    # Where the file calls a key otherwise than the code, the docstring says so first.
    return {
        field.alias or name: re.sub(r"^`\w+` in the file: ", "", found.get(name, ""))
        for name, field in model.model_fields.items()
    }
