"""The faulty topologies of `errors/`, and what their reader is told.

- `errors/*.md`: changes of a sound topology, by part of the file. Each section is a case: a diff of the sound file that
  the page names, and under it what is told. `sound.yml` is one file, `split/` several.
- `errors/*.yaml`: whole files, where the fault is in the form of the file itself; told in the `.txt` beside.
- `errors/every_key.txt`: `every_key.yml` with each of its keys misspelt, without a value, with one of another form, and
  left out.

The told parts are generated, the rest is written by hand.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crosswind.errors import TopologyError
from crosswind.topology import check, parse_topology, read

__all__ = ["ERRORS", "Case", "cases", "pages", "told", "told_of_file", "whole_files"]

ERRORS = Path(__file__).parent / "errors"
_MAIN = "crosswind.yaml"
_BASE = re.compile(r"\]\((\S+?)\)")
_SECTION = re.compile(
    r"^## (?P<name>[^\n]+)\n\n```diff\n(?P<diff>.*?)^```\n\n```\n(?P<told>.*?)^```\n", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Case:
    """A faulty topology.

    Attributes:
        page: its page, without `.md`.
        name: what is wrong in it.
        files: the text of each file of the topology, by its path.
        record: what is on record as told.
    """

    page: str
    name: str
    files: Mapping[str, str]
    record: str


def cases() -> list[Case]:
    """Every case of the pages."""
    found = []
    for page in sorted(ERRORS.glob("*.md")):
        text = page.read_text()
        base = _base(text.partition("\n## ")[0])
        found += [
            Case(page.stem, each["name"], _changed(base, each["diff"], each["name"]), each["told"])
            for each in _SECTION.finditer(text)
        ]
    return found


def whole_files() -> list[Path]:
    """Every case that is a whole file."""
    return sorted(ERRORS.glob("*.yaml"))


def pages() -> dict[Path, str]:
    """The text of every page, with what is told now."""
    found: dict[tuple[str, str], Case] = {(case.page, case.name): case for case in cases()}
    texts = {}
    for page in sorted(ERRORS.glob("*.md")):

        def anew(section: re.Match[str], page: str = page.stem) -> str:
            new = told(found[page, section["name"]].files)
            return section[0].removesuffix(f"{section['told']}```\n") + f"{new}```\n"

        texts[page] = _SECTION.sub(anew, page.read_text())
    return texts


def told(files: Mapping[str, str]) -> str:
    """What the reader of a topology is told, by its files; empty when it is sound."""
    if len(files) > 1:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch).resolve() / "topology"
            shutil.copytree(ERRORS, folder, ignore=shutil.ignore_patterns("*.md", "*.y*ml", "split"))
            for name, text in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text)
            return told_of_file(folder / _MAIN)
    try:
        topology, places = parse_topology(files[_MAIN], _MAIN)
        faults = check(topology, places, ERRORS)
    except TopologyError as error:
        return f"{error}\n"
    return f"{TopologyError.of(faults)}\n" if faults else ""


def told_of_file(path: Path) -> str:
    """What the reader of a topology file is told; empty when it is sound."""
    try:
        declared = read(path)
        faults = check(declared.topology, declared.places, declared.root)
        error = TopologyError.of(faults) if faults else None
    except TopologyError as raised:
        error = raised
    return f"{error}\n".replace(f"{path.parent}/", "") if error else ""


def _base(head: str) -> dict[str, str]:
    """The sound topology that the head of a page links: a file, or a folder of files."""
    found = _BASE.search(head)
    assert found, "the head of the page links the topology that its cases change"
    path = ERRORS / found[1]
    if path.is_file():
        return {_MAIN: path.read_text()}
    return {each.relative_to(path).as_posix(): each.read_text() for each in sorted(path.rglob("*.yaml"))}


def _changed(base: Mapping[str, str], diff: str, name: str) -> dict[str, str]:
    """The files with a diff applied: hunks apart by an empty line; `--- FILE` before those of another file."""
    files, file = dict(base), _MAIN
    for hunk in re.split(r"\n\n", diff.strip("\n")):
        lines = hunk.splitlines()
        if lines[0].startswith("--- "):
            file, lines = lines[0].removeprefix("--- "), lines[1:]
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        count = len(list(_places(files.get(file, ""), before)))
        assert count == 1 or not before, f"{name}: these lines are there {count} times, not once:\n{before}"
        files[file] = f"\n{files.get(file, '')}".replace(f"\n{before}", f"\n{after}", 1)[1:] if before else after
    return files


def _places(text: str, lines: str) -> Iterator[int]:
    """Where whole lines are in a text."""
    return (found.start() for found in re.finditer(rf"^{re.escape(lines)}", text, re.MULTILINE))
