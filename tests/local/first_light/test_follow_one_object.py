"""One object, from its upload to the model: every identity, every account, every Region."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosswind.airflow.owner import Attempt, Owner
from crosswind.report.trail import Request
from tests.local.first_light.conftest import FirstLight

HUB, DATA = "111111111111", "222222222222"
EAST, WEST = "us-east-1", "us-west-2"


def acting_as(first_light: FirstLight, purpose: str) -> str:
    return f"arn:aws:sts::{DATA}:assumed-role/{first_light.names.role(purpose)}/"


@pytest.fixture(scope="module")
def prefix(first_light: FirstLight) -> str:
    """The prefix of the fixture's own run, in which nothing failed; when the run began, its handover's key tells."""
    run, retries = first_light.runs[0], first_light.topology.intervals.retries
    owner = Owner(run.pipeline, run.run_id, "mwaa_glue_raw_to_transform", -1, retries)
    published = requests(first_light, "s3", "PutObject", resource="/handover.json")
    folders = {request.resource.split("/")[-2] for request in published if owner.family in request.resource}
    (folder,) = (each for each in folders if each.endswith(f"-{retries}-1"))
    since = int(folder.removesuffix(f"-{retries}-1").rpartition("-")[2], 16)
    assert folder == Attempt(replace(owner, since=since), 1).folder
    return f"transformed/{folder}/"


def requests(first_light: FirstLight, service: str, *operations: str, resource: str = "") -> tuple[Request, ...]:
    found = first_light.trail.select(service, *operations, where=lambda r: resource in r.resource)
    assert found, f"no {service} {operations} on {resource!r} in the request log"
    return found


def test_the_sensor_saw_the_raw_object_under_the_cross_account_role(first_light: FirstLight) -> None:
    bucket = first_light.names.bucket("source")
    seen = first_light.trail.select(
        "s3",
        "HeadObject",
        where=lambda r: r.resource == f"{bucket}/raw/ml_train_data.csv" and "cross-account" in r.principal,
    )
    assert seen
    assert {(r.account, r.region) for r in seen} == {(DATA, EAST)}
    assert all(r.principal.startswith(acting_as(first_light, "cross-account")) for r in seen)


def test_glue_was_started_under_the_cross_account_role_and_ran_under_its_own(
    first_light: FirstLight, prefix: str
) -> None:
    started = requests(first_light, "glue", "StartJobRun")
    assert all(r.principal.startswith(acting_as(first_light, "cross-account")) for r in started)
    assert (started[0].account, started[0].region) == (DATA, EAST)
    written = [
        r
        for r in requests(first_light, "s3", resource=f"{first_light.names.bucket('source')}/{prefix}")
        if r.operation in {"PutObject", "CompleteMultipartUpload"}
    ]
    published = [r for r in written if r.resource.endswith("/handover.json")]
    assert [r.principal.startswith(acting_as(first_light, "cross-account")) for r in published] == [True]
    assert len(written) > 1
    assert all(
        r.principal.startswith(acting_as(first_light, "glue-mwaa_glue_raw_to_transform"))
        for r in written
        if r not in published
    )
    read = requests(first_light, "s3", "GetObject", resource="raw/ml_train_data.csv")
    assert any(r.principal.startswith(acting_as(first_light, "glue-mwaa_glue_raw_to_transform")) for r in read)


def test_the_replicas_were_made_under_the_replication_role_with_the_versions_of_the_source(
    first_light: FirstLight, prefix: str
) -> None:
    replicated = requests(first_light, "s3", "ReplicateObject", resource=prefix)
    assert all(r.principal.startswith(acting_as(first_light, "replication-source")) for r in replicated)
    assert all(r.via == "s3" for r in replicated)
    east = first_light.administrator.client("s3", DATA, EAST)
    west = first_light.administrator.client("s3", DATA, WEST)
    source, destination = first_light.names.bucket("source"), first_light.names.bucket("destination")
    sources = east.list_object_versions(Bucket=source, Prefix=prefix)["Versions"]
    assert any(v["Key"].startswith(f"{prefix}train/") for v in sources)
    for version in sources:
        names = {"Key": version["Key"], "VersionId": version["VersionId"]}
        replica = west.get_object(Bucket=destination, **names)
        original = east.get_object(Bucket=source, **names)
        assert replica["Body"].read() == original["Body"].read()
        assert replica["ReplicationStatus"] == "REPLICA"
        assert original["ReplicationStatus"] == "COMPLETED"


def test_training_read_and_wrote_in_the_west_under_its_own_role(first_light: FirstLight, prefix: str) -> None:
    started = requests(first_light, "sagemaker", "CreateTrainingJob")
    assert started[0].principal.startswith(acting_as(first_light, "cross-account"))
    assert (started[0].account, started[0].region) == (DATA, WEST)
    destination = first_light.names.bucket("destination")
    read = [
        r for r in requests(first_light, "s3", "GetObject", resource=f"{destination}/{prefix}") if r.via == "sagemaker"
    ]
    assert {r.resource.removeprefix(f"{destination}/{prefix}").split("/")[0] for r in read} == {"train", "validation"}
    assert all(
        r.principal.startswith(acting_as(first_light, "sagemaker-penguins_training")) and r.region == WEST for r in read
    )
    written = requests(first_light, "s3", resource="model.tar.gz")
    assert any(r.principal.startswith(acting_as(first_light, "sagemaker-penguins_training")) for r in written)


def test_the_model_is_where_the_job_says_and_is_good(first_light: FirstLight) -> None:
    client = first_light.administrator.client("sagemaker", DATA, WEST)
    jobs = client.list_training_jobs(SortBy="CreationTime", SortOrder="Ascending")["TrainingJobSummaries"]
    name = jobs[0]["TrainingJobName"]
    job = client.describe_training_job(TrainingJobName=name)
    assert job["TrainingJobStatus"] == "Completed"
    bucket, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").split("/", 1)
    assert bucket == first_light.names.bucket("destination")
    assert first_light.administrator.client("s3", DATA, WEST).head_object(Bucket=bucket, Key=key)["ContentLength"] > 0
    metrics = {m["MetricName"]: m["Value"] for m in job["FinalMetricDataList"]}
    assert 0.8 < metrics["validation:auc"] <= 1.0


def test_the_clean_up_ran_under_its_own_role_and_removed_the_intermediate_objects(
    first_light: FirstLight, prefix: str
) -> None:
    invoked = requests(first_light, "lambda", "Invoke")
    assert all(r.principal.startswith(acting_as(first_light, "cross-account")) for r in invoked)
    removed = requests(first_light, "s3", "DeleteObject", "DeleteObjects")
    assert all(
        r.principal.startswith(acting_as(first_light, "lambda-dagcleanup")) for r in removed if r.via == "lambda"
    )
    for bucket, region in (("source", EAST), ("destination", WEST)):
        s3 = first_light.administrator.client("s3", DATA, region)
        left = s3.list_objects_v2(Bucket=first_light.names.bucket(bucket), Prefix=prefix)
        assert left["KeyCount"] == 0


def test_the_hub_never_acts_in_the_other_account_but_to_assume_its_role(first_light: FirstLight) -> None:
    own = [r for r in first_light.trail.requests if r.principal_account == HUB]
    # Root makes the deployer's role, and becomes the deployer.
    own = [r for r in own if not r.principal.endswith(":root")]
    assert {r.operation for r in own if r.account == DATA} <= {"AssumeRole"}
    assumed = [r for r in own if r.operation == "AssumeRole"]
    assert assumed
    execution = f"arn:aws:sts::{HUB}:assumed-role/{first_light.names.role('execution')}/"
    assert all(r.principal.startswith(execution) for r in assumed)
    assert all(first_light.names.role_arn("cross-account", DATA) in r.resource for r in assumed)
