"""Every key of the topology file is documented, with its default; and none that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from crosswind.topology.document import MAX_BYTES
from crosswind.topology.model import MODELS
from crosswind.topology.rules_files import INLINE_SOURCE_BYTES
from tests.golden.error_cases import cases

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference" / "topology.md"


def sections() -> dict[str, dict[str, str]]:
    """The tables of the page: by section, the default of each key."""
    found = {}
    for part in re.split(r"^#{2,3} ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \| [^|]+ \|$", part, flags=re.MULTILINE)
        assert len(rows) == len({key for key, _ in rows}), part.splitlines()[0]
        found[part.splitlines()[0]] = {key: default.strip().strip("`") for key, default in rows}
    return found


def documented(path: tuple[str, ...], model: type[BaseModel]) -> dict[str, str]:
    page = sections()
    if not path:
        return page["The file"]
    title = ".".join(path)
    if path[0] != "jobs":
        return page[title]
    kind = model.model_fields["type"].annotation.__args__[0]
    return page[title] | page[f"{title} of type {kind}"]


def default_of(field: FieldInfo) -> set[str]:
    """How a field's default may be written."""
    if field.is_required():
        return {"required"}
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return {"see there"}
    if isinstance(value, bool):
        return {str(value).lower()}
    return {str(value)} if value else {"none", "empty"}


CASES = [(path, model) for path, models in MODELS.items() for model in models]


@pytest.mark.parametrize(("path", "model"), CASES, ids=[model.__name__ for _, model in CASES])
def test_keys_and_defaults(path: tuple[str, ...], model: type[BaseModel]) -> None:
    page = documented(path, model)
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    assert set(page) == set(fields)
    for key, field in fields.items():
        assert page[key] in default_of(field), key


@pytest.mark.parametrize(("path", "model"), CASES, ids=[model.__name__ for _, model in CASES])
def test_docstrings_name_every_key(path: tuple[str, ...], model: type[BaseModel]) -> None:
    del path
    named = set(re.findall(r"^\s{8}([a-z_]+): ", model.__doc__ or "", flags=re.MULTILINE))
    assert named == set(model.model_fields)


def test_every_model_is_a_part_of_the_file() -> None:
    """A new class that a field holds must be listed, or its keys would be neither documented nor suggested."""
    listed = {model for models in MODELS.values() for model in models}

    def held(annotation: object) -> set[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return {annotation}
        return {model for part in getattr(annotation, "__args__", ()) for model in held(part)}

    for model in listed:
        for field in model.model_fields.values():
            assert held(field.annotation) <= listed, model


def test_the_limits_are_those_of_the_code() -> None:
    text = PAGE.read_text()
    assert f"{MAX_BYTES:,} bytes" in text
    assert f"{INLINE_SOURCE_BYTES:,} bytes" in text


def test_the_error_shown_is_a_real_one() -> None:
    (shown,) = (case.record for case in cases() if case.name == "undeclared site")
    assert shown in PAGE.read_text()
