"""Read `crosswind.yaml`: text, then YAML with lines, then models, then the rules between them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crosswind.errors import Place, TopologyError
from crosswind.topology.check import check
from crosswind.topology.faults import faults_of
from crosswind.topology.model import Topology
from crosswind.topology.places import MAX_BYTES, Places, parse

__all__ = ["Declared", "load", "parse_topology", "read"]

_VERSION = 1


@dataclass(frozen=True)
class Declared:
    """A topology as read, before the rules between its objects.

    Attributes:
        topology: the models.
        places: the line of each key.
        root: the folder of the file; declared paths are relative to it.
    """

    topology: Topology
    places: Places
    root: Path


def load(path: Path) -> Topology:
    """Read a topology file and hold it against every rule.

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
    """Read a topology file into models; rules between objects are not held yet.

    Raises:
        TopologyError: with every fault found, in file order.
    """
    topology, places = parse_topology(_text(path), str(path))
    return Declared(topology, places, path.resolve().parent)


def parse_topology(text: str, file: str = "crosswind.yaml") -> tuple[Topology, Places]:
    """A topology from its text.

    Args:
        text: YAML.
        file: its name, for places.

    Raises:
        TopologyError: with every fault found, in file order.
    """
    data, places, faults = parse(text, file)
    if not isinstance(data, dict):
        if faults:
            raise TopologyError.of(faults)
        raise TopologyError("the file is not a mapping (key: value)", place=places.of(), hint="begin with `version: 1`")
    _refuse_version(data, places)
    try:
        # JSON, since strict models take lists for tuples there, and nothing else there but plain values.
        topology = Topology.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise TopologyError.of([*faults, *faults_of(error, data, places)]) from error
    if faults:
        raise TopologyError.of(faults)
    return topology, places


def _refuse_version(data: dict[str, Any], places: Places) -> None:
    """An unknown version alone is the fault: the other keys may mean something else there."""
    version = data.get("version", _VERSION)
    if version is not True and version == _VERSION:
        return
    raise TopologyError(
        f"version {version} of the file is not known; known: {_VERSION}",
        place=places.of("version"),
        hint="write `version: 1`, or use the Crosswind that made this file",
    )


def _text(path: Path) -> str:
    file = Place(str(path))
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise TopologyError(
            f"the file cannot be read: {error.strerror or error}",
            place=file,
            hint="name another with `--file`, or change into its folder",
        ) from error
    if size > MAX_BYTES:
        raise TopologyError(
            f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read",
            place=file,
            hint="is it the topology file?",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TopologyError("the file is not UTF-8", place=Place(str(path), line), hint="save it as UTF-8") from error
