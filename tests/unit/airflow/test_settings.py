"""The names file beside the DAGs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosswind.airflow.names_file import load_topology, read_names
from crosswind.airflow.settings import Bucket, FailureQueue, Site, TopologyNames
from crosswind.errors import InputError
from tests.airflow.conftest import names_document


def written(folder: Path, document: Any, name: str = "unified-pipelines") -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / f"{name}.json").write_text(text)
    return str(folder / "some_dag.py")


def names(folder: Path) -> TopologyNames:
    return load_topology(written(folder, names_document()))


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
        ({"schema_version": 1}, "schema_version is 1; this crosswind reads 2"),
        ({"replications": {"x": {"mover": "crr", "source": "nowhere"}}}, "'nowhere'"),
        ({"replications": {"x": {"mover": "cart"}}}, "x.mover is 'cart'; there are crr, crr-rtc, copy, in-place"),
        ({"sites": {"ml": {"account": "1", "region": "r", "connection": "c", "colour": "blue"}}}, "colour"),
        ({"sites": {"ml": {"account": "1"}}}, "a member is missing"),
        ({"buckets": {"source": {"nmae": "x"}}}, "a member is missing or of another shape"),
        ({"jobs": {"x": {"type": "glue", "site": "nowhere"}}}, "'nowhere'"),
        (
            {"jobs": {"x": {"type": "ray", "site": "ml"}}},
            "a job is 'ray'; there are glue, glue_python_shell, sagemaker",
        ),
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


def test_jobs_and_replications_are_read(tmp_path: Path) -> None:
    known = names(tmp_path)
    glue = known.job("mwaa_glue_raw_to_transform", "glue")
    assert (glue.claims_bucket, glue.claims_prefix) == (known.bucket("source").name, "_crosswind/claims/")
    assert (glue.timeout_seconds, glue.log_group) == (900, "/aws-glue/jobs")
    function = known.job("dagcleanup")
    assert (function.results_bucket, function.results_prefix) == (known.bucket("destination").name, "results/")
    moved = known.replication("transformed")
    assert (moved.source, moved.destination) == (known.bucket("source"), known.bucket("destination"))
    assert (moved.folder, moved.mover, moved.repair) == ("transformed", "crr", False)
    assert isinstance(moved.failures, FailureQueue)
    assert (known.intervals.reap_seconds, known.sites["ml"].console_role) == (300, "")


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    document = names_document()
    document["replications"]["transformed"]["failures"] = None
    document["jobs"]["dagcleanup"]["results"] = None
    known = load_topology(written(tmp_path, document))
    assert known.replication("transformed").failures is None
    assert known.job("dagcleanup").results_bucket == ""


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (
            lambda known: known.job("x"),
            "no job 'x' is declared. Declared: dagcleanup, mwaa_glue_raw_to_transform, peng",
        ),
        (lambda known: known.job("dagcleanup", "glue"), "no glue job 'dagcleanup' is declared. Declared: mwaa_glue"),
        (lambda known: known.site("x"), "no site 'x' is declared. Declared: ml, processing"),
        (lambda known: known.bucket("x"), "no bucket 'x' is declared. Declared: destination, source"),
        (lambda known: known.replication("x"), "no replication 'x' is declared. Declared: transformed"),
        (lambda known: known.folder("x/y"), "no bucket 'x'"),
        (lambda known: known.bucket_of("source"), "no bucket of that S3 name: 'source'"),
        (lambda known: known.site_at("1", "us-east-1"), "no site is declared in account 1, Region us-east-1"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path, ask: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ask(names(tmp_path))


def test_places(tmp_path: Path) -> None:
    known = names(tmp_path)
    source: Bucket = known.bucket("source")
    assert known.folder("source/raw/a.csv") == (source, "raw/a.csv")
    assert known.folder("source/transformed/") == (source, "transformed")
    assert known.bucket_of(source.name) == source
    assert known.site_at(source.account, source.region).name == "processing"


def test_the_names_are_short_as_text(tmp_path: Path) -> None:
    assert repr(names(tmp_path)) == "TopologyNames('unified-pipelines')"


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    written(tmp_path, names_document())
    assert read_names(tmp_path / "unified-pipelines.json") == names(tmp_path)


def test_a_type_has_a_kind_of_job(tmp_path: Path) -> None:
    document = names_document()
    shell = document["jobs"]["mwaa_glue_raw_to_transform"] | {"type": "glue_python_shell"}
    processing = document["jobs"]["penguins_training"] | {"type": "sagemaker_processing"}
    known = load_topology(
        written(tmp_path, document | {"jobs": document["jobs"] | {"tidy": shell, "score": processing}})
    )
    kinds = {name: job.kind for name, job in known.jobs.items()}
    assert kinds == {
        "mwaa_glue_raw_to_transform": "glue",
        "tidy": "glue",
        "penguins_training": "training",
        "score": "processing",
        "dagcleanup": "lambda",
    }
    assert known.job("tidy", "glue") is known.job("tidy", "glue_python_shell")
    for name, kind in (("score", "sagemaker"), ("penguins_training", "sagemaker_processing")):
        with pytest.raises(InputError, match=f"no {kind} job '{name}' is declared"):
            known.job(name, kind)
