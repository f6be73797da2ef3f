"""What a training job reads, held against the handover."""

from __future__ import annotations

from typing import Any

import pytest

from crosswind.airflow.handover.channels import other_channels, prefixes_read
from crosswind.airflow.handover.model import Arrival, Reference
from crosswind.airflow.handover.verify import MismatchError
from crosswind.errors import InputError

PREFIX = "transformed/r-1/"
OWN = f"s3://destination/{PREFIX}"
REFERENCE = Reference("source", PREFIX, "v1", "0" * 64, "2026-11-22T10:00:00+00:00", 2, 20)
ARRIVAL = Arrival(REFERENCE, "destination", "222222222222", "us-west-2", (), 5.0)


def job(*uris: str, kind: str = "S3Prefix") -> dict[str, Any]:
    sources = ({"S3DataSource": {"S3DataType": kind, "S3Uri": uri}} for uri in uris)
    channels = [{"ChannelName": f"c{number}", "DataSource": source} for number, source in enumerate(sources)]
    return {"TrainingJobName": "train-1", "InputDataConfig": channels}


def test_channels_in_the_prefix_are_what_is_read() -> None:
    found = prefixes_read(job(f"{OWN}validation/", f"{OWN}train/", f"{OWN}part-"), ARRIVAL)
    assert found == (f"{PREFIX}part-", f"{PREFIX}train/", f"{PREFIX}validation/")


@pytest.mark.parametrize(
    "uri",
    [
        "s3://destination/transformed",  # every run's: a prefix is of characters
        "s3://destination/transformed/",
        "s3://destination/trans",
        "s3://destination/",
        "s3://destination/transformed/r-0/train/",
        "s3://destination/old-exports/train/",
        "s3://destination-2/transformed/r-1/train/",
        "s3://source/transformed/r-1/train/",
        "S3://destination/transformed/r-1/train/",
        OWN,  # the manifests are no training data
    ],
)
def test_a_channel_beside_it_is_refused(uri: str) -> None:
    with pytest.raises(MismatchError, match=rf"channel c1 reads {uri} \(S3Prefix\); the arrival is {OWN}"):
        prefixes_read(job(f"{OWN}train/", uri), ARRIVAL)


@pytest.mark.parametrize("kind", ["ManifestFile", "AugmentedManifestFile", "Converse"])
def test_a_list_of_keys_may_name_any_so_it_is_refused(kind: str) -> None:
    with pytest.raises(MismatchError, match=kind):
        prefixes_read(job(f"{OWN}train/sm.manifest", kind=kind), ARRIVAL)


def test_a_file_system_and_a_job_without_channels_are_refused() -> None:
    mounted = {"ChannelName": "efs", "DataSource": {"FileSystemDataSource": {"FileSystemId": "fs-1"}}}
    with pytest.raises(MismatchError, match=r"channel efs reads a file system \(FileSystemDataSource\)"):
        prefixes_read({**job(), "InputDataConfig": [mounted]}, ARRIVAL)
    for empty in ({"TrainingJobName": "train-1"}, job()):
        with pytest.raises(MismatchError, match="train-1: no channel reads what was handed over"):
            prefixes_read(empty, ARRIVAL)


def test_other_channels_are_declared_and_told() -> None:
    elsewhere = "s3://models/pretrained/"
    found = job(f"{OWN}train/", elsewhere)
    assert prefixes_read(found, ARRIVAL, ["c1"]) == (f"{PREFIX}train/",)
    assert other_channels(found, ARRIVAL) == {"c1": elsewhere}
    assert other_channels(job(f"{OWN}train/"), ARRIVAL) == {}
    with pytest.raises(MismatchError, match="no channel reads"):
        prefixes_read(found, ARRIVAL, ["c0", "c1"])
    with pytest.raises(InputError, match="other_channels names c7; the job's channels are c0, c1"):
        prefixes_read(found, ARRIVAL, ["c7"])


@pytest.mark.parametrize("place", ["checkpoints", "checkpoints/train-11", "checkpoints/train-1x/", "train-1x/"])
def test_checkpoints_that_another_job_may_have_left_are_refused(place: str) -> None:
    going_on = {**job(f"{OWN}train/"), "CheckpointConfig": {"S3Uri": f"s3://models/{place}"}}
    with pytest.raises(MismatchError, match="channel checkpoints reads s3://models/"):
        prefixes_read(going_on, ARRIVAL)
    assert prefixes_read(going_on, ARRIVAL, ["checkpoints"]) == (f"{PREFIX}train/",)
    assert other_channels(going_on, ARRIVAL) == {"checkpoints": f"s3://models/{place}"}


@pytest.mark.parametrize("place", ["checkpoints/train-1", "checkpoints/train-1/", "train-1/deep/er"])
def test_checkpoints_at_a_place_of_the_job_s_own_pass(place: str) -> None:
    own = {**job(f"{OWN}train/"), "CheckpointConfig": {"S3Uri": f"s3://models/{place}"}}
    assert prefixes_read(own, ARRIVAL) == (f"{PREFIX}train/",)
    assert other_channels(own, ARRIVAL) == {}
