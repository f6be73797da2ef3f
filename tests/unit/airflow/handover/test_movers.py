"""Movers: the copying one ends with one version an object, wherever it was cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswind.airflow.handover.model import Handover, Version
from crosswind.airflow.handover.movers.choice import MOVERS, mover_of
from crosswind.airflow.handover.movers.copy import SOURCE_VERSION, Copy
from crosswind.airflow.handover.movers.model import InPlace, Replicated
from crosswind.errors import AccessDeniedError, InputError, NotFoundError
from tests.simulator.aws import Blow, Caller, Crash
from tests.unit.airflow.handover.world import FILES, PREFIX, Counting, CutAt, World

BIG = {"train/big.csv": b"0123456789abcdef", "train/small.csv": b"01"}


def world_with(files: dict[str, bytes] = FILES) -> tuple[World, Handover]:
    world = World(replicates=False, smallest_part=1)
    return world, world.published(files=files)[0]


def copy(world: World, caller: Caller | None = None, **more: Any) -> Copy:
    return Copy(world.east(caller), world.west(caller), "destination", **{"threshold": 6, "part_size": 4, **more})


def versions(world: World, handover: Handover) -> dict[str, int]:
    return {key: len(world.destination.objects.get(key, ())) for key in handover.keys}


def test_every_object_is_copied_in_exactly_its_version() -> None:
    world, handover = world_with()
    for key in handover.keys:  # written over since: the copy must not be of these
        world.aws.s3.write(world.source, key, b"newer")
    mover = copy(world)
    assert mover.move(handover)
    mapping = mover.mapping(handover)
    assert set(mapping) == set(handover.versions)
    for version, made in mapping.items():
        assert world.now_holds(version, made)
        assert made == Version(version.key, made.version_id, version.size, version.checksum)
        assert made.version_id != version.version_id
    record = json.loads(world.destination.objects[f"{PREFIX}arrival.json"][-1].body)
    assert record["complete"] is True
    assert {each["source"]: each["copy"]["version_id"] for each in record["objects"]} == {
        version.version_id: made.version_id for version, made in mapping.items()
    }


def test_a_large_object_is_copied_in_parts() -> None:
    world, handover = world_with(BIG)
    caller = Counting()
    mover = copy(world, caller)
    assert mover.move(handover)
    assert caller.calls.count("upload_part_copy") == 4
    assert caller.calls.count("copy_object") == 1
    [made] = [made for version, made in mover.mapping(handover).items() if version.key.endswith("big.csv")]
    stored = world.destination.version(made.key, made.version_id)
    assert stored is not None
    assert stored.body == BIG["train/big.csv"]
    # S3 was asked for the checksum of the whole, so that it can be compared with the source's.
    assert made.checksum == next(version.checksum for version in handover.versions if version.key == made.key)


@pytest.mark.parametrize("files", [{"train/a.csv": b"12"}, {"train/big.csv": b"0123456789abcdef"}])
def test_a_strangers_bucket_under_the_sources_name_is_not_copied_from(files: dict[str, bytes]) -> None:
    world, handover = world_with(files)
    world.source.account = "999999999999"
    with pytest.raises(AccessDeniedError, match="copy s3://source/"):
        copy(world).move(handover)


def test_metadata_goes_with_the_copy() -> None:
    world, _ = world_with()
    put = {"Bucket": "source", "Key": f"{PREFIX}train/a.csv", "Body": b"1", "ContentType": "text/csv"}
    world.aws.s3.put_object({**put, "Metadata": {"made-by": "glue"}})
    handover = world.published("transformed/run-2/")[0]
    world.aws.s3.put_object({**put, "Key": handover.keys[0], "Metadata": {"made-by": "glue"}})
    handover = Handover(
        **{
            **vars(handover),
            "versions": (
                Version(handover.keys[0], world.source.objects[handover.keys[0]][-1].version_id, 1, "etag:x-1"),
            ),
        }
    )
    given: list[dict[str, Any]] = []
    original = world.aws.s3.copy_object
    world.aws.s3.copy_object = lambda p: given.append(dict(p)) or original(p)
    copy(world).move(handover)
    assert given[0]["ContentType"] == "text/csv"
    assert given[0]["MetadataDirective"] == "REPLACE"
    assert given[0]["Metadata"] == {"made-by": "glue", SOURCE_VERSION: handover.versions[0].version_id}


def test_a_second_call_copies_nothing() -> None:
    world, handover = world_with(BIG)
    copy(world).move(handover)
    caller = Counting()
    assert copy(world, caller).move(handover)
    assert sorted(caller.calls) == ["get_object", "list_object_versions"]


def test_a_call_stops_after_so_many_requests_and_the_next_goes_on() -> None:
    world, handover = world_with(BIG)
    calls = 0
    while not copy(world, requests=1).move(handover):
        calls += 1
        assert calls < 9
    assert calls == 4
    assert versions(world, handover) == dict.fromkeys(handover.keys, 1)
    assert not world.destination.uploads


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_cut_anywhere_and_often_each_object_is_copied_once(data: st.DataObject) -> None:
    files = data.draw(st.dictionaries(st.sampled_from(["a", "b/c", "b/d"]), st.binary(max_size=14), min_size=1))
    requests = data.draw(st.integers(1, 4))
    world, handover = world_with(files)
    counting = Counting()
    for _ in range(200):
        cut = data.draw(
            st.none() | st.tuples(st.integers(1, 12), st.sampled_from([Blow.CRASH_BEFORE, Blow.CRASH_AFTER]))
        )
        caller: Any = counting if cut is None else Both(CutAt(*cut), counting)
        try:
            if copy(world, caller, requests=requests).move(handover):
                break
        except Crash:
            continue
    else:
        pytest.fail("it did not end")
    assert versions(world, handover) == dict.fromkeys(handover.keys, 1)
    mapping = copy(world).mapping(handover)
    assert set(mapping) == set(handover.versions)
    for version, made in mapping.items():
        assert world.now_holds(version, made)
        assert made.size == version.size
    assert not world.destination.uploads


class Both:
    """A process that dies, and counts until then."""

    def __init__(self, cut: CutAt, counting: Counting) -> None:
        self._cut, self._counting = cut, counting

    def enter(self, service: str, operation: str) -> Blow | None:
        self._counting.enter(service, operation)
        return self._cut.enter(service, operation)

    def leave(self, blow: Blow | None) -> None:
        self._cut.leave(blow)


def test_parts_that_are_there_are_not_copied_again() -> None:
    world, handover = world_with({"train/big.csv": BIG["train/big.csv"]})
    first = Counting()
    with pytest.raises(Crash):
        copy(world, Both(CutAt(8, Blow.CRASH_AFTER), first)).move(handover)
    second = Counting()
    assert copy(world, second).move(handover)
    parts = first.calls.count("upload_part_copy"), second.calls.count("upload_part_copy")
    assert sum(parts) == 4
    assert 0 < parts[0] < 4


def test_an_upload_with_other_parts_is_given_up() -> None:
    world, handover = world_with({"train/big.csv": BIG["train/big.csv"]})
    with pytest.raises(Crash):
        copy(world, CutAt(8, Blow.CRASH_AFTER)).move(handover)
    assert copy(world, part_size=7).move(handover)
    assert not world.destination.uploads
    assert versions(world, handover) == {handover.keys[0]: 1}


def test_an_upload_that_somebody_else_began_does_not_pass_for_a_copy() -> None:
    world, handover = world_with({"train/big.csv": BIG["train/big.csv"]})
    key = handover.keys[0]
    world.aws.s3.create_multipart_upload({"Bucket": "destination", "Key": key})
    mover = copy(world)
    assert not mover.move(handover)  # that upload was completed: it does not name the source's version
    assert mover.mapping(handover) == {}
    assert mover.move(handover)
    assert world.destination.objects[key][-1].metadata[SOURCE_VERSION] == handover.versions[0].version_id


def test_two_movers_at_once_agree_on_what_lies_on_top() -> None:
    world, handover = world_with()
    first = copy(world)
    assert first.move(handover)
    # A process that had been thought dead copied the same version again.
    marked = {"MetadataDirective": "REPLACE", "Metadata": {SOURCE_VERSION: handover.versions[0].version_id}}
    origin = {"Bucket": "source", "Key": handover.keys[0], "VersionId": handover.versions[0].version_id}
    late = world.aws.s3.copy_object({"Bucket": "destination", "Key": handover.keys[0], "CopySource": origin, **marked})
    assert copy(world).move(handover)
    assert copy(world).mapping(handover)[handover.versions[0]].version_id == late["VersionId"]


class Paused:
    """A process before whose n-th call of an operation something else happens."""

    def __init__(self, operation: str, meanwhile: Callable[[], Any], nth: int = 1) -> None:
        self._operation, self._meanwhile, self._left = operation, meanwhile, nth

    def enter(self, service: str, operation: str) -> Blow | None:
        self._left -= operation == self._operation
        if self._left == 0:
            self._left = -1
            self._meanwhile()
        return None

    def leave(self, blow: Blow | None) -> None:
        return None


@pytest.mark.parametrize("operation", ["copy_object", "complete_multipart_upload"])
def test_a_mover_that_was_paused_makes_no_second_copy(operation: str) -> None:
    """Else a version would lie on top that nobody knows, after the arrival was handed on."""
    world, handover = world_with(BIG)
    late = copy(world, Paused(operation, lambda: copy(world).move(handover)))
    while not late.move(handover):
        continue
    assert versions(world, handover) == dict.fromkeys(handover.keys, 1)
    assert not world.destination.uploads
    assert late.mapping(handover) == copy(world).mapping(handover)


def test_a_boto3_without_conditional_copies_copies_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Copy, "_conditional", property(lambda _: False))
    world, handover = world_with({**BIG, "train/empty.csv": b""})
    counting = Counting()
    assert copy(world, counting).move(handover)
    assert counting.calls.count("copy_object") == 1  # the empty one, of which there are no parts
    assert versions(world, handover) == dict.fromkeys(handover.keys, 1)


def test_nothing_is_copied_over_a_delete_marker() -> None:
    world, handover = world_with()
    world.aws.s3.delete_object({"Bucket": "destination", "Key": handover.keys[0]})
    mover = copy(world)
    assert mover.move(handover)
    assert handover.versions[0] not in mover.mapping(handover)
    assert versions(world, handover)[handover.keys[0]] == 1


def test_a_copy_that_was_removed_for_good_is_made_again() -> None:
    world, handover = world_with()
    assert copy(world).move(handover)
    del world.destination.objects[handover.keys[0]]
    mover = copy(world)
    assert mover.move(handover)
    assert world.now_holds(handover.versions[0], mover.mapping(handover)[handover.versions[0]])


def test_a_version_that_is_gone_at_the_source_is_named() -> None:
    world, handover = world_with()
    del world.source.objects[handover.keys[1]]
    with pytest.raises(NotFoundError, match=rf"s3://source/{handover.keys[1]} has no version"):
        copy(world).move(handover)


def test_a_refused_copy_says_what_was_copied_and_by_whom() -> None:
    world, handover = world_with()
    world.deny("copy_object")
    with pytest.raises(AccessDeniedError, match=r"copy s3://source/.* to s3://destination/ in account 222222222222"):
        copy(world).move(handover)


def test_a_copy_with_other_bytes_is_refused() -> None:
    world, handover = world_with()
    original = world.aws.s3.copy_object

    def wrong(p: dict[str, Any]) -> dict[str, Any]:
        answer = original(p)
        answer["CopyObjectResult"]["ChecksumCRC32"] = "AAAAAA=="
        return answer

    world.aws.s3.copy_object = wrong
    with pytest.raises(InputError, match="is no copy of version"):
        copy(world).move(handover)


@pytest.mark.parametrize("body", [b"{", b'{"schema_version": 2}', b'{"schema_version": 1}', b"[]"])
def test_an_arrival_manifest_that_is_none_is_refused(body: bytes) -> None:
    world, handover = world_with()
    world.aws.s3.write(world.destination, f"{PREFIX}arrival.json", body)
    with pytest.raises(InputError, match="not an arrival"):
        copy(world).mapping(handover)


def test_the_arrival_of_another_handover_does_not_count() -> None:
    world, handover = world_with()
    assert copy(world).move(handover)
    other = Handover(**{**vars(handover), "producer": {"dag_id": "another"}})
    assert copy(world).mapping(other) == {}


def test_the_names_of_the_topology_have_movers() -> None:
    world = World()
    made = {name: mover_of(name, world.east(), world.west(), "b") for name in MOVERS}
    assert made["crr"] == made["crr-rtc"] == Replicated("b")
    assert made["in-place"] == InPlace("b")
    assert isinstance(made["copy"], Copy)
    assert {name: mover.replicates for name, mover in made.items()} == {
        "crr": True, "crr-rtc": True, "copy": False, "in-place": False
    }  # fmt: skip
    assert all(mover.bucket == "b" for mover in made.values())
    with pytest.raises(InputError, match="Valid: crr, crr-rtc, copy, in-place"):
        mover_of("rsync", world.east(), world.west(), "b")


def test_replication_and_reading_in_place_move_nothing() -> None:
    handover = world_with()[1]
    for mover in (Replicated("destination"), InPlace("source")):
        assert mover.move(handover)
        assert mover.mapping(handover) is None
