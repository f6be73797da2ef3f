"""The names file beside the DAGs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosswind.airflow.settings import Site, load_topology
from crosswind.errors import InputError
from tests.airflow.conftest import names_document


def written(folder: Path, document: Any, name: str = "unified-pipelines") -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / f"{name}.json").write_text(text)
    return str(folder / "some_dag.py")


def test_the_names_are_read(tmp_path: Path) -> None:
    names = load_topology(written(tmp_path, names_document()))
    assert names.topology == "unified-pipelines"
    west = Site("ml", "222222222222", "us-west-2", "aws_crossaccount_role_conn_west2")
    assert names.sites["ml"] == west
    assert names.connections["aws_crossaccount_role_conn_west2"] == west
    assert names.jobs["penguins_training"].site == west
    assert names.jobs["penguins_training"].config_key == "config/penguins_training.json"
    assert names.buckets["source"].region == "us-east-1"
    assert names.intervals.job_attempts * names.intervals.job_seconds >= 12 * 3600


def test_a_name_chooses_among_several(tmp_path: Path) -> None:
    dag_file = written(tmp_path, names_document())
    written(tmp_path, names_document() | {"topology": "other"}, "other")
    with pytest.raises(InputError, match=r"2 names files; exactly one is needed, other\.json, unified"):
        load_topology(dag_file)
    assert load_topology(dag_file, "other").topology == "other"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("{", "not JSON"),
        ("[]", "schema_version is None"),
        ({"schema_version": 2}, "schema_version is 2; this crosswind reads 1"),
        ({"sites": {"ml": {"account": "1"}}}, "a member is missing"),
        ({"buckets": {"source": {"nmae": "x"}}}, "a member is missing or of another shape"),
        ({"jobs": {"x": {"type": "glue", "site": "nowhere"}}}, "'nowhere'"),
        ({"intervals": None}, "a member is missing or of another shape"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, change: Any, says: str) -> None:
    document = change if isinstance(change, str) else names_document() | change
    with pytest.raises(InputError, match=says) as found:
        load_topology(written(tmp_path, document))
    assert "unified-pipelines.json" in str(found.value)


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 names files"):
        load_topology(str(tmp_path / "some_dag.py"))
