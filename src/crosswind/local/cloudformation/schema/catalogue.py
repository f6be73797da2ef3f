"""The resource schemas that cfn-lint ships: one JSON file a type, found by a Region's index."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from crosswind.errors import WorldError

__all__ = ["Catalogue", "TypeSchema", "schema_folder"]

_PREFIX = "/properties/"


def schema_folder() -> Path:
    """Where cfn-lint keeps its schemas.

    Raises:
        WorldError: when cfn-lint is not installed or ships no schemas.
    """
    spec = find_spec("cfnlint")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "data" / "schemas"
        if (folder / "providers" / "us-east-1.json").is_file():
            return folder
    raise WorldError(
        "the CloudFormation resource schemas of cfn-lint are not there",
        hint="install crosswind with its extra: pip install 'crosswind[local]'",
    )


@dataclass(frozen=True)
class TypeSchema:
    """One resource type's schema. Property paths have no `/properties/` in front: `Destination/Bucket`."""

    type_name: str
    raw: Mapping[str, Any]

    @cached_property
    def read_only(self) -> frozenset[str]:
        """Properties that only AWS sets."""
        return self._paths("readOnlyProperties")

    @cached_property
    def create_only(self) -> frozenset[str]:
        """Properties whose change means a new resource."""
        return self._paths("createOnlyProperties") | self._paths("conditionalCreateOnlyProperties")

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Properties that together name the resource."""
        return self._paths("primaryIdentifier")

    @property
    def deletes_before_creating(self) -> bool:
        """Whether a replacement first deletes the old resource (two cannot exist at once)."""
        return bool(self.raw.get("replacementStrategy") == "delete_then_create")

    @cached_property
    def attributes(self) -> frozenset[str]:
        """What `Fn::GetAtt` can name: the read-only properties, nested ones with a dot."""
        return frozenset(path.replace("/", ".") for path in self.read_only)

    def needs_replacement(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether going from `old` to `new` changes a create-only property."""
        return any(_at(old, path) != _at(new, path) for path in self.create_only)

    def keeps_its_name(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether the template itself names the resource, and names it the same before and after."""
        given = [path for path in self.identifiers if _at(new, path) is not None]
        return (
            bool(given)
            and len(given) == len(self.identifiers)
            and all(_at(old, path) == _at(new, path) for path in given)
        )

    def _paths(self, key: str) -> frozenset[str]:
        return frozenset(str(path).removeprefix(_PREFIX) for path in self.raw.get(key, ()))


class Catalogue:
    """Schemas by type, read when first asked for.

    Args:
        folder: cfn-lint's `data/schemas`; found when not given.
        region: the Region whose index says which types there are; us-east-1 has nearly all.
    """

    def __init__(self, folder: Path | None = None, region: str = "us-east-1") -> None:
        self._folder = folder or schema_folder()
        self._region = region
        self._lock = threading.Lock()
        self._schemas: dict[str, TypeSchema] = {}

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Every type that AWS has, with the name of its schema file."""
        index = json.loads((self._folder / "providers" / f"{self._region}.json").read_text())
        return {str(name): str(digest) for name, digest in index.items()}

    def schema(self, type_name: str) -> TypeSchema:
        """One type's schema.

        Raises:
            KeyError: when AWS has no such type.
        """
        with self._lock:
            if type_name not in self._schemas:
                file = self._folder / "resources" / f"{self.types[type_name]}.json"
                self._schemas[type_name] = TypeSchema(type_name, json.loads(file.read_text()))
            return self._schemas[type_name]


def _at(properties: Mapping[str, Any], path: str) -> Any:
    value: Any = properties
    for step in path.split("/"):
        if isinstance(value, list):
            value = [_at(item, step) for item in value if isinstance(item, dict)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value
