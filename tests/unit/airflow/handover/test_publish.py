"""Publishing: once, whole, and the same however often it is called."""

from __future__ import annotations

import json

import pytest

from crosswind.airflow.handover.model import Handover, Reference
from crosswind.airflow.handover.publish import publish
from crosswind.airflow.handover.read import current, read
from crosswind.errors import AccessDeniedError, ConflictError, InputError, NotFoundError
from tests.simulator.aws import Blow, Crash
from tests.simulator.aws.errors import refused
from tests.unit.airflow.handover.world import FILES, NOW, PREFIX, CutAt, World


def test_each_object_is_named_in_its_version() -> None:
    world = World()
    handover, reference = world.published()
    assert handover.keys == tuple(f"{PREFIX}{name}" for name in sorted(FILES))
    for version in handover.versions:
        stored = world.source.current(version.key)
        assert stored is not None
        assert version.version_id == stored.version_id
        assert version.size == len(stored.body)
        assert version.checksum == f"crc32:{stored.checksum['ChecksumCRC32']}"
    assert reference.objects == 3
    assert reference.size == handover.size == 12
    assert (handover.account, handover.region) == ("222222222222", "us-east-1")
    assert reference.published == NOW.isoformat()


def test_the_time_is_that_of_the_manifest_in_s3_to_the_second() -> None:
    world = World()
    world.job()
    world.aws.clock.advance(61.7)
    _, reference = publish(world.east(), "source", PREFIX, {})
    assert reference.published == "2026-01-05T12:01:01+00:00"
    world.aws.clock.advance(60)
    assert current(world.east(), "source", PREFIX) == publish(world.east(), "source", PREFIX, {})
    assert publish(world.east(), "source", PREFIX, {})[1] == reference


def test_the_manifest_can_be_read_back_by_its_reference() -> None:
    world = World()
    handover, reference = world.published()
    assert read(world.east(), Reference.of(json.loads(json.dumps(reference.document())), where="")) == handover
    assert current(world.east(), "source", PREFIX) == (handover, reference)


def test_a_second_call_gives_the_first_ones_handover() -> None:
    world = World()
    first = world.published()
    again = publish(world.east(), "source", PREFIX, {"dag_id": "other"})
    assert again == first
    assert len(world.source.objects[f"{PREFIX}handover.json"]) == 1


@pytest.mark.parametrize("blow", [Blow.CRASH_BEFORE, Blow.CRASH_AFTER])
@pytest.mark.parametrize("call", range(1, 7))
def test_cut_at_any_call_and_called_again_there_is_one_manifest(call: int, blow: Blow) -> None:
    world = World()
    world.job()
    given = {"inputs": [{"bucket": "source", "key": f"{PREFIX}train/a.csv", "version_id": "v1"}]}
    with pytest.raises(Crash):
        publish(world.east(CutAt(call, blow)), "source", PREFIX, given)
    handover, reference = publish(world.east(), "source", PREFIX, given)
    [manifest] = world.source.objects[f"{PREFIX}handover.json"]
    assert manifest.version_id == reference.version_id
    assert Handover.decoded(manifest.body, where="") == handover


def test_objects_that_changed_since_are_named() -> None:
    world = World()
    world.published()
    world.aws.s3.write(world.source, f"{PREFIX}train/a.csv", b"9,9\n")
    with pytest.raises(InputError, match=r"published before with other objects, 1 of them: .*train/a\.csv is v"):
        publish(world.east(), "source", PREFIX, {})


def test_more_and_fewer_objects_are_changes_too() -> None:
    world = World()
    world.published()
    world.job(files={"train/c.csv": b"7\n"})
    with pytest.raises(InputError, match=r"4 of them: .*train/a\.csv is gone, was published as v"):
        publish(world.east(), "source", PREFIX, {})


def test_inputs_are_looked_at_again() -> None:
    world = World()
    raw = world.aws.s3.write(world.source, "raw/a.csv", b"raw")
    world.job()
    given = [
        {"bucket": "source", "key": "raw/a.csv", "version_id": raw.version_id},
        {"bucket": "source", "key": "raw/a.csv", "version_id": "older"},
        {"bucket": "source", "key": "raw/gone.csv", "version_id": "v0"},
        {"bucket": "source", "key": "raw/a.csv", "version_id": raw.version_id, "exact": False},
    ]
    handover, _ = publish(world.east(), "source", PREFIX, {"job": "glue", "inputs": given})
    assert [each["exact"] for each in handover.producer["inputs"]] == [True, False, False, False]
    assert handover.producer["job"] == "glue"


def test_no_manifest_means_the_job_did_not_finish() -> None:
    with pytest.raises(NotFoundError, match=r"there is no manifest s3://source/transformed/run-1/manifest\.json"):
        publish(World().east(), "source", PREFIX, {})


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"schema_version": 2}, "schema_version 1"),
        ({"prefix": "transformed/other/"}, "the manifest is that of 'transformed/other/'"),
        ({"keys": "a"}, '"keys" must be a list of keys, not str'),
        ({"keys": [1]}, '"keys" must be a list'),
        ({"keys": []}, "no objects"),
        ({"keys": [f"{PREFIX}train/a.csv"] * 2}, "one twice"),
        (
            {"keys": [f"{PREFIX}train/none.csv"]},
            "names s3://source/transformed/run-1/train/none.csv, which is not there",
        ),
        ({"keys": [f"{PREFIX}manifest.json"]}, "names of Crosswind's own"),
    ],
)
def test_a_manifest_that_is_none_is_refused(manifest: dict[str, object], message: str) -> None:
    world = World()
    world.job(manifest=manifest)
    with pytest.raises(InputError, match=message):
        publish(world.east(), "source", PREFIX, {})
    assert f"{PREFIX}handover.json" not in world.source.objects


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_a_manifest_that_is_no_json_object_is_refused(body: bytes) -> None:
    world = World()
    world.aws.s3.write(world.source, f"{PREFIX}manifest.json", body)
    with pytest.raises(InputError, match="not "):
        publish(world.east(), "source", PREFIX, {})


def test_a_key_outside_of_the_prefix_is_refused() -> None:
    world = World()
    world.aws.s3.write(world.source, "raw/a.csv", b"raw")
    world.job(manifest={"keys": ["raw/a.csv"]})
    with pytest.raises(InputError, match=r"names \['raw/a\.csv'\]"):
        publish(world.east(), "source", PREFIX, {})


@pytest.mark.parametrize("prefix", ["transformed/", "transformed/run-1", "../x/", ""])
def test_a_prefix_of_another_form_is_refused(prefix: str) -> None:
    with pytest.raises(InputError, match="is no run's prefix"):
        publish(World().east(), "source", prefix, {})


def test_a_bucket_without_versions_is_refused() -> None:
    world = World()
    world.job()
    head = world.aws.s3.head_object
    world.aws.s3.head_object = lambda p: {**head(p), "VersionId": "null"}
    with pytest.raises(InputError, match="does not keep versions"):
        publish(world.east(), "source", PREFIX, {})


def test_a_conflict_is_tried_again_and_then_told() -> None:
    world = World()
    world.job()
    put, busy = world.aws.s3.put_object, [2]

    def conflicting(p: dict[str, object]) -> dict[str, object]:
        busy[0] -= 1
        if busy[0] >= 0:
            raise refused("ConditionalRequestConflict", "PutObject", "Conflict", 409)
        return put(p)

    world.aws.s3.put_object = conflicting
    _, reference = publish(world.east(), "source", PREFIX, {})
    assert world.source.objects[f"{PREFIX}handover.json"][0].version_id == reference.version_id

    world, busy[0] = World(), 99
    world.job()
    world.aws.s3.put_object = conflicting
    with pytest.raises(ConflictError, match="is being written by another task"):
        publish(world.east(), "source", PREFIX, {})


def test_a_denial_names_what_was_done_and_where() -> None:
    world = World()
    world.job()
    world.deny("put_object")
    with pytest.raises(
        AccessDeniedError, match=r"publish s3://source/.*handover\.json in account 222222222222, Region"
    ):
        publish(world.east(), "source", PREFIX, {})


def test_a_reference_to_other_bytes_is_refused() -> None:
    world = World()
    _, reference = world.published()
    other = Reference(**{**reference.document(), "digest": "0" * 64})
    with pytest.raises(InputError, match="not 0000"):
        read(world.east(), other)
    gone = Reference(**{**reference.document(), "version_id": "v999"})
    with pytest.raises(NotFoundError, match="has no version v999"):
        read(world.east(), gone)


def test_a_manifest_of_another_prefix_is_refused() -> None:
    world = World()
    world.published()
    body = world.source.objects[f"{PREFIX}handover.json"][0].body
    world.aws.s3.write(world.source, "transformed/run-2/handover.json", body)
    with pytest.raises(InputError, match="the manifest is that of s3://source/transformed/run-1/"):
        current(world.east(), "source", "transformed/run-2/")


def test_the_etag_of_a_kms_encrypted_object_is_kept_apart() -> None:
    world = World()
    world.job()
    head = world.aws.s3.head_object

    def encrypted(p: dict[str, object]) -> dict[str, object]:
        answer = head(p)
        return {name: answer[name] for name in ("ContentLength", "ETag", "LastModified", "VersionId")} | {
            "ServerSideEncryption": "aws:kms"
        }

    world.aws.s3.head_object = encrypted
    handover, _ = publish(world.east(), "source", PREFIX, {})
    assert all(version.checksum.startswith("kms-etag:") for version in handover.versions)
