"""The topology file's form as a JSON Schema, so that editors complete and check the file while it is written. Pure.

It says what the models say: keys, types, limits. Rules between objects are `crosswind validate`'s.

Draft 7, the newest that every version of the YAML language server knows (its README says so); that draft ignores
whatever stands beside a `$ref`, so references with a description are wrapped.
"""

from __future__ import annotations

from types import NoneType
from typing import Any

from pydantic import BaseModel

from crosswind.topology.model import GROUPS, MODELS, Topology
from crosswind.topology.model.words import words_of

__all__ = ["included_schema", "json_schema"]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_REF = "#/definitions/{model}"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `crosswind.yaml`; what it includes may declare what is otherwise required in it."""
    schema = _whole()
    elsewhere = [key for key in schema["required"] if key in GROUPS]
    once = [key for key in schema["required"] if key not in GROUPS]
    alone = {"if": {"not": {"required": ["include"]}}, "then": {"required": elsewhere}}
    return schema | {"required": once, **alone}


def included_schema() -> dict[str, Any]:
    """The JSON Schema of a file that `crosswind.yaml` includes: it declares objects and nothing else."""
    schema = {key: value for key, value in _whole().items() if key != "required"}
    objects = {key: value for key, value in schema["properties"].items() if key in GROUPS}
    words = "A file that a Crosswind topology includes."
    return schema | {"title": "Crosswind topology, included file", "description": words, "properties": objects}


def _whole() -> dict[str, Any]:
    raw = Topology.model_json_schema(by_alias=True, ref_template=_REF)
    parts = raw.pop("$defs")
    models = {model.__name__: model for found in MODELS.values() for model in found}
    described = {name: _described(models[name], part) for name, part in parts.items()}
    whole = _fitted(_described(Topology, raw) | {"definitions": described})
    return {"$schema": _DRAFT, "title": "Crosswind topology", **whole}


def _described(model: type[BaseModel], part: dict[str, Any]) -> dict[str, Any]:
    """The schema of a class with the words of its docstring, key by key."""
    words = words_of(model)
    properties = {key: _property(value, _sentence(words[key])) for key, value in part["properties"].items()}
    summary = (model.__doc__ or "").partition("\n")[0]
    return part | {"description": summary, "properties": properties}


def _sentence(text: str) -> str:
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
