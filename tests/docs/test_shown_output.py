"""What the how-to pages show as output is what the code prints, of an imagined run of the example."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crosswind.airflow.handover.failures import FailedReplica
from crosswind.airflow.handover.inference import Inference
from crosswind.airflow.handover.lineage import record, tags, walk
from crosswind.airflow.handover.look import ArrivalLook
from crosswind.airflow.handover.model import Arrival, Handover, Version
from crosswind.airflow.handover.reasons import sentence
from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.jobs.orphans import Orphan
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import AwsTarget
from crosswind.cli import lineage as lineage_verb
from crosswind.cli import wire
from crosswind.cli.main import app
from crosswind.report.jobs import told

PAGES = Path(__file__).parents[2] / "docs" / "how-to"

EAST, WEST = "unified-pipelines-source-222222222222-us-east-1", "unified-pipelines-destination-222222222222-us-west-2"
DATA_RUN, MODEL_RUN = "manual__2026-11-22T16:39:08.727824+00:00", "asset_triggered__2026-11-22T16:39:16.006394+00:00"
TRANSFORM = Owner("cross_account_data_processing_dag", DATA_RUN, "mwaa_glue_raw_to_transform", -1, 2, 0x6B031AAC)
TRAIN = Owner("cross_account_machine_learning_dag", MODEL_RUN, "train", -1, 2, 0x6B031AB4)
JOB = Attempt(TRAIN, 1)
PREFIX = f"transformed/{Attempt(TRANSFORM, 1).folder}/"
VERSIONS = (
    Version(f"{PREFIX}train/part-0.csv", "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH", 14_410, "crc64nvme:q0v7P0bY0Ws="),
    Version(f"{PREFIX}validation/part-0.csv", "QUpfdndhfd8438MNFDN93jdnJFkdmqnh", 3_641, "crc64nvme:2Hq1m9kQ7tE="),
)
MODEL = f"s3://{WEST}/models/{JOB.name}/output/model.tar.gz"


def handed() -> Handover:
    given = {"bucket": EAST, "key": "raw/ml_train_data.csv", "version_id": "L4kqtJlcpXroDTDmpUMLUo7KqzT1jh3x"}
    producer = {
        "dag_id": TRANSFORM.dag_id,
        "run_id": DATA_RUN,
        "task_id": "publish",
        "job": "mwaa_glue_raw_to_transform",
        "job_run": "jr_5f0b7d3a1c",
        "inputs": [{**given, "exact": True}],
    }
    return Handover(EAST, "222222222222", "us-east-1", PREFIX, VERSIONS, producer)


def arrived() -> Arrival:
    reference = handed().reference("KqzT1jh3xL4kqtJlcpXroDTDmpUMLUo7", "2026-11-22T16:39:15+00:00")
    return Arrival(reference, WEST, "222222222222", "us-west-2", VERSIONS, 1.4)


def document() -> dict[str, Any]:
    """The record that lies beside the model."""
    training = {
        "TrainingJobName": JOB.name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-west-2:222222222222:training-job/{JOB.name.lower()}",
        "ModelArtifacts": {"S3ModelArtifacts": MODEL},
        "TrainingStartTime": "2026-11-22T16:39:19+00:00",
        "TrainingEndTime": "2026-11-22T16:39:22+00:00",
    }
    model = Version(
        MODEL.partition(f"{WEST}/")[2], "mUkD1pGzT0v7Hn2YqLr8sWc5BeXa9dJf", 12_706, "crc64nvme:9bq3cQm4x1A="
    )
    return record(arrived(), handed(), training, Submission("training", JOB.name, JOB.name, JOB), model, "crr")


class BesideTheModel:
    """The clients of an account whose S3 holds a model and its record."""

    target = AwsTarget("222222222222", "us-west-2", "aws_crossaccount_role_conn_west2", site="ml")

    def client(self, service: str, *, config: Any = None) -> Any:
        assert service in ("s3", "sagemaker")
        assert config is None
        return self

    def describe_training_job(self, TrainingJobName: str) -> Any:  # noqa: N803 - boto3's own names
        assert TrainingJobName == JOB.name
        return {"TrainingJobArn": document()["training"]["arn"], "ModelArtifacts": {"S3ModelArtifacts": MODEL}}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_tags"
        return self

    def paginate(self, ResourceArn: str) -> Any:  # noqa: N803 - boto3's own names
        assert ResourceArn == document()["training"]["arn"]
        return [{"Tags": tags(arrived())}]

    def get_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803 - boto3's own names
        assert (Bucket, Key) == (WEST, f"models/{JOB.name}/output/lineage.json")
        return {
            "Body": io.BytesIO(json.dumps(document()).encode()),
            "VersionId": "any",
            "LastModified": datetime.now(UTC),
        }

    def head_object(self, **_: Any) -> Any:
        return {"VersionId": document()["model"]["version_id"], "ContentLength": 1}


class AsTheyAre:
    """The clients of an account whose buckets are as the example's templates make them."""

    target = AwsTarget("222222222222", "us-east-1", "aws_crossaccount_role_conn_east1", site="processing")

    def client(self, service: str, *, config: Any = None) -> Any:
        assert (service, config) == ("s3", None)
        return self

    def get_bucket_versioning(self, **_: Any) -> Any:
        return {"Status": "Enabled"}

    def get_bucket_replication(self, **_: Any) -> Any:
        destination = {"Bucket": f"arn:aws:s3:::{WEST}"}
        rule = {"Status": "Enabled", "Filter": {"Prefix": "transformed/"}, "Destination": destination}
        return {"ReplicationConfiguration": {"Rules": [rule]}}


def look(failed: FailedReplica) -> str:
    """The text of a look that found one of the two versions, and one that failed."""
    there, missing = VERSIONS[1], VERSIONS[0]
    found = ArrivalLook((there,), there.size, 1, missing.size, (failed,), (), (), False, 2.0, None)
    return found.text


def shown(page: str) -> str:
    return (PAGES / f"{page}.md").read_text()


def test_the_lineage_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = walk(BesideTheModel(), MODEL)
    monkeypatch.setattr(wire, "target_sessions", lambda *_: None)
    monkeypatch.setattr(lineage_verb, "lineage_of", lambda *_: found)
    done = CliRunner().invoke(app, ["lineage", MODEL, "-f", str(wire.example())])
    assert done.exit_code == 0, done.output
    assert done.stdout in shown("trace-a-model")


def test_the_orphan_shown() -> None:
    submission = Submission("training", JOB.name, JOB.name, JOB)
    target = AwsTarget("222222222222", "us-west-2", "aws_crossaccount_role_conn_west2", site="ml")
    orphan = Orphan(submission, target, "its task has ended")
    assert orphan.text in shown("stop-orphans")
    assert "\n".join(told(orphan).lines()) in shown("stop-orphans")


def test_the_failed_replicas_shown() -> None:
    version, code = VERSIONS[0], "DstPutObjectNotPermitted"
    told = FailedReplica(version.key, version.version_id, sentence(code, version.key, EAST, WEST), code)
    inferred = Inference(AsTheyAre(), AsTheyAre(), handed(), WEST).failed(version, {"ReplicationStatus": "FAILED"})
    page = shown("replication-failed")
    assert look(told) in page
    assert look(inferred).splitlines()[1] in page


def test_the_tokens_shown() -> None:
    page = (PAGES.parent / "explanation" / "submit-once.md").read_text()
    words = set(page.replace("`", " ").split())
    assert {TRAIN.family, f"{TRAIN.since:08x}", JOB.token, JOB.name, Attempt(TRANSFORM, 1).folder} <= words
