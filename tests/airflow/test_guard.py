"""The guard of Airflow's own operators: no task acts with the hub's credentials by mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.standard.operators.empty import EmptyOperator

from crosswind.airflow import CrossAccountGlueJobOperator as Glue
from crosswind.airflow import CrossAccountSageMakerTrainingOperator as Training
from crosswind.airflow import declared_connection, default_args, load_topology
from crosswind.errors import InputError, WrongAccountError
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, connection


def sensor(conn_id: str | None, **more: Any) -> S3KeySensor:
    return S3KeySensor(task_id="wait", bucket_name="b", bucket_key="k", aws_conn_id=conn_id, **more)


@pytest.fixture
def check(dags_folder: Path) -> Any:
    return declared_connection(load_topology(str(dags_folder / "any.py")))


@pytest.mark.usefixtures("aws")
def test_a_declared_connection_passes(check: Any) -> None:
    check({"task": sensor(EAST)})
    check({"task": EmptyOperator(task_id="none")})


def test_an_operator_at_a_site_reads_its_connection_once(
    aws: RecordedAws, check: Any, dags_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own hook refuses what the guard would; a connection that it names itself is looked at all the same."""
    names = load_topology(str(dags_folder / "any.py"))
    monkeypatch.delenv(f"AIRFLOW_CONN_{EAST.upper()}")
    check({"task": Glue(task_id="t", names=names, job="mwaa_glue_raw_to_transform")})
    named = Training(task_id="t", names=names, aws_conn_id=EAST, config_bucket="b", config_key="k")
    with pytest.raises(InputError, match="unknown"):
        check({"task": named})


@pytest.mark.parametrize(
    ("conn_id", "extra", "refusal"),
    [
        (None, {}, (InputError, "no aws_conn_id")),
        ("aws_default", {}, (InputError, "not declared. Declared: aws_crossaccount_role_conn_east1")),
        (EAST, None, (InputError, "unknown")),
        (EAST, {"role_arn": None}, (InputError, "no role_arn")),
        (EAST, {"role_arn": "arn:aws:iam::333333333333:role/x"}, (WrongAccountError, "account 333333333333")),
        (EAST, {"region_name": "eu-west-1"}, (InputError, "acts in Region eu-west-1")),
    ],
)
def test_anything_else_is_refused(
    *,
    aws: RecordedAws,
    check: Any,
    monkeypatch: pytest.MonkeyPatch,
    conn_id: str | None,
    extra: dict[str, Any] | None,
    refusal: tuple[type[Exception], str],
) -> None:
    variable = f"AIRFLOW_CONN_{EAST.upper()}"
    if extra is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, connection(**extra))
    with pytest.raises(refusal[0], match=refusal[1]):
        check({"task": sensor(conn_id)})
    assert aws.calls == []


@pytest.mark.usefixtures("aws")
def test_another_region_is_refused(check: Any) -> None:
    with pytest.raises(InputError, match="acts in Region us-west-2; its site processing is in us-east-1"):
        check({"task": sensor(EAST, region_name="us-west-2")})


def test_retries_back_off(dags_folder: Path) -> None:
    task = EmptyOperator(task_id="x", default_args=default_args(load_topology(str(dags_folder / "any.py"))))
    assert task.retries == 2
    assert task.retry_delay.total_seconds() == 60
    # True from 3.1 on would be the multiplier 1: the same pause each time.
    kind = type(EmptyOperator(task_id="y").retry_exponential_backoff)
    assert task.retry_exponential_backoff == (True if kind is bool else 2.0)
