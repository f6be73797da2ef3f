"""AWS names: deterministic, within limits, hashed when over."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.topology import Names, Topology, load, parse_topology
from crosswind.topology.names import camel, fit
from tests.golden.regenerate import ERRORS, TOPOLOGIES

EXAMPLE = load(TOPOLOGIES["unified_pipelines"])


def test_the_examples_names() -> None:
    names = Names(EXAMPLE)
    assert names.bucket("source") == "unified-pipelines-source-222222222222-us-east-1"
    assert names.airflow_bucket == "unified-pipelines-airflow-111111111111-us-east-1"
    assert names.environment == "unified-pipelines"
    assert names.stack("site", "ml") == "unified-pipelines-site-ml"
    assert names.secret("c") == "airflow/connections/c"
    assert names.script_key("mwaa_glue_raw_to_transform") == "scripts/mwaa_glue_raw_to_transform.py"
    assert names.config_key("penguins_training") == "config/penguins_training.json"
    assert names.job_role("penguins_training") == "unified-pipelines-sagemaker-penguins_training"
    assert names.job_role_arn("dagcleanup") == "arn:aws:iam::222222222222:role/unified-pipelines-lambda-dagcleanup"
    assert names.replication_role("source") == "unified-pipelines-replication-source"


def test_keys_are_those_of_the_right_type() -> None:
    with pytest.raises(ValueError, match="no Glue job"):
        Names(EXAMPLE).script_key("dagcleanup")
    with pytest.raises(ValueError, match="no SageMaker job"):
        Names(EXAMPLE).config_key("dagcleanup")


def test_the_names_of_handovers() -> None:
    names = Names(EXAMPLE)
    assert names.failures_queue("source") == "unified-pipelines-source-replication-failures"
    assert [names.claims_bucket(job) for job in sorted(EXAMPLE.jobs)] == ["destination", "source", ""]
    url = "https://sqs.us-east-1.amazonaws.com/222222222222/unified-pipelines-source-replication-failures"
    assert names.failures_queue_url("source") == url
    silent = names.claims_bucket("dagcleanup"), Names(load(TOPOLOGIES["three_accounts"])).claims_bucket("note")
    assert silent == ("destination", "")  # a synchronous function needs no claim


def test_no_jobs_coming_or_going_renames_anothers_role() -> None:
    topology = load(TOPOLOGIES["three_accounts"])
    roles = {job: Names(topology).job_role(job) for job in topology.jobs}
    assert len(set(roles.values())) == len(roles)
    for job, role in roles.items():
        kept = {name: each for name, each in topology.jobs.items() if name == job}
        assert Names(topology.model_copy(update={"jobs": kept})).job_role(job) == role


def test_a_declared_bucket_name_is_kept() -> None:
    assert Names(load(TOPOLOGIES["three_accounts"])).bucket("edge_cache") == "three-edge-cache"


@given(st.text(st.characters(codec="ascii", categories=["Ll", "Nd"]), min_size=1, max_size=200), st.integers(20, 128))
def test_names_fit(name: str, limit: int) -> None:
    assert len(fit(name, limit)) <= limit
    assert fit(name, limit) == name or len(name) > limit


@given(st.text("ab", min_size=64, max_size=80), st.text("ab", min_size=64, max_size=80))
def test_long_names_stay_apart(one: str, other: str) -> None:
    assert (fit(one, 63) == fit(other, 63)) == (one == other)


def test_the_longest_names_are_legal() -> None:
    """A topology and a bucket with names of the greatest length, in the Region with the longest name."""
    topology, _ = parse_topology((ERRORS / "sound.yml").read_text())
    data = json.loads(topology.model_dump_json(by_alias=True))
    data["name"] = "t" * 32
    data["buckets"]["b" * 63] = {"site": "ml", "folders": []}
    data["sites"]["ml"]["region"] = "ap-southeast-1"
    names = Names(Topology.model_validate_json(json.dumps(data)))
    assert len(names.bucket("b" * 63)) == 63
    assert len(names.role("stackset-administration")) <= 64
    assert len(names.stack("site", "s" * 63)) <= 116
    assert len(names.failures_queue("b" * 63)) <= 80


@pytest.mark.parametrize(("name", "expected"), [("mwaa_glue", "MwaaGlue"), ("a-b", "AB"), ("mlTrain", "MlTrain")])
def test_logical_ids(name: str, expected: str) -> None:
    assert camel(name) == expected
