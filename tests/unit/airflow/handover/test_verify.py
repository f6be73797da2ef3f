"""The versions again: what a reader of the keys would get."""

from __future__ import annotations

from typing import Any

import pytest

from crosswind.airflow.handover.model import Arrival, Handover, Version
from crosswind.airflow.handover.movers.copy import SOURCE_VERSION, Copy
from crosswind.airflow.handover.objects import alike
from crosswind.airflow.handover.verify import MismatchError, verify
from crosswind.airflow.jobs.failures import FailureClass, classify
from tests.unit.airflow.handover.world import PREFIX, Counting, World


def arrived() -> tuple[World, Arrival]:
    world = World()
    handover, reference = world.published()
    world.aws.clock.advance(10)
    arrival = world.check(handover, reference).look().arrival
    assert arrival is not None
    return world, arrival


def copied() -> tuple[World, Handover, Arrival]:
    """A handover that has arrived by copy."""
    world = World(replicates=False)
    handover, reference = world.published()
    arrival = world.check(handover, reference, Copy(world.east(), world.west(), "destination")).look().arrival
    assert arrival is not None
    return world, handover, arrival


def copy_again(world: World, handover: Handover, number: int = 0, **marked: str) -> str:
    """What a copier does that goes on late: the same version once more; the id of the copy."""
    version = handover.versions[number]
    answer = world.aws.s3.copy_object(
        {
            "Bucket": "destination",
            "Key": version.key,
            "CopySource": {"Bucket": "source", "Key": version.key, "VersionId": version.version_id},
            "MetadataDirective": "REPLACE",
            "Metadata": {SOURCE_VERSION: version.version_id, **marked},
        }
    )
    return str(answer["VersionId"])


def test_what_has_arrived_is_there() -> None:
    world, arrival = arrived()
    calls = Counting()
    assert verify(world.west(calls), arrival) == arrival
    assert calls.calls == ["list_object_versions"]


def test_the_same_version_copied_again_passes_and_is_named() -> None:
    world, handover, arrival = copied()
    again = copy_again(world, handover)
    verified = verify(world.west(), arrival)
    assert again != arrival.versions[0].version_id
    assert [version.version_id for version in verified.versions] == [
        again, *(version.version_id for version in arrival.versions[1:])
    ]  # fmt: skip
    assert verify(world.west(), verified) == verified


def test_the_version_itself_may_come_above_its_copy() -> None:
    """S3 replicates late what a repair has copied."""
    world, handover, arrival = copied()
    world.destination.objects[handover.keys[0]].append(world.source.objects[handover.keys[0]][-1])
    assert verify(world.west(), arrival).versions[0] == handover.versions[0]


def test_a_copy_of_another_version_is_a_mismatch() -> None:
    world, handover, arrival = copied()
    found = copy_again(world, handover, **{SOURCE_VERSION: "v999999"})
    with pytest.raises(MismatchError, match=f"found {found}"):
        verify(world.west(), arrival)


@pytest.mark.parametrize("changes", [{"body": b"longer than it was"}, {"checksum": {"ChecksumCRC32": "AAAAAA=="}}])
def test_a_copy_that_says_so_and_has_other_bytes_is_a_mismatch(changes: dict[str, Any]) -> None:
    world, handover, arrival = copied()
    found = copy_again(world, handover)
    for name, value in changes.items():
        setattr(world.destination.objects[handover.keys[0]][-1], name, value)
    with pytest.raises(MismatchError, match=f"found {found}"):
        verify(world.west(), arrival)


def test_what_was_proven_must_still_be_there_to_compare_with() -> None:
    world, handover, arrival = copied()
    found = copy_again(world, handover)
    del world.destination.objects[handover.keys[0]][0]
    with pytest.raises(MismatchError, match=f"found {found}"):
        verify(world.west(), arrival)


def test_after_the_first_difference_nothing_more_is_compared() -> None:
    world, handover, arrival = copied()
    world.aws.s3.write(world.destination, handover.keys[0], b"new")
    copy_again(world, handover, 1)
    calls = Counting()
    with pytest.raises(MismatchError):
        verify(world.west(calls), arrival)
    assert calls.calls == ["list_object_versions", "head_object", "head_object"]


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        ("crc32:a", "crc32:a", True),
        ("crc32:a", "crc32:b", False),
        ("crc32:a", "crc64nvme:a", False),
        ("crc32:a-2", "crc32:a-2", True),  # the same parts of the same bytes
        ("etag:a", "etag:a", True),
        ("etag:a-3", "etag:b", False),
        ("kms-etag:a", "kms-etag:a", False),  # says nothing of the bytes
        ("etag:", "etag:", False),
    ],
)
def test_only_equal_checksums_of_equal_sizes_prove_equal_bytes(expected: str, found: str, same: bool) -> None:
    first, second = Version("k", "v", 1, expected), Version("k", "w", 1, found)
    assert alike(first, second) is same
    assert not alike(first, Version("k", "w", 2, found))


def test_another_version_on_top_is_named() -> None:
    world, arrival = arrived()
    newer = world.aws.s3.write(world.destination, f"{PREFIX}train/a.csv", b"new")
    with pytest.raises(MismatchError) as told:
        verify(world.west(), arrival)
    expected = arrival.versions[0].version_id
    assert f"{PREFIX}train/a.csv: expected {expected}, found {newer.version_id}" in told.value.message
    assert told.value.hint
    assert classify(told.value).kind is FailureClass.DATA


def test_a_delete_marker_and_an_absence_are_named() -> None:
    world, arrival = arrived()
    marker = world.aws.s3.delete_object({"Bucket": "destination", "Key": f"{PREFIX}train/a.csv"})
    del world.destination.objects[f"{PREFIX}train/b.csv"]
    with pytest.raises(MismatchError) as told:
        verify(world.west(), arrival)
    assert f"found the delete marker {marker['VersionId']}" in told.value.message
    assert f"{PREFIX}train/b.csv: expected {arrival.versions[1].version_id}, found nothing" in told.value.message


def test_more_data_in_its_folders_is_named() -> None:
    world, arrival = arrived()
    stray = world.aws.s3.write(world.destination, f"{PREFIX}train/deeper/c.csv", b"7,8\n")
    with pytest.raises(MismatchError, match=rf"deeper/c\.csv: expected nothing, found {stray.version_id}"):
        verify(world.west(), arrival)


@pytest.mark.parametrize(
    ("key", "body"),
    [
        (f"{PREFIX}train/_SUCCESS", b""),
        (f"{PREFIX}train/", b""),
        (f"{PREFIX}train_$folder$", b""),
        (f"{PREFIX}arrival.json", b"{}"),
        (f"{PREFIX}manifest.json", b"{}"),
        (f"{PREFIX}report/notes.txt", b"beside the data"),
        ("transformed/run-2/train/a.csv", b"another run"),
    ],
)
def test_what_is_no_data_of_the_handover_is_allowed(key: str, body: bytes) -> None:
    world, arrival = arrived()
    world.aws.s3.write(world.destination, key, body)
    verify(world.west(), arrival)


def test_what_was_removed_again_is_allowed() -> None:
    world, arrival = arrived()
    world.aws.s3.write(world.destination, f"{PREFIX}train/c.csv", b"7,8\n")
    world.aws.s3.delete_object({"Bucket": "destination", "Key": f"{PREFIX}train/c.csv"})
    verify(world.west(), arrival)


def test_data_beside_the_manifests_makes_every_other_object_count() -> None:
    world = World()
    handover, reference = world.published(files={"a.csv": b"1"})
    world.aws.clock.advance(10)
    arrival = world.check(handover, reference).look().arrival
    assert arrival is not None
    verify(world.west(), arrival)
    world.aws.s3.write(world.destination, f"{PREFIX}b.csv", b"2")
    with pytest.raises(MismatchError, match=r"b\.csv: expected nothing"):
        verify(world.west(), arrival)


def test_many_differences_are_counted() -> None:
    world, arrival = arrived()
    for number in range(9):
        world.aws.s3.write(world.destination, f"{PREFIX}train/x{number}.csv", b"1")
    with pytest.raises(MismatchError, match="and 4 more"):
        verify(world.west(), arrival)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("train-old/part-0.csv", "train"),  # a prefix without a slash reads it too
        ("other.csv", ""),
        ("handover.json", "h"),
        ("arrival.json", "arrival"),
    ],
)
def test_what_a_reader_s_prefix_holds_beside_the_handover_is_data(name: str, read: str) -> None:
    world, arrival = arrived()
    world.aws.s3.write(world.destination, f"{PREFIX}{name}", b"other")
    verify(world.west(), arrival, [f"{PREFIX}train/", f"{PREFIX}validation/"])
    with pytest.raises(MismatchError, match=f"{name}: expected nothing"):
        verify(world.west(), arrival, [f"{PREFIX}{read}"])
