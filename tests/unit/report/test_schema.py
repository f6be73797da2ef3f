"""The JSON Schema takes and refuses what the models do, and says something of every key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from crosswind.errors import TopologyError
from crosswind.report.schema import included_schema, json_schema
from crosswind.topology import parse_topology
from crosswind.topology.document import parse
from crosswind.topology.model import MODELS
from tests.golden.error_cases import ERRORS, cases
from tests.golden.regenerate import TOPOLOGIES

SCHEMA = json_schema()
VALID = jsonschema.Draft7Validator(SCHEMA)


def data_of(text: str) -> Any:
    """What a text holds; None where it is no YAML, or no mapping."""
    try:
        data, _, faults = parse(text, "crosswind.yaml")
    except TopologyError:
        return None
    return data if isinstance(data, dict) and not faults else None


def is_modelled(text: str) -> bool:
    try:
        parse_topology(text)
    except TopologyError:
        return False
    return True


# JSON Schema takes `1.0` and `1e1` for integers, as JSON does; the file does not.
_STRICTER = {"yaml: number with an exponent", "file: version as a fraction"}
FAULTY = {
    name: text
    for case in cases()
    if len(case.files) == 1 and data_of(text := case.files["crosswind.yaml"]) is not None
    if (name := f"{case.page}: {case.name}") not in _STRICTER
}


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_sound_files_are_valid(name: str) -> None:
    assert list(VALID.iter_errors(data_of(TOPOLOGIES[name].read_text()))) == []


@pytest.mark.parametrize("name", sorted(FAULTY))
def test_it_refuses_what_the_models_refuse_and_no_more(name: str) -> None:
    """Faults between objects are left to `crosswind validate`."""
    assert VALID.is_valid(data_of(FAULTY[name])) == is_modelled(FAULTY[name])


def test_a_topology_in_several_files_is_valid_file_by_file() -> None:
    whole = ERRORS / "split" / "crosswind.yaml"
    assert list(VALID.iter_errors(data_of(whole.read_text()))) == []
    part = jsonschema.Draft7Validator(included_schema())
    for file in (ERRORS / "split" / "teams").glob("*.yaml"):
        assert list(part.iter_errors(data_of(file.read_text()))) == []
        assert not VALID.is_valid(data_of(file.read_text()))
    assert not part.is_valid(data_of(whole.read_text()))
    assert not VALID.is_valid({key: value for key, value in data_of(whole.read_text()).items() if key != "include"})


def test_files_are_refused_for_many_reasons() -> None:
    refused = [name for name, text in FAULTY.items() if not VALID.is_valid(data_of(text))]
    assert len(refused) >= 15
    assert {"file: unknown key of the file", "accounts_and_sites: account id too short"} <= set(refused)


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
    base = data_of(TOPOLOGIES["unified_pipelines"].read_text())
    base["jobs"]["dagcleanup"] |= {"workers": 3}
    (error,) = VALID.iter_errors(base)
    assert list(error.path) == ["jobs", "dagcleanup"]
