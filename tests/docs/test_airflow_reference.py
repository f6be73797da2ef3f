"""The Airflow package's page: every public name, every argument with its default. Airflow is not imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import crosswind.airflow
from crosswind.airflow import _HOME as HOME
from crosswind.cli import wire
from crosswind.synth.files import names_file
from crosswind.topology import parse_topology

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "crosswind" / "airflow"
TEXT = (ROOT / "docs" / "reference" / "airflow.md").read_text()
ROW = re.compile(r"^\| `([a-z_]+)` \| `?([^|`]+)`? \| [^|]+ \|$", re.MULTILINE)

# Where the arguments of each class with a constructor of its own are, by module.
SECTIONS = {
    ("operators.job", "RemoteJobOperator"): "What every job operator does",
    ("operators.glue", "CrossAccountGlueJobOperator"): "`CrossAccountGlueJobOperator`",
    ("operators.sagemaker", "CrossAccountSageMakerTrainingOperator"): "`CrossAccountSageMakerTrainingOperator`",
    ("operators.processing", "CrossAccountSageMakerProcessingOperator"): "`CrossAccountSageMakerProcessingOperator`",
    ("operators.lambda_", "CrossAccountLambdaOperator"): "`CrossAccountLambdaOperator`",
    ("operators.handover", "PublishHandover"): "`PublishHandover`",
    ("sensors.arrival", "ArrivalSensor"): "`ArrivalSensor`",
    ("hooks.cross_account", "AssumedSession"): "Hooks and sessions",
}
# Classes that others build on, and that have no section of their own: by name, their modules.
SHARED = {"ConfiguredJobOperator": "operators.configured", "PlacedOperator": "operators.placed"}


def sections() -> dict[str, str]:
    """The page's second-level sections by title."""
    return {part.split("\n", 1)[0]: part for part in TEXT.split("\n## ")[1:]}


def tree(module: str) -> ast.Module:
    return ast.parse(PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text())


def defined(module: str, name: str) -> Any:
    """The class or function of a module, as it is written."""
    return next(node for node in tree(module).body if getattr(node, "name", "") == name)


def constructor(module: str, name: str) -> ast.FunctionDef | None:
    methods = (node for node in defined(module, name).body if isinstance(node, ast.FunctionDef))
    return next((method for method in methods if method.name == "__init__"), None)


def arguments(function: ast.FunctionDef) -> dict[str, str]:
    """The arguments of a function by name, with the text of their defaults; `required` without one."""
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    given: list[ast.expr | None] = [None] * (len(positional) - len(spec.defaults)) + list(spec.defaults)
    pairs = [*zip(positional, given, strict=True), *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]
    found = {one.arg: "required" if default is None else ast.unparse(default) for one, default in pairs}
    return {name: default.replace("'", '"') for name, default in found.items() if name != "self"}


def documented(title: str) -> dict[str, str]:
    rows = ROW.findall(sections()[title])
    assert len(rows) == len(dict(rows)), title
    return {name: default.strip() for name, default in rows}


def known(module: str, name: str) -> dict[str, str]:
    """The arguments of a class, and of what it builds on that has no section of its own."""
    function = constructor(module, name)
    found = arguments(function) if function else {}
    for base in (ast.unparse(base) for base in defined(module, name).bases):
        if base in SHARED:
            found = known(SHARED[base], base) | found
    return found


@pytest.mark.parametrize(("module", "name"), SECTIONS, ids=[name for _, name in SECTIONS])
def test_arguments_and_defaults(module: str, name: str) -> None:
    assert documented(SECTIONS[module, name]) == known(module, name)


def test_every_operator_sensor_and_publisher_has_a_section() -> None:
    public = {name for name, home in HOME.items() if home.startswith(("operators.", "sensors."))}
    assert public == {
        name for module, name in SECTIONS if name in HOME and module.startswith(("operators.", "sensors."))
    }


def test_every_public_name_is_on_the_page_and_no_other_is_listed() -> None:
    rows = re.findall(r"^\| (`.+?`) \| ", sections()["Names"], re.MULTILINE)
    listed = {re.split(r"\W", name)[0] for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert listed == set(crosswind.airflow.__all__)


def functions() -> list[tuple[str, str]]:
    return [(name, home) for name, home in HOME.items() if isinstance(defined(home, name), ast.FunctionDef)]


@pytest.mark.parametrize(("name", "home"), functions(), ids=[name for name, _ in functions()])
def test_functions_are_written_with_their_arguments(name: str, home: str) -> None:
    function = defined(home, name)
    bare = ast.parse(f"def {name}({ast.unparse(function.args)}): pass").body[0]
    assert isinstance(bare, ast.FunctionDef)
    every = [*bare.args.posonlyargs, *bare.args.args, *bare.args.kwonlyargs]
    for argument in every:
        argument.annotation = None
    assert f"`{name}({ast.unparse(bare.args)})`".replace("'", '"') in TEXT


def test_the_snippets_are_the_examples() -> None:
    dags = "\n".join(file.read_text() for file in sorted((wire.example().parent / "dags").glob("*.py")))
    declared = {line.strip() for line in dags.splitlines()}
    shown = [line for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
    assert shown
    assert [line for line in shown if line.strip() not in declared] == []


def test_the_names_file_is_described_member_by_member() -> None:
    topology, _ = parse_topology(wire.example().read_text())
    document = names_file(topology)
    rows = dict(re.findall(r"^\| (`[^|]+) \| ([^|]+) \|$", sections()["The names file"], re.MULTILINE))
    assert f"`schema_version` {document['schema_version']}" in sections()["The names file"]
    for member, value in document.items():
        if member == "schema_version":
            continue
        row = next((text for title, text in rows.items() if f"`{member}`" in title or f"`{member}.*`" in title), None)
        assert row is not None, member
        missing = [name for name in named_members(member, value) if f"`{name}`" not in row]
        assert missing == [], member


def named_members(member: str, value: Any) -> set[str]:
    """The members of what lies under a top-level member; under names for all but the intervals."""
    if not isinstance(value, dict):
        return set()
    if member == "intervals":
        return set(value)
    return {name for each in value.values() for name in inner(each)}


def inner(value: dict[str, Any]) -> Iterator[str]:
    for name, held in value.items():
        yield name
        if isinstance(held, dict):
            yield from inner(held)
