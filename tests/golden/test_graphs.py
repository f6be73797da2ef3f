"""The pictures are those on record, and the one in the documentation is the example's."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

from tests.golden.regenerate import GRAPHS, graphs
from tests.golden.thirty_sites import thirty_sites

FILES = graphs()
SVG = "{http://www.w3.org/2000/svg}"
IMAGE = Path(__file__).parents[2] / "docs" / "images" / "unified-pipelines.svg"


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda path: path.name)
def test_file_is_as_on_record(path: Path) -> None:
    assert path.exists(), "not on record; run `make golden`, look at the picture and review the new file"
    assert FILES[path] == path.read_text(), "run `make golden`, look at the picture and review the difference"


def test_nothing_stale_is_on_record() -> None:
    assert set(GRAPHS.iterdir()) == set(FILES)


def test_the_picture_in_the_documentation_is_the_examples() -> None:
    assert IMAGE.read_text() == FILES[GRAPHS / "unified_pipelines.svg"], "crosswind graph --out it"


@pytest.mark.parametrize("path", sorted(path for path in FILES if path.suffix == ".svg"), ids=lambda path: path.name)
def test_it_fits_on_a_page_and_looks_at_the_readers_surroundings(path: Path) -> None:
    root = ET.fromstring(FILES[path])
    assert 480 <= int(root.attrib["width"]) <= 1280
    assert root.attrib["viewBox"] == f"0 0 {root.attrib['width']} {root.attrib['height']}"
    assert "prefers-color-scheme:dark" in "".join(root.find(f"{SVG}style").itertext())  # type: ignore[union-attr]
    page = root.find(f"{SVG}rect")
    assert page is not None
    assert page.attrib["class"] == "page"


def test_thirty_sites_are_all_in_both() -> None:
    topology = thirty_sites()
    assert len(topology.sites) == 30
    root = ET.fromstring(FILES[GRAPHS / "thirty_sites.svg"])
    keys = Counter(group.attrib.get("data-key", "") for group in root.iter(f"{SVG}g"))
    wanted = [f"site:{name}" for name in topology.sites] + [f"bucket:{name}" for name in topology.buckets]
    wanted += [f"job:{name}" for name in topology.jobs] + [f"account:{name}" for name in topology.accounts]
    assert [key for key in wanted if keys[key] != 1] == []
    lines = FILES[GRAPHS / "thirty_sites.mmd"].splitlines()
    for kind, names in (("site", topology.sites), ("S3", topology.buckets)):
        for name in names:
            found = [line for line in lines if re.search(rf"[\"(]{kind} {name}[\"<]", line)]
            assert len(found) == 1, (kind, name)
