"""A SageMaker request in S3: read once, checked, filled for the attempt."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.airflow.configuration import Configuration
from crosswind.airflow.owner import Attempt, Owner
from crosswind.errors import InputError, NotFoundError

ATTEMPT = Attempt(Owner("d", "r", "train", -1, 2), 1)
REQUEST: dict[str, Any] = {
    "TrainingJobName": "${job_name}",
    "Channel": "s3://b/${prefix}train/",
    "ResourceConfig": {"InstanceCount": "${count}", "VolumeSizeInGB": 5},
}
VALUES = {"count": "2"}
KNOWN = {"prefix": "transformed/r-1/"}


class Bucket:
    """Clients whose S3 has one object, and counts how often it is read."""

    def __init__(self, body: Any = REQUEST) -> None:
        self.body = body if isinstance(body, str) else json.dumps(body)
        self.reads = 0

    def client(self, service: str) -> Any:
        return self

    def get_object(self, **place: str) -> dict[str, Any]:
        self.reads += 1
        if place != {"Bucket": "configs", "Key": "train.json"}:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": ""}}, "GetObject")
        return {"Body": io.BytesIO(self.body.encode())}


def configuration(bucket: Bucket, key: str = "train.json") -> Configuration:
    return Configuration(bucket, "configs", key, "TrainingJobName")  # type: ignore[arg-type]


def test_it_is_filled_for_the_attempt_and_read_once() -> None:
    bucket = Bucket()
    found = configuration(bucket)
    for ordinal in (1, 2):
        attempt = Attempt(ATTEMPT.owner, ordinal)
        assert found.filled(attempt, VALUES, KNOWN) == {
            "TrainingJobName": attempt.name,
            "Channel": "s3://b/transformed/r-1/train/",
            "ResourceConfig": {"InstanceCount": 2, "VolumeSizeInGB": 5},
        }
    assert bucket.reads == 1


def test_known_values_may_be_left_unused_and_given_ones_may_not() -> None:
    plain = Bucket({"TrainingJobName": "${job_name}"})
    assert configuration(plain).filled(ATTEMPT, {}, KNOWN) == {"TrainingJobName": ATTEMPT.name}
    with pytest.raises(InputError, match=r"no placeholder for \$\{prefix\}"):
        configuration(plain).filled(ATTEMPT, KNOWN, {})


def test_a_value_of_the_dags_goes_before_a_known_one() -> None:
    filled = configuration(Bucket()).filled(ATTEMPT, VALUES | {"prefix": "other/r-2/"}, KNOWN)
    assert filled["Channel"] == "s3://b/other/r-2/train/"


def test_what_must_be_a_number_is_one() -> None:
    with pytest.raises(InputError, match=r"configs/train.json ResourceConfig.InstanceCount: 'two' is no whole number"):
        configuration(Bucket()).filled(ATTEMPT, {"count": "two"}, KNOWN)


@pytest.mark.parametrize("body", ["{", "[]", "{}", {"TrainingJobName": "mine"}, {"TrainingJobName": "x-${job_name}"}])
def test_what_is_no_configuration_is_refused_with_its_place(body: Any) -> None:
    with pytest.raises(InputError, match=r"s3://configs/train\.json"):
        configuration(Bucket(body)).filled(ATTEMPT, {}, {})


def test_a_missing_one_is_named() -> None:
    with pytest.raises(NotFoundError, match=r"s3://configs/none\.json"):
        configuration(Bucket(), "none.json").filled(ATTEMPT, {}, {})
