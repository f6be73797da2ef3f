"""The topology file's form as a JSON Schema, so that editors complete and check the file while it is written. Pure.

It says what the models say: keys, types, limits. Rules between objects are `crosswind validate`'s.

Draft 7, the newest that every version of the YAML language server knows (its README says so); that draft ignores
whatever stands beside a `$ref`, so references with a description are wrapped.
"""

from __future__ import annotations

import re
from types import NoneType
from typing import Any

from pydantic import BaseModel

from crosswind.topology.model import MODELS, Topology

__all__ = ["json_schema"]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_REF = "#/definitions/{model}"
_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.+(?:\n {9,}.+)*)$", re.MULTILINE)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `crosswind.yaml`."""
    raw = Topology.model_json_schema(by_alias=True, ref_template=_REF)
    parts = raw.pop("$defs")
    models = {model.__name__: model for found in MODELS.values() for model in found}
    described = {name: _described(models[name], part) for name, part in parts.items()}
    whole = _fitted(_described(Topology, raw) | {"definitions": described})
    return {"$schema": _DRAFT, "title": "Crosswind topology", **whole}


def _described(model: type[BaseModel], part: dict[str, Any]) -> dict[str, Any]:
    """The schema of a class with the words of its docstring, key by key."""
    words = _attributes(model)
    keys = {field.alias or name: words[name] for name, field in model.model_fields.items()}
    properties = {key: _property(value, keys[key]) for key, value in part["properties"].items()}
    summary = (model.__doc__ or "").partition("\n")[0]
    return part | {"description": summary, "properties": properties}


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """What a docstring says of each attribute."""
    found = _ATTRIBUTE.findall(model.__doc__ or "")
    return {name: _sentence(re.sub(r"\s+", " ", text)) for name, text in found}


def _sentence(text: str) -> str:
    """The words on a key; where the file calls it otherwise than the code, the docstring says so first."""
    text = re.sub(r"^`\w+` in the file: ", "", text)
    return text[:1].upper() + text[1:]


def _property(value: dict[str, Any], description: str) -> dict[str, Any]:
    if "$ref" not in value:
        return value | {"description": description}
    # A default that is an object would be written into the file, whole, by an editor's completion.
    return {"allOf": [{"$ref": value["$ref"]}], "description": description}


def _fitted(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema and those in it: closed, and without what editors show in vain.

    That is titles made from keys, OpenAPI's `discriminator`, and defaults that a reader writes as nothing.
    """
    kept = {key: _inner(key, value) for key, value in schema.items() if key not in ("title", "discriminator")}
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    if isinstance(kept.get("default", 0), dict | NoneType):
        del kept["default"]
    return kept


def _inner(key: str, value: Any) -> Any:
    """What a keyword holds: schemas by name, a list of schemas, or a value."""
    match key:
        case "properties" | "patternProperties" | "definitions":
            return {name: _fitted(each) for name, each in value.items()}
        case "allOf" | "anyOf" | "oneOf":
            return [_fitted(each) for each in value]
        case "items":
            return _fitted(value)
        case _:
            return value
