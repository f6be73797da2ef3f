"""What a portable Glue script relies on, one by one; and what Sail is known to do otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.conftest import Bench

HERE = Path(__file__).parent
TABLE: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load((HERE / "expressions.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def results(bench: Bench) -> dict[str, dict[str, Any]]:
    cases = [{"name": name, **case} for section in TABLE.values() for name, case in section.items()]
    outputs = bench.results("expressions", HERE / "probe.py", {"cases.json": json.dumps(cases).encode()})
    return {engine: json.loads(objects["results.json"]) for engine, objects in outputs.items()}


@pytest.mark.parametrize("name", TABLE["same"])
def test_sail_does_as_spark(results: dict[str, dict[str, Any]], name: str) -> None:
    assert "error" not in results["spark"][name]
    assert results["sail"][name] == results["spark"][name]


@pytest.mark.parametrize("name", TABLE["different"])
def test_sail_does_otherwise(results: dict[str, dict[str, Any]], name: str) -> None:
    assert "error" not in results["spark"][name]
    assert results["sail"][name] != results["spark"][name]
