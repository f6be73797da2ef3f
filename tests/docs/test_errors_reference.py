"""Every error of the tree is documented, with its code and exit code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import crosswind.errors
from crosswind.errors import CrosswindError

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
ROW = re.compile(r"^\| (CW\d{3}) \| `(\w+)` \| (\d) \|", re.MULTILINE)


def test_the_page_lists_exactly_the_errors_of_the_tree() -> None:
    tree = {
        (error.code, name, error.exit_code)
        for name, error in inspect.getmembers(crosswind.errors, inspect.isclass)
        if issubclass(error, CrosswindError)
    }
    page = {(code, name, int(status)) for code, name, status in ROW.findall(PAGE.read_text())}
    assert page == tree


def test_the_tree_drawn_in_the_docstring_is_the_tree() -> None:
    drawn = set(re.findall(r"(\w+Error)\s+(CW\d{3})", crosswind.errors.__doc__ or ""))
    tree = {
        (name, error.code)
        for name, error in inspect.getmembers(crosswind.errors, inspect.isclass)
        if issubclass(error, CrosswindError)
    }
    assert drawn == tree


def test_codes_are_unique() -> None:
    codes = [
        error.code
        for _, error in inspect.getmembers(crosswind.errors, inspect.isclass)
        if issubclass(error, CrosswindError)
    ]
    assert len(codes) == len(set(codes))


def test_the_errors_of_the_airflow_package_are_told() -> None:
    package = Path(crosswind.errors.__file__).parent / "airflow"
    sources = [file.read_text() for file in package.rglob("*.py")]
    ours = {name for text in sources for name in re.findall(r"^class ([A-Z]\w+Error)\(", text, re.MULTILINE)}
    assert ours
    assert {name for name in ours if f"`{name}`" not in PAGE.read_text()} == set()
