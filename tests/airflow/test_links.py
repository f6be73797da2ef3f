"""The buttons of a task, and what a DAG of names alone becomes when Airflow writes it down."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers_manager import ProvidersManager
from airflow.sdk import DAG

from crosswind.airflow import (
    CrossAccountGlueJobOperator,
    CrossAccountLambdaOperator,
    CrossAccountSageMakerTrainingOperator,
    TopologyNames,
    default_args,
    links,
    load_topology,
)
from tests.airflow import test_training
from tests.airflow.aws import RecordedAws
from tests.airflow.tasks import context, deferred, heard
from tests.airflow.test_dags import Serialization

URL = f"https://console.aws.amazon.com/sagemaker/home?region=us-west-2#/jobs/{test_training.JOB}"


@pytest.fixture
def names(dags_folder: object) -> TopologyNames:
    return load_topology(f"{dags_folder}/any.py")


def test_a_job_is_shown_as_soon_as_it_is_submitted(aws: RecordedAws) -> None:
    test_training.put_config(aws)
    ctx, kind = context(), heard(CrossAccountSageMakerTrainingOperator)
    deferred(test_training.operator(kind), ctx)
    assert ctx["ti"].pushed["crosswind_job_url"] == URL
    assert "TrainingJobs" in ctx["ti"].pushed["crosswind_log_url"]
    where = f"training job {test_training.JOB} in account 222222222222, Region us-west-2: {URL}"
    assert where in kind.log.lines


def test_people_switch_to_the_sites_role_first(aws: RecordedAws, names: TopologyNames) -> None:
    test_training.put_config(aws)
    place = {"config_bucket": test_training.BUCKET, "config_key": "config/train.json"}
    job = replace(names.jobs["penguins_training"], **place, site=replace(names.sites["ml"], console_role="Analyst"))
    ctx = context()
    task = CrossAccountSageMakerTrainingOperator(
        task_id="train",
        names=replace(names, jobs={"penguins_training": job}),
        job="penguins_training",
        substitutions={"prefix": "transformed/r-1/"},
    )
    deferred(task, ctx)
    url = ctx["ti"].pushed["crosswind_job_url"]
    assert url.startswith("https://signin.aws.amazon.com/switchrole?account=222222222222&roleName=Analyst&")


def test_airflow_knows_the_links() -> None:
    known = ProvidersManager().extra_links_class_names
    assert {"crosswind.airflow.links.RemoteJobLink", "crosswind.airflow.links.RemoteJobLogLink"} <= set(known)


def test_what_was_stored_is_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = {"crosswind_job_url": URL}
    monkeypatch.setattr(links, "XCom", SimpleNamespace(get_value=lambda *, key, ti_key: stored.get(key)))
    assert links.RemoteJobLink().get_link(None, ti_key=None) == URL
    assert links.RemoteJobLogLink().get_link(None, ti_key=None) == ""


def dag_of(names: TopologyNames) -> Any:
    with DAG(
        "names_alone", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=UTC), default_args=default_args(names)
    ) as dag:
        glue = CrossAccountGlueJobOperator(
            task_id="glue",
            job="mwaa_glue_raw_to_transform",
            writes="source/transformed",
            arguments={"--prefix": "${prefix}"},
        )
        train = CrossAccountSageMakerTrainingOperator(task_id="train", job="penguins_training", arrival={})
        clean = CrossAccountLambdaOperator(task_id="clean", job="dagcleanup", payload=glue.output)
        mapped = CrossAccountLambdaOperator.partial(task_id="mapped", job="dagcleanup").expand(
            payload=[{"run": "a"}, {"run": "b"}]
        )
        glue >> train >> clean >> mapped
    return dag


def test_a_dag_of_names_alone_survives_serialization(names: TopologyNames) -> None:
    document = json.loads(json.dumps(Serialization.to_dict(dag_of(names))))
    Serialization.validate_schema(document)
    dag = Serialization.from_dict(document)
    assert set(dag.task_dict) == {"glue", "train", "clean", "mapped"}
    for task in (each["__var"] for each in document["dag"]["tasks"]):
        assert set(task["_operator_extra_links"]) == {"Remote job", "Remote job's log"}, task["task_id"]
    # The names themselves stay in their file, and are not repeated in every DAG that Airflow writes down.
    assert "TopologyNames('unified-pipelines')" in json.dumps(document)
    assert "_crosswind/claims/" not in json.dumps(document)


def test_the_names_reach_every_operator(names: TopologyNames) -> None:
    dag = dag_of(names)
    assert all(dag.get_task(name).names is names for name in ("glue", "train", "clean"))
    assert {dag.get_task(name).aws_conn_id for name in ("train", "clean")} == {names.sites["ml"].connection}
    one = dag.get_task("mapped").unmap({"payload": {"run": "a"}})
    assert (one.names, one.payload) == (names, {"run": "a"})
