"""A handover: what a manifest may say, and who is asked."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.airflow.handover import Handover
from crosswind.errors import InputError, NotFoundError

PREFIX = "transformed/r-1/"
KEYS = [f"{PREFIX}train/a.csv", f"{PREFIX}validation/a.csv"]
MANIFEST = {"schema_version": 1, "prefix": PREFIX, "keys": KEYS}


class OneBucket:
    """An S3 client over a dict of (bucket, key) to text."""

    def __init__(self, objects: dict[tuple[str, str], str]) -> None:
        self._objects = objects

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - as boto3 names them
        if (Bucket, Key) not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        return {"Body": io.BytesIO(self._objects[Bucket, Key].encode())}


def bucket(manifest: Any) -> OneBucket:
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    return OneBucket({("source", f"{PREFIX}manifest.json"): text})


def test_a_manifest_is_read() -> None:
    handover = Handover.read(bucket(MANIFEST | {"later": "ignored"}), "source", PREFIX)
    assert handover == Handover(PREFIX, tuple(KEYS))
    assert handover.run == "r-1"
    assert handover.manifest == f"{PREFIX}manifest.json"
    assert Handover.of(handover.extra, where="x") == handover


def test_no_manifest_means_the_job_did_not_finish() -> None:
    with pytest.raises(NotFoundError, match=r"s3://source/transformed/r-1/manifest\.json"):
        Handover.read(OneBucket({}), "source", PREFIX)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("{", "not JSON"),
        ([], "not a manifest of schema_version 1"),
        (MANIFEST | {"schema_version": 2}, "not a manifest of schema_version 1"),
        (MANIFEST | {"prefix": "transformed/r-2/", "keys": ["transformed/r-2/a"]}, "is that of 'transformed/r-2/'"),
        (MANIFEST | {"keys": []}, "names no objects"),
        (MANIFEST | {"keys": ["raw/a.csv"]}, r"names \['raw/a.csv'\]"),
        (MANIFEST | {"keys": [f"{PREFIX}train/"]}, "names"),
        (MANIFEST | {"keys": "a"}, "not a handover"),
        ({"schema_version": 1, "prefix": PREFIX}, "not a handover"),
    ],
)
def test_a_bad_manifest_is_refused(manifest: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Handover.read(bucket(manifest), "source", PREFIX)


@pytest.mark.parametrize("prefix", ["", "transformed", "transformed/", "transformed/r 1/", "/r-1/", "../r/", "t/r-1"])
def test_what_is_no_prefix_is_refused_before_s3_is_asked(prefix: str) -> None:
    with pytest.raises(InputError, match="is no run's prefix"):
        Handover.read(None, "source", prefix)


def test_the_newest_event_wins() -> None:
    def event(time: int, run: str) -> SimpleNamespace:
        prefix = f"transformed/{run}/"
        return SimpleNamespace(timestamp=time, extra={"prefix": prefix, "keys": [f"{prefix}a"]})

    events = {"asset": [event(1, "r-1"), event(3, "r-3"), event(2, "r-2")]}
    assert Handover.of_events(events).run == "r-3"


def test_no_event_says_what_to_give() -> None:
    with pytest.raises(InputError, match="started by hand") as found:
        Handover.of_events({})
    assert '"prefix"' in found.value.hint
