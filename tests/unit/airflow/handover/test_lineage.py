"""What a model was made from: written beside it, and walked back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.handover.lineage import put, record, tags, walk
from crosswind.airflow.handover.model import Arrival, Handover, Reference, Version
from crosswind.airflow.handover.movers.copy import Copy
from crosswind.airflow.handover.publish import publish
from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.owner import Attempt, Owner
from crosswind.errors import InputError, NotFoundError
from tests.unit.airflow.handover.world import PREFIX, WEST, World

MODEL = "s3://destination/models/train-1/output/model.tar.gz"
OWNER = Owner("ml", "manual", "train", -1, 2)
SUBMISSION = Submission("training", "train-1", "train-1", Attempt(OWNER, 1))
TRAINING: dict[str, Any] = {
    "TrainingJobName": "train-1",
    "TrainingJobArn": "arn:aws:sagemaker:us-west-2:222222222222:training-job/train-1",
    "ModelArtifacts": {"S3ModelArtifacts": MODEL},
    "AlgorithmSpecification": {"TrainingImage": "xgboost"},
    "TrainingStartTime": datetime(2026, 1, 5, 13, tzinfo=UTC),
    "InputDataConfig": [
        {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
        for name, uri in (("train", f"s3://destination/{PREFIX}train/"), ("start", "s3://models/pretrained/"))
    ],
}

REQUEST: dict[str, Any] = {
    "TrainingJobName": "train-1",
    "RoleArn": "arn:aws:iam::222222222222:role/train",
    "OutputDataConfig": {"S3OutputPath": "s3://destination/models/"},
}


def trained(*, copied: bool = False) -> tuple[World, Handover, Arrival]:
    world = World(replicates=not copied)
    raw = world.aws.s3.write(world.source, "raw/a.csv", b"raw")
    world.job()
    producer = {
        "dag_id": "data",
        "run_id": "manual",
        "task_id": "glue",
        "job": "transform",
        "job_run": "jr_1",
        "inputs": [
            {"bucket": "source", "key": "raw/a.csv", "version_id": raw.version_id},
            {"bucket": "source", "key": "raw/gone.csv", "version_id": "v0"},
        ],
    }
    handover, reference = publish(world.east(), "source", PREFIX, producer)
    world.aws.clock.advance(10)
    mover = Copy(world.east(), world.west(), "destination") if copied else None
    arrival = world.check(handover, reference, mover).look().arrival
    assert arrival is not None
    sagemaker = world.aws.sagemaker(WEST.account, WEST.region)
    sagemaker.create_training_job({**REQUEST, "Tags": tags(arrival)})
    world.aws.clock.advance(3600)
    world.aws.s3.write(world.destination, "models/train-1/output/model.tar.gz", b"model")
    return world, handover, arrival


def test_the_way_back_leads_from_the_model_to_the_raw_versions() -> None:
    world, handover, arrival = trained()
    document = put(world.west(), arrival, handover, TRAINING, SUBMISSION)
    lineage = walk(world.west(), MODEL)
    assert lineage.document == json.loads(json.dumps(document))
    assert [step.kind for step in lineage.steps] == [
        "model", "training job", "handover", "replication", "Glue run", "raw object", "raw object"
    ]  # fmt: skip
    model, job, published, replication, run, raw, gone = lineage.steps
    assert model.name == MODEL
    assert model.exact
    assert ("version_id", world.destination.objects["models/train-1/output/model.tar.gz"][0].version_id) in model.facts
    assert job.name == TRAINING["TrainingJobArn"]
    assert ("dag_id", "ml") in job.facts
    assert [fact for fact in job.facts if fact[0].startswith("channel")] == [
        ("channel start", "s3://models/pretrained/")
    ]
    assert published.name == f"s3://source/{PREFIX}"
    assert (handover.keys[0], handover.versions[0].version_id) in published.facts
    assert replication.name == f"s3://destination/{PREFIX}"
    assert ("mover", "crr") in replication.facts
    assert (run.name, run.facts[0]) == ("jr_1", ("job", "transform"))
    assert (raw.name, raw.exact, gone.exact) == ("s3://source/raw/a.csv", True, False)


Change = Callable[[World, dict[str, Any]], None]


def another_job(world: World, document: dict[str, Any]) -> None:
    document["training"] |= {"name": "never-ran", "arn": document["training"]["arn"].replace("train-1", "never-ran")}


def another_jobs_model(world: World, document: dict[str, Any]) -> None:
    request = {**REQUEST, "TrainingJobName": "train-2"}
    arn = world.aws.sagemaker(WEST.account, WEST.region).create_training_job(request)["TrainingJobArn"]
    world.aws.clock.advance(3600)
    document["training"] |= {"name": "train-2", "arn": arn}


def another_handover(world: World, document: dict[str, Any]) -> None:
    document["handover"]["reference"]["digest"] = "0" * 64


def another_version(world: World, document: dict[str, Any]) -> None:
    document["handover"]["versions"][0]["version_id"] = "v-nice"


def another_input(world: World, document: dict[str, Any]) -> None:
    document["producer"]["inputs"][0]["version_id"] = "v-nice"


@pytest.mark.parametrize(
    ("change", "certain", "reason"),
    [
        (another_job, 1, "SageMaker does not confirm it: An error occurred"),
        (another_jobs_model, 1, "training-job/train-2 made s3://destination/models/train-2/output/model.tar.gz"),
        (another_handover, 2, "the training job's tag crosswind:handover-digest is [1-9a-f]"),
        (another_version, 2, "its versions and inputs have the digest"),
        (another_input, 2, "its versions and inputs have the digest"),
    ],
)
def test_what_the_training_job_does_not_bear_out_is_not_certain(change: Change, certain: int, reason: str) -> None:
    world, handover, arrival = trained()
    document = put(world.west(), arrival, handover, TRAINING, SUBMISSION)
    change(world, document)
    world.aws.s3.write(world.destination, "models/train-1/output/lineage.json", json.dumps(document).encode())
    steps = walk(world.west(), MODEL).steps
    assert [step.exact for step in steps] == [True] * certain + [False] * (len(steps) - certain)
    assert all(re.search(reason, step.reason) for step in steps[certain:])


def test_putting_it_again_changes_nothing() -> None:
    world, handover, arrival = trained()
    first = put(world.west(), arrival, handover, TRAINING, SUBMISSION)
    assert put(world.west(), arrival, handover, TRAINING, SUBMISSION) == first
    bodies = {stored.body for stored in world.destination.objects["models/train-1/output/lineage.json"]}
    assert len(bodies) == 1


def test_a_model_that_was_written_over_is_told() -> None:
    world, handover, arrival = trained()
    put(world.west(), arrival, handover, TRAINING, SUBMISSION)
    world.aws.s3.write(world.destination, "models/train-1/output/model.tar.gz", b"other")
    assert not walk(world.west(), MODEL).steps[0].exact
    world.aws.s3.delete_object({"Bucket": "destination", "Key": "models/train-1/output/model.tar.gz"})
    assert not walk(world.west(), MODEL).steps[0].exact


def test_the_mover_is_told_from_the_versions_or_as_declared() -> None:
    _, handover, arrival = trained(copied=True)
    model = Version("k", "v", 1, "etag:x")

    def mover(arrival: Arrival, declared: str = "") -> Any:
        return record(arrival, handover, TRAINING, SUBMISSION, model, declared)["replication"]["mover"]

    assert mover(arrival) == "copy"
    assert mover(replace(arrival, versions=handover.versions)) == "crr"
    assert mover(replace(arrival, versions=handover.versions), "crr-rtc") == "crr-rtc"
    assert mover(replace(arrival, bucket="source")) == "in-place"
    some = (handover.versions[0], *arrival.versions[1:])
    assert mover(replace(arrival, versions=some)) == "crr, repaired by copy"


def test_a_model_without_a_record_says_what_to_do() -> None:
    world = trained()[0]
    with pytest.raises(NotFoundError) as told:
        walk(world.west(), MODEL)
    assert told.value.hint


def test_a_job_without_a_model_gets_no_record() -> None:
    world, handover, arrival = trained()
    nowhere = {**TRAINING, "ModelArtifacts": {"S3ModelArtifacts": "s3://destination/models/none/model.tar.gz"}}
    with pytest.raises(NotFoundError, match="there is no model"):
        put(world.west(), arrival, handover, nowhere, SUBMISSION)


def test_a_record_of_another_model_is_refused() -> None:
    world, handover, arrival = trained()
    put(world.west(), arrival, handover, TRAINING, SUBMISSION)
    with pytest.raises(InputError, match="the record is that of"):
        walk(world.west(), MODEL.replace("model.tar.gz", "other.tar.gz"))


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"schema_version": 2}', b'{"schema_version": 1}'])
def test_a_record_that_is_none_is_refused(body: bytes) -> None:
    world = trained()[0]
    world.aws.s3.write(world.destination, "models/train-1/output/lineage.json", body)
    with pytest.raises(InputError, match="not a record"):
        walk(world.west(), MODEL)


@pytest.mark.parametrize("uri", ["", "model.tar.gz", "s3://", "s3://bucket", "s3://bucket/", "s3://bucket/folder/"])
def test_what_is_no_model_is_refused(uri: str) -> None:
    with pytest.raises(InputError, match="is no model"):
        walk(World().west(), uri)


def test_tags_say_what_was_read() -> None:
    _, handover, arrival = trained()
    found = {tag["Key"]: tag["Value"] for tag in tags(arrival)}
    assert found["crosswind:handover"] == f"s3://source/{PREFIX}"
    assert found["crosswind:data"] == f"s3://destination/{PREFIX}"
    assert found["crosswind:handover-version"] == arrival.reference.version_id
    assert found["crosswind:objects"] == str(len(handover.versions))


@given(st.text(), st.text(), st.text(max_size=400))
def test_tags_are_legal_whatever_stands_in_the_reference(version_id: str, published: str, bucket: str) -> None:
    reference = Reference(bucket, "transformed/r/", version_id, "d" * 64, published, 1, 1)
    for tag in tags(Arrival(reference, bucket, "2", "r", (), 0.0)):
        assert re.fullmatch(r"[\w\s_.:/=+\-@]{0,256}", tag["Value"])
        assert len(tag["Key"]) <= 128
