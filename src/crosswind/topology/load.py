"""Read `crosswind.yaml`: text, then YAML with lines, then the files it includes, then models, then the rules."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crosswind.errors import TopologyError
from crosswind.topology.check import check
from crosswind.topology.document import parse
from crosswind.topology.faults import faults_of
from crosswind.topology.include import include
from crosswind.topology.model import Topology
from crosswind.topology.places import Places
from crosswind.topology.source import text_of
from crosswind.topology.wording import shown

__all__ = ["Declared", "load", "parse_topology", "read"]

_VERSION = 1


@dataclass(frozen=True)
class Declared:
    """A topology as read, before the rules between its objects.

    Attributes:
        topology: the models.
        places: the file and line of each key.
        root: the folder of the topology file; declared paths are relative to it.
    """

    topology: Topology
    places: Places
    root: Path


def load(path: Path) -> Topology:
    """Read a topology file, with those it includes, and hold it against every rule.

    Args:
        path: of the file.

    Raises:
        TopologyError: with every fault found, in file order.
    """
    declared = read(path)
    faults = check(declared.topology, declared.places, declared.root)
    if faults:
        raise TopologyError.of(faults)
    return declared.topology


def read(path: Path) -> Declared:
    """Read a topology file, with those it includes, into models; rules between objects are not held yet.

    Raises:
        TopologyError: with every fault found, in file order.
    """
    data, places, faults = _mapping(text_of(path), str(path))
    broken = include(data, places, path)
    if broken:  # what is missing then would be told as undeclared, in vain
        raise TopologyError.of([*faults, *broken])
    return Declared(_modelled(data, places, faults), places, path.resolve().parent)


def parse_topology(text: str, file: str = "crosswind.yaml") -> tuple[Topology, Places]:
    """A topology from the text of one file; files that it includes are not read.

    Args:
        text: YAML.
        file: its name, for places.

    Raises:
        TopologyError: with every fault found, in file order.
    """
    data, places, faults = _mapping(text, file)
    return _modelled(data, places, faults), places


def _mapping(text: str, file: str) -> tuple[dict[str, Any], Places, list[TopologyError]]:
    """What a topology file holds, when it is of a version that is known here."""
    data, places, faults = parse(text, file)
    if not isinstance(data, dict):
        form = TopologyError(
            f"the file holds {shown(data)}, not a mapping (key: value)",
            place=places.of(),
            hint="begin with `version: 1`",
        )
        raise TopologyError.of([*faults, form])
    _refuse_version(data, places)
    return data, places, faults


def _modelled(data: dict[str, Any], places: Places, faults: list[TopologyError]) -> Topology:
    try:
        # JSON, since strict models take lists for tuples there, and nothing else there but plain values.
        topology = Topology.model_validate_json(json.dumps(data))
    except ValidationError as error:
        told = {fault.place.path for fault in faults}  # what could not be read has no value, or none of the right form
        others = [fault for fault in faults_of(error, data, places) if fault.place.path not in told]
        raise TopologyError.of([*faults, *others]) from error
    if faults:
        raise TopologyError.of(faults)
    return topology


def _refuse_version(data: dict[str, Any], places: Places) -> None:
    """An unknown version alone is the fault: the other keys may mean something else there."""
    version = data.get("version", _VERSION)
    if type(version) is int and version == _VERSION:
        return
    hint = "write `version: 1`"
    if type(version) is int and version > _VERSION:
        hint += ", or use the Crosswind that made this file"
    told = f"{shown(version)} is not a version of the file; known: {_VERSION}"
    if version is None:
        told = f'key "version" has no value; known: {_VERSION}'
    raise TopologyError(told, place=places.of("version"), hint=hint)
