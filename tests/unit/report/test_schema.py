"""The JSON Schema takes and refuses what the models do, and says something of every key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from crosswind.errors import TopologyError
from crosswind.report.schema import json_schema
from crosswind.topology import Topology
from crosswind.topology.model import MODELS
from crosswind.topology.places import parse
from tests.golden.regenerate import ERRORS, TOPOLOGIES

SCHEMA = json_schema()
VALID = jsonschema.Draft7Validator(SCHEMA)


def data_of(file: Path) -> Any:
    """What a file holds; None where it is no YAML, or no mapping."""
    try:
        data, _, _ = parse(file.read_text(), file.name)
    except (TopologyError, UnicodeDecodeError):
        return None
    return data if isinstance(data, dict) else None


def is_modelled(data: Any) -> bool:
    try:
        Topology.model_validate_json(json.dumps(data))
    except ValidationError:
        return False
    return True


FAULTY = {file.stem: data for file in sorted(ERRORS.glob("*.yaml")) if (data := data_of(file)) is not None}


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_sound_files_are_valid(name: str) -> None:
    assert list(VALID.iter_errors(data_of(TOPOLOGIES[name]))) == []


@pytest.mark.parametrize("name", sorted(FAULTY))
def test_it_refuses_what_the_models_refuse_and_no_more(name: str) -> None:
    """Faults between objects are left to `crosswind validate`."""
    assert VALID.is_valid(FAULTY[name]) == is_modelled(FAULTY[name])


def test_files_are_refused_for_many_reasons() -> None:
    refused = [name for name, data in FAULTY.items() if not VALID.is_valid(data)]
    assert len(refused) >= 15
    assert {"unknown_key", "account_id_too_short"} & set(refused)


def test_every_key_has_a_description() -> None:
    described = {**SCHEMA["definitions"], "Topology": SCHEMA}
    for model in {model for models in MODELS.values() for model in models}:
        part = described[model.__name__]
        assert part["description"].endswith(".")
        assert set(part["properties"]) == {field.alias or name for name, field in model.model_fields.items()}
        for key, value in part["properties"].items():
            assert len(value["description"]) > 5, (model, key)
            assert "in the file:" not in value["description"]
            assert "\n" not in value["description"]


def test_keys_are_called_as_in_the_file() -> None:
    move = SCHEMA["definitions"]["Replication"]
    assert {"from", "to"} <= set(move["properties"])
    assert {"source", "target"}.isdisjoint(move["properties"])
    assert move["properties"]["from"]["description"] == "A declared bucket with versioning."


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


def test_every_object_is_closed_and_nothing_stands_beside_a_reference() -> None:
    for part in parts(SCHEMA):
        if part.get("type") == "object" and "additionalProperties" not in part:
            pytest.fail(str(part)[:200])
        if isinstance(part.get("$ref"), str):
            assert set(part) == {"$ref"}


def test_a_jobs_keys_follow_from_its_type() -> None:
    base = data_of(TOPOLOGIES["unified_pipelines"])
    base["jobs"]["dagcleanup"] |= {"workers": 3}
    (error,) = VALID.iter_errors(base)
    assert list(error.path) == ["jobs", "dagcleanup"]
