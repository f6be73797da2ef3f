"""A topology split over files: what `include` names, read and put beside what the topology file declares.

A file that is included declares objects (accounts, sites, buckets, ...) and nothing else: what there is once (the hub,
the name, `include` itself) is in the topology file, so that one file says what the whole consists of. Names are those
of the whole topology; paths of files are relative to the topology file, whichever file names them.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from crosswind.errors import Place, TopologyError
from crosswind.topology.document import parse
from crosswind.topology.model import GROUPS, Topology
from crosswind.topology.places import Loc, Places
from crosswind.topology.source import text_of
from crosswind.topology.wording import escaped, nearest, quoted, shown

__all__ = ["include"]


def include(data: dict[str, Any], places: Places, path: Path) -> list[TopologyError]:
    """Read the included files into the data and the places of the topology file.

    Args:
        data: of the topology file; gets what the others declare.
        places: of the topology file; gets theirs.
        path: of the topology file.

    Returns:
        The faults, in no order: of the patterns, of the files' form, of names that are declared twice.
    """
    faults: list[TopologyError] = []
    patterns = data.get("include")
    if patterns is None:
        return faults
    if not isinstance(patterns, list):
        hint = "write a list: [teams/*.yaml]"
        return [TopologyError(f"{shown(patterns)} is not a list", place=places.of("include"), hint=hint)]
    files: dict[Path, str] = {}
    for index, pattern in enumerate(patterns):
        if isinstance(pattern, str):
            found, faulty = _matched(pattern, path, places.of("include", index))
            faults += faulty
            files |= found
    for file, name in sorted(files.items()):
        try:
            part, part_places, faulty = parse(text_of(file, name), name)
        except TopologyError as error:
            faults += error.faults or (error,)
            continue
        faults += faulty
        faults += _joined(data, places, part, part_places)
    return faults


def _matched(pattern: str, path: Path, place: Place) -> tuple[dict[Path, str], list[TopologyError]]:
    """The files that a pattern names, each with its name for places, and the faults of the pattern."""

    def fault(message: str, hint: str) -> tuple[dict[Path, str], list[TopologyError]]:
        return {}, [TopologyError(message, place=place, hint=hint)]

    told, parts = shown(pattern), PurePosixPath(pattern).parts
    root = path.resolve().parent
    if not parts or parts[0] == "/" or ".." in parts:
        return fault(
            f"{told} leads out of the folder of {path.name}",
            f"include files beside or below {path.name}, such as teams/*.yaml",
        )
    if "**" in pattern:
        return fault(f"{told}: ** is not taken, since it would walk through every folder", "write teams/*/*.yaml")
    found = sorted(glob.glob(pattern, root_dir=root))
    if not found:
        return fault(f"no file is {told}{_beside(root, pattern)}", "make the file, or correct the pattern")
    files = {(root / each).resolve(): escaped(str(path.parent / each)) for each in found}
    for file, name in files.items():
        if file == path.resolve():
            return fault(f"{told} includes {path.name} itself", "put the files of others into a folder: teams/*.yaml")
        if not file.is_relative_to(root):
            return fault(
                f"{name} is a link that leads out of the folder of {path.name}", "put the file itself into the folder"
            )
        if file.is_dir():
            return fault(f"{name} is a folder", f"include the files in it: {PurePosixPath(pattern) / '*.yaml'}")
    return files, []


def _beside(root: Path, pattern: str) -> str:
    """The YAML files where a pattern looked in vain, or else next to the topology file; at most five."""
    for folder in (root / PurePosixPath(pattern).parent, root):
        if glob.has_magic(str(folder)) or not folder.is_dir():
            continue
        found = sorted(each.name for each in folder.iterdir() if each.suffix in (".yaml", ".yml"))
        if found:
            where = "here" if folder == root else f"in {folder.relative_to(root)}"
            return f"; {where} there are: {', '.join(found[:5])}"
    return ""


def _joined(data: dict[str, Any], places: Places, part: Any, part_places: Places) -> Iterator[TopologyError]:
    """Put what a file declares beside the rest."""
    if not isinstance(part, dict):
        yield TopologyError(
            f"{shown(part)} is no mapping (key: value)",
            place=part_places.of(),
            hint=f"declare objects under {', '.join(GROUPS)}",
        )
        return
    kept: set[Loc] = set()
    for group, objects in part.items():
        if group not in GROUPS:
            yield _misplaced(group, places, part_places)
        elif not isinstance(objects, dict):
            yield TopologyError(
                f'key "{group}" has no value' if objects is None else f"{shown(objects)} is not a mapping (key: value)",
                place=part_places.of(group),
                hint=f"declare {group} there, or remove the key",
            )
        elif isinstance(whole := data.setdefault(group, {}), dict):
            for name, declared in objects.items():
                if name in whole:
                    yield _twice(group, name, places, part_places)
                    continue
                whole[name] = declared
                kept.add((group, name))
    for loc, line in part_places.lines.items():
        if loc[:2] in kept:
            places.lines[loc] = line
    places.written.update({loc: text for loc, text in part_places.written.items() if loc[:2] in kept})
    places.included.update(dict.fromkeys(kept, part_places.file))


def _misplaced(key: str, places: Places, part_places: Places) -> TopologyError:
    valid = f"an included file may have: {quoted(GROUPS)}"
    if key in Topology.model_fields:
        message, hint = f'key "{key}" belongs in {places.file} alone; {valid}', f"move it to {places.file}"
    else:
        message, hint = f'key "{key}" is not known; {valid}', f"{nearest(key, GROUPS)}correct or remove the key"
    return TopologyError(message, place=part_places.of(key), hint=hint)


def _twice(group: str, name: str, places: Places, part_places: Places) -> TopologyError:
    first = places.of(group, name)
    return TopologyError(
        f'"{name}" is declared twice, first in {first.file}:{first.line}',
        place=part_places.of(group, name),
        hint="rename one of the two, or remove it; names are the whole topology's, whichever file declares them",
    )
