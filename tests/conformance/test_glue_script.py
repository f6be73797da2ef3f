"""The shipped Glue script gives on Sail what it gives on Apache Spark."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path

import pytest

from tests.conformance.conftest import Bench, Objects

EXAMPLE = Path(__file__).parents[2] / "examples" / "unified_pipelines"
SCRIPT = EXAMPLE / "jobs" / "glue" / "mwaa_glue_raw_to_transform.py"
PENGUINS = (EXAMPLE / "data" / "ml_train_data.csv").read_bytes()
PREFIX = "transformed/run-1/"


def untidy(rows: int = 1500, seed: int = 7) -> bytes:
    """Raw penguins as bad as they come: junk, blanks, quotes, words for numbers, unknown islands, repeated rows."""
    choose = random.Random(seed)
    header = next(csv.reader(io.StringIO(PENGUINS.decode())))
    odd = ("", " ", "NA", "N/A", "nan", "-", "12,5", '4"5', " 17.25 ", "1e3", "1E-7", "+3", "-0.0", "0x10", "3.", ".5")
    cells = {
        "Species": (
            "Adelie Penguin (Pygoscelis adeliae)",
            " Gentoo penguin",
            "Chinstrap",
            "adelie",
            "Emperor",
            "",
            '"A"',
        ),
        "Island": ("Biscoe", " Dream ", "Torgersen", "torgersen", "Ross", ""),
        "Sex": ("MALE", "FEMALE", " male ", "Female", ".", "", "NA"),
        "Comments": ("", "a, b", 'said "no"', "Zoë's", "tab\there"),
    }
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for number in range(rows):
        row = [_cell(name, number, cells, odd, choose) for name in header]
        writer.writerows([row] * choose.choice((1, 1, 1, 2)))
    return text.getvalue().encode()


def _cell(
    name: str, number: int, cells: dict[str, tuple[str, ...]], odd: tuple[str, ...], choose: random.Random
) -> str:
    if name in cells:
        return choose.choice(cells[name])
    if name == "Individual ID":
        return f"N{number}é" if number % 3 else f" N{number} "
    if name == "studyName":
        return choose.choice(("PAL0708", " PAL0809", ""))
    return choose.choice(odd) if choose.random() < 0.3 else str(round(choose.uniform(-30, 6000), choose.randrange(6)))


@pytest.fixture(scope="module", params=["shipped", "untidy"])
def outputs(request: pytest.FixtureRequest, bench: Bench) -> dict[str, Objects]:
    raw = PENGUINS if request.param == "shipped" else untidy()
    return bench.results(request.param, SCRIPT, {"raw/x.csv": raw}, input="raw/x.csv", prefix=PREFIX)


def manifest(objects: Objects) -> dict[str, object]:
    """The manifest, part files reduced to their folders."""
    document = json.loads(objects[f"{PREFIX}manifest.json"])
    assert all(objects[key] for key in document["keys"])
    return {**document, "keys": [key.rpartition("/")[0] for key in document["keys"]]}


def rows(objects: Objects, part: str) -> list[list[str]]:
    """The rows of what the manifest lists below a part, sorted: the order of rows means nothing.

    Every cell is a number or empty. Numbers are compared as numbers: Spark writes 1.0E-7, Sail 1e-7.
    """
    keys = json.loads(objects[f"{PREFIX}manifest.json"])["keys"]
    lines = [line for key in keys if f"/{part}/" in key for line in objects[key].decode().splitlines()]
    return sorted([repr(float(cell)) if cell else "" for cell in line.split(",")] for line in lines)


@pytest.mark.parametrize("part", ["train", "validation"])
def test_rows_are_the_same(outputs: dict[str, Objects], part: str) -> None:
    assert len(rows(outputs["spark"], part)) > 30
    assert rows(outputs["sail"], part) == rows(outputs["spark"], part)


def test_manifests_are_the_same(outputs: dict[str, Objects]) -> None:
    assert manifest(outputs["sail"]) == manifest(outputs["spark"])
    assert manifest(outputs["spark"])["keys"] == [f"{PREFIX}train", f"{PREFIX}validation"]
