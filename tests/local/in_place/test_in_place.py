"""Training reads another account's folder in place: under real roles, exactly what was handed over, or not at all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from crosswind.report.ancestry import lineage_of
from tests.local.in_place.conftest import DATA, LAB, REGION, Laboratory


def session(role_arn: str) -> str:
    """How the sessions of a role begin."""
    return role_arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")


@pytest.fixture(scope="module")
def model(laboratory: Laboratory) -> str:
    """The URI of the model that the first run made."""
    bucket = laboratory.names.bucket("lab")
    listed = laboratory.s3(LAB).list_objects_v2(Bucket=bucket, Prefix="models/")["Contents"]
    (key,) = [each["Key"] for each in listed if each["Key"].endswith("/model.tar.gz")]
    return f"s3://{bucket}/{key}"


@pytest.fixture(scope="module")
def record(laboratory: Laboratory, model: str) -> dict[str, Any]:
    """As `crosswind lineage` has it; certain in all its steps."""
    found = lineage_of(laboratory.topology, laboratory.sessions, model)
    assert [step.kind for step in found.steps if step.exact] == [
        "model",
        "training job",
        "handover",
        "replication",
        "Glue run",
        "raw object",
    ]
    return dict(found.document)


def test_the_record_names_the_versions_of_the_owners_bucket(laboratory: Laboratory, record: dict[str, Any]) -> None:
    source = laboratory.names.bucket("source")
    moved = record["replication"]
    assert {name: moved[name] for name in ("mover", "bucket", "account", "region")} == {
        "mover": "in-place",
        "bucket": source,
        "account": DATA,
        "region": REGION,
    }
    assert f":{LAB}:" in record["training"]["arn"]
    assert moved["versions"] == record["handover"]["versions"]
    for version in moved["versions"]:
        found = laboratory.s3(DATA).head_object(Bucket=source, Key=version["key"])
        assert found["VersionId"] == version["version_id"]
    assert record["producer"]["job"] == laboratory.names.job("mwaa_glue_raw_to_transform")


def test_the_owner_verified_and_the_jobs_role_read(laboratory: Laboratory, record: dict[str, Any]) -> None:
    source, prefix = laboratory.names.bucket("source"), record["handover"]["reference"]["prefix"]
    below = [r for r in laboratory.trail.select("s3") if source in r.resource]
    read = [r for r in below if r.operation == "GetObject" and f"{prefix}train/" in r.resource]
    assert read
    assert all(r.principal.startswith(session(laboratory.names.job_role_arn("train"))) for r in read)
    listed = [r for r in below if r.operation == "ListObjectVersions"]
    assert listed
    owner = session(laboratory.names.role_arn("site-processing", DATA))
    assert all(r.principal.startswith(owner) for r in listed)
    assert not [r for r in below if r.status == 403]


def test_nothing_of_it_was_copied(laboratory: Laboratory) -> None:
    listed = laboratory.s3(LAB).list_objects_v2(Bucket=laboratory.names.bucket("lab"))["Contents"]
    assert not [each["Key"] for each in listed if not each["Key"].startswith(("models/", "config/"))]


def test_another_version_on_top_makes_no_model(laboratory: Laboratory, model: str, record: dict[str, Any]) -> None:
    """The task is cleared alone: its arrival is the old one, the folder is not."""
    run = laboratory.runs[1]
    key = record["handover"]["versions"][0]["key"]
    laboratory.s3(DATA).put_object(Bucket=laboratory.names.bucket("source"), Key=key, Body=b"0,1\n")
    before = len(jobs(laboratory))
    clear = {"dag_run_id": run.run_id, "task_ids": ["train"], "dry_run": False, "only_failed": False}
    laboratory.airflow.call("POST", f"/dags/{run.pipeline}/clearTaskInstances", body=clear)

    def ended() -> dict[str, Any] | None:
        state = laboratory.airflow.dag_run(run.pipeline, run.run_id)
        tasks = laboratory.airflow.task_instances(run.pipeline, state)
        (train,) = [task for task in tasks if task["task_id"] == "train"]
        return train if train["state"] in ("failed", "success") and train["try_number"] > 1 else None

    train = until(ended, 90)
    assert train["state"] == "failed"
    lines = until(lambda: told(laboratory, train), 30)
    assert any(f"{key}: expected {record['handover']['versions'][0]['version_id']}" in line for line in lines)
    assert len(jobs(laboratory)) == before  # refused before anything was submitted


def jobs(laboratory: Laboratory) -> list[Any]:
    sagemaker = laboratory.administrator.client("sagemaker", LAB, REGION)
    return list(sagemaker.list_training_jobs()["TrainingJobSummaries"])


def told(laboratory: Laboratory, train: dict[str, Any]) -> list[str]:
    """The log of the last try, once it tells of a mismatch."""
    run = laboratory.runs[1]
    lines = laboratory.airflow.log(run.pipeline, run.run_id, "train", train["try_number"])
    return lines if "does not hold what was handed over" in json.dumps(lines) else []


def until(found: Callable[[], Any], seconds: float) -> Any:
    """The first truthy answer; fails when there is none in time."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        pause.wait(0.5)
    raise AssertionError(f"not so within {seconds} s")
