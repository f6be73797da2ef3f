"""Arrival: only the versions that were handed over count, and what does not come is said with a reason."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswind.airflow.handover.arrival import ArrivalCheck
from crosswind.airflow.handover.failures import FailureQueue
from crosswind.airflow.handover.look import next_delay
from crosswind.airflow.handover.model import Arrival, Version
from crosswind.airflow.handover.movers.copy import SOURCE_VERSION, Copy
from crosswind.airflow.handover.movers.model import InPlace, Replicated
from crosswind.airflow.handover.objects import contradiction
from crosswind.errors import ThrottledError
from tests.simulator.aws import Blow, Crash, Fate, Replica, Stored, failure_event
from tests.simulator.aws.errors import throttled
from tests.unit.airflow.handover.world import FILES, NOW, PREFIX, Counting, CutAt, World

QUEUE = "https://sqs.us-east-1.amazonaws.com/222222222222/failures"
RULE = {
    "ID": "transformed",
    "Status": "Enabled",
    "Filter": {"Prefix": "transformed/"},
    "Destination": {"Bucket": "arn:aws:s3:::destination"},
}


def failing(*names: str) -> World:
    """A world where S3 gives up on these objects."""
    world = World(script=lambda stored: Replica(Fate.FAILS if stored.key.endswith(names) else Fate.ARRIVES))
    world.answer("get_bucket_replication", {"ReplicationConfiguration": {"Role": "r", "Rules": [RULE]}})
    world.answer("get_bucket_versioning", {"Status": "Enabled"})
    return world


def test_nothing_has_arrived_before_s3_replicates() -> None:
    world = World()
    handover, reference = world.published()
    look = world.check(handover, reference, now=lambda: NOW + timedelta(seconds=33)).look()
    assert (look.missing, look.missing_bytes, look.arrived_bytes, look.lag_seconds) == (3, 12, 0, 33)
    assert look.arrival is None
    assert not look.hopeless
    assert not look.busy
    assert look.text == "0 of 3 objects have arrived (0 bytes), 3 are missing (12 bytes), 33 s after publication"


def test_it_has_arrived_when_every_version_answers() -> None:
    world = World()
    handover, reference = world.published()
    world.aws.clock.advance(10)
    check = world.check(handover, reference, superseded=("transformed/old/",), now=lambda: NOW + timedelta(seconds=40))
    look = check.look()
    assert look.arrival == Arrival(
        reference, "destination", "222222222222", "us-west-2", handover.versions, 40.0, ("transformed/old/",)
    )
    assert Arrival.of(json.loads(json.dumps(look.arrival.document()))) == look.arrival
    assert (look.missing, look.arrived_bytes, look.failed, look.problems) == (0, 12, (), ())


def test_the_key_alone_proves_nothing() -> None:
    world = World(script=lambda stored: Replica(Fate.LOST))
    for name, body in FILES.items():  # last week's, with the same bytes
        world.aws.s3.write(world.destination, f"{PREFIX}{name}", body)
    handover, reference = world.published()
    look = world.check(handover, reference).look()
    assert (look.missing, look.arrived) == (3, ())


def test_proven_versions_are_not_asked_for_again() -> None:
    world = World(script=lambda stored: Replica(seconds=1 if stored.key.endswith("train/a.csv") else 60))
    handover, reference = world.published()
    check = world.check(handover, reference)
    world.aws.clock.advance(2)
    assert check.look().missing == 2
    calls: list[dict[str, Any]] = []
    head = world.aws.s3.head_object
    world.aws.s3.head_object = lambda p: calls.append(dict(p)) or head(p)
    kept = json.loads(json.dumps(check.progress))
    world.aws.clock.advance(60)
    look = world.check(handover, reference, progress=kept).look()
    assert look.arrival is not None
    assert sorted(call["Key"] for call in calls) == [f"{PREFIX}train/b.csv", f"{PREFIX}validation/a.csv"]
    assert {call["Bucket"] for call in calls} == {"destination"}


def test_a_look_asks_little_while_nothing_comes() -> None:
    world = World(script=lambda stored: Replica(Fate.LOST))
    files = {f"train/{number:03}.csv": b"1" for number in range(50)}
    handover, reference = world.published(files=files)
    caller = Counting()
    check = ArrivalCheck(
        world.east(caller),
        world.west(caller),
        handover,
        reference,
        Replicated("destination"),
        now=lambda: NOW,
    )
    check.look()
    assert sorted(caller.calls) == ["head_object"] * 20 + ["list_object_versions"]
    asked = check.progress["asked"]
    check.look()
    assert check.progress["asked"] > asked


def test_what_was_listed_is_proven_without_another_list() -> None:
    world = World()
    handover, reference = world.published(files={f"train/{number:05}.csv": b"1" for number in range(3500)})
    world.aws.clock.advance(10)
    caller = Counting()
    check = ArrivalCheck(
        world.east(), world.west(caller), handover, reference, Replicated("destination"), now=lambda: NOW
    )
    looks = [check.look() for _ in range(4)]
    assert [(look.unproven, look.missing, look.busy) for look in looks] == [
        (2500, 0, True), (1500, 0, True), (500, 0, True), (0, 0, False)
    ]  # fmt: skip
    assert "2500 are there and not yet proven, 0 are missing" in looks[0].text
    assert looks[3].arrival is not None
    assert caller.calls.count("head_object") == 3500
    assert caller.calls.count("list_object_versions") == 8  # four pages, at the beginning and at the end


def test_many_are_looked_at_side_by_side() -> None:
    world = World()
    handover, reference = world.published(files={f"train/{number:03}.csv": b"1" for number in range(40)})
    world.aws.clock.advance(10)
    together, head = threading.Barrier(10), world.aws.s3.head_object

    def waits(p: dict[str, Any]) -> dict[str, Any]:
        together.wait(timeout=30)
        return head(p)

    world.aws.s3.head_object = waits
    arrival = world.check(handover, reference).look().arrival
    assert arrival is not None
    assert arrival.versions == handover.versions


def test_every_missing_version_gets_its_turn() -> None:
    files = {f"train/{number:03}.csv": b"1" for number in range(45)}
    world = failing("044.csv")
    handover, reference = world.published(files=files)
    world.source.script = lambda stored: Replica(Fate.LOST)
    world.aws.clock.advance(10)
    for key in handover.keys[:44]:
        world.destination.objects.pop(key, None)
        world.source.objects[key][-1].replication = "PENDING"
    check = world.check(handover, reference)
    looks = [check.look() for _ in range(3)]
    assert [len(look.failed) for look in looks] == [0, 0, 1]


def test_a_newer_version_on_top_is_a_problem() -> None:
    world = World()
    handover, reference = world.published()
    world.aws.clock.advance(10)
    world.aws.s3.write(world.destination, f"{PREFIX}train/a.csv", b"9,9\n")
    look = world.check(handover, reference).look()
    assert look.arrival is None
    assert look.hopeless
    assert len(look.problems) == 1
    assert "lies another version, v" in look.problems[0]
    assert "problem: on s3://destination/transformed/run-1/train/a.csv" in look.text


def test_a_delete_marker_on_top_is_a_problem() -> None:
    world = World()
    handover, reference = world.published()
    world.aws.clock.advance(10)
    world.aws.s3.delete_object({"Bucket": "destination", "Key": f"{PREFIX}train/a.csv"})
    look = world.check(handover, reference).look()
    assert look.arrival is None
    assert "lies a delete marker" in look.problems[0]


def test_a_delete_marker_where_the_mover_copies_is_a_problem_too() -> None:
    world = World(replicates=False)
    handover, reference = world.published()
    world.aws.s3.delete_object({"Bucket": "destination", "Key": f"{PREFIX}train/a.csv"})
    look = world.check(handover, reference, Copy(world.east(), world.west(), "destination")).look()
    assert look.missing == 1
    assert "lies a delete marker" in look.problems[0]
    assert not look.busy


def test_other_bytes_in_the_right_version_are_a_problem() -> None:
    world = World()
    handover, reference = world.published()
    world.aws.clock.advance(10)
    world.destination.objects[f"{PREFIX}train/a.csv"][-1].body = b"longer than it was"
    world.destination.objects[f"{PREFIX}train/b.csv"][-1].checksum = {"ChecksumCRC32": "AAAAAA=="}
    look = world.check(handover, reference).look()
    assert look.arrival is None
    assert [problem.partition("published: ")[2] for problem in look.problems] == [
        "it has 18 bytes, not 4",
        "its checksum is crc32:AAAAAA==, not " + handover.versions[1].checksum,
    ]


def test_what_was_proven_and_removed_is_missing_again() -> None:
    world = World(script=lambda stored: Replica(seconds=1 if stored.key.endswith("train/a.csv") else 60))
    handover, reference = world.published()
    check = world.check(handover, reference)
    world.aws.clock.advance(2)
    check.look()
    del world.destination.objects[f"{PREFIX}train/a.csv"]
    world.aws.clock.advance(60)
    look = check.look()
    assert (look.missing, look.arrival) == (1, None)


# -- what does not come --------------------------------------------------------------------------------------


def test_failed_stops_at_once_with_an_inferred_reason() -> None:
    world = failing("train/a.csv")
    handover, reference = world.published()
    world.aws.clock.advance(10)
    look = world.check(handover, reference).look()
    [failure] = look.failed
    assert failure.inferred
    assert failure.version_id == handover.versions[0].version_id
    assert "inferred: the replication role lacks s3:GetObjectVersionForReplication on" in failure.text
    assert "s3:ReplicateObject on s3://destination/transformed/run-1/train/a.csv" in failure.text
    assert look.hopeless
    assert look.missing == 1


def encrypted(world: World) -> None:
    head = world.aws.s3.head_object
    key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:us-east-1:222222222222:key/k"}
    world.aws.s3.head_object = lambda p: head(p) | key


@pytest.mark.parametrize(
    ("configured", "versioning", "kms", "reason"),
    [
        ([], "Enabled", False, "the source bucket source has no replication configuration"),
        ([RULE], "", False, "versioning is not enabled on the destination destination"),
        ([{**RULE, "Status": "Disabled"}], "Enabled", False, "is disabled"),
        ([{**RULE, "Filter": {"Prefix": "raw/"}}], "Enabled", False, "no rule of source replicates"),
        ([{**RULE, "Filter": {"And": {"Prefix": "raw/"}}}], "Enabled", False, "no rule of source replicates"),
        ([{**RULE, "Destination": {"Bucket": "arn:aws:s3:::x"}}], "Enabled", False, "no rule of source replicates"),
        ([RULE], "Enabled", True, "key/k, and the rule does not take objects that KMS encrypts"),
        (
            [{**RULE, "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}}}],
            "Enabled",
            True,
            "lacks kms:Decrypt on arn:aws:kms:us-east-1:222222222222:key/k and kms:Encrypt",
        ),
        (
            [{"Prefix": "", "Status": "Enabled", "Destination": RULE["Destination"]}],
            "Enabled",
            False,
            "role lacks s3:Get",
        ),
    ],
)
def test_the_configuration_says_what_it_can(configured: Any, versioning: str, kms: bool, reason: str) -> None:
    world = failing("train/a.csv")
    handover, reference = world.published()
    world.answer("get_bucket_replication", {"ReplicationConfiguration": {"Rules": configured}})
    world.answer("get_bucket_versioning", {"Status": versioning})
    if kms:
        encrypted(world)
    world.aws.clock.advance(10)
    [failure] = world.check(handover, reference).look().failed
    assert reason in failure.reason
    assert failure.inferred


def test_denied_looks_are_told_and_do_not_hide_the_rest() -> None:
    world = failing("train/a.csv")
    handover, reference = world.published()
    world.deny("get_bucket_replication")
    world.deny("get_bucket_versioning")
    world.aws.clock.advance(10)
    [failure] = world.check(handover, reference).look().failed
    assert failure.reason.endswith("(the replication configuration and the destination's versioning could not be read)")


def test_an_object_that_s3_does_not_track_is_reported_after_three_looks() -> None:
    world = failing()
    world.source.folder = "elsewhere/"
    handover, reference = world.published()
    check = world.check(handover, reference)
    assert [len(check.look().failed) for _ in range(3)] == [0, 0, 3]
    failed = check.look().failed
    assert all("S3 keeps no replication status for" in failure.reason and failure.inferred for failure in failed)


def test_a_version_that_is_gone_at_the_source_will_not_come() -> None:
    world = World(script=lambda stored: Replica(Fate.LOST))
    handover, reference = world.published()
    del world.source.objects[handover.keys[0]]
    [failure] = world.check(handover, reference).look().failed
    assert "was removed before it was replicated" in failure.reason


def test_the_reason_comes_from_s3s_event_where_there_is_one() -> None:
    world = failing("train/a.csv")
    world.aws.queues.create(QUEUE)
    handover, reference = world.published()
    [stored] = world.source.objects[f"{PREFIX}train/a.csv"]
    other = Stored("transformed/run-2/train/a.csv", "v9", b"", 0)
    for one in (other, stored, stored):
        event = failure_event(world.source, world.destination, one)
        world.aws.queues.push(QUEUE, event.replace("AccessDenied", "DstPutObjectNotPermitted"))
    world.aws.clock.advance(10)
    check = world.check(handover, reference, failures=FailureQueue(world.east(), QUEUE))
    [failure] = check.look().failed
    assert (failure.code, failure.inferred) == ("DstPutObjectNotPermitted", False)
    assert "lacks s3:ReplicateObject" in failure.text
    assert "s3://destination/transformed/run-1/train/a.csv" in failure.text
    [left] = world.aws.queues.queues[QUEUE]
    assert "run-2" in left.body
    assert left.visible <= world.aws.clock.now  # given back at once
    assert check.look().failed == (failure,)


# -- repair and the other movers -----------------------------------------------------------------------------


def test_where_allowed_what_failed_is_copied() -> None:
    world = failing("train/a.csv")
    handover, reference = world.published()
    world.aws.clock.advance(10)
    look = world.check(handover, reference, repair=True).look()
    assert look.repaired == (f"{PREFIX}train/a.csv",)
    assert look.failed == ()
    assert look.arrival is not None
    kept = [a.version_id == v.version_id for a, v in zip(look.arrival.versions, handover.versions, strict=True)]
    assert kept == [False, True, True]
    assert all(world.now_holds(v, a) for v, a in zip(handover.versions, look.arrival.versions, strict=True))
    # A sensor that starts again takes the repaired copy from arrival.json.
    again = world.check(handover, reference, repair=True).look()
    assert again.arrival == look.arrival
    assert again.repaired == ()


def test_a_replica_that_comes_after_its_repair_counts_as_well() -> None:
    world = failing("train/a.csv")
    handover, reference = world.published()
    world.aws.clock.advance(10)
    assert world.check(handover, reference, repair=True).look().arrival is not None
    [stored] = world.source.objects[f"{PREFIX}train/a.csv"]
    world.destination.objects[stored.key].append(stored)  # by Batch Replication
    look = world.check(handover, reference, repair=True).look()
    assert look.arrival is not None
    assert look.arrival.versions == handover.versions


def test_a_repair_that_was_cut_before_it_was_recorded_counts_when_the_replica_comes_below_it() -> None:
    world = failing("train/a.csv")
    handover, reference = world.published()
    world.aws.clock.advance(10)
    [stored] = world.source.objects[f"{PREFIX}train/a.csv"]
    origin = {"Bucket": "source", "Key": stored.key, "VersionId": stored.version_id}
    marked = {"MetadataDirective": "REPLACE", "Metadata": {SOURCE_VERSION: stored.version_id}}
    copied = world.aws.s3.copy_object({"Bucket": "destination", "Key": stored.key, "CopySource": origin, **marked})
    world.destination.objects[stored.key].insert(0, stored)  # by Batch Replication
    look = world.check(handover, reference).look()
    assert look.problems == ()
    assert look.arrival is not None
    assert copied["VersionId"] in {version.version_id for version in look.arrival.versions}


def test_a_repair_that_cannot_be_made_is_a_failure() -> None:
    world = failing("train/a.csv")
    handover, reference = world.published()
    world.aws.s3.delete_object({"Bucket": "destination", "Key": f"{PREFIX}train/a.csv"})
    world.aws.clock.advance(10)
    look = world.check(handover, reference, repair=True).look()
    assert [failure.key for failure in look.failed] == [f"{PREFIX}train/a.csv"]
    assert not look.busy


def test_the_copying_mover_is_driven_by_the_looks() -> None:
    world = World(replicates=False)
    handover, reference = world.published()
    check = world.check(handover, reference, Copy(world.east(), world.west(), "destination", requests=1))
    looks = [check.look() for _ in range(3)]
    assert [(look.missing, look.busy, bool(look.arrival)) for look in looks] == [
        (2, True, False), (1, True, False), (0, False, True)
    ]  # fmt: skip
    assert looks[2].arrival is not None
    assert all(world.now_holds(v, a) for v, a in zip(handover.versions, looks[2].arrival.versions, strict=True))


def test_in_place_the_source_itself_is_looked_at() -> None:
    world = World(replicates=False)
    handover, reference = world.published()
    check = ArrivalCheck(world.east(), world.east(), handover, reference, InPlace("source"), now=lambda: NOW)
    look = check.look()
    assert look.arrival is not None
    assert (look.arrival.bucket, look.arrival.versions) == ("source", handover.versions)
    world.aws.s3.write(world.source, handover.keys[0], b"newer")
    assert check.look().problems


def test_a_call_that_fails_leaves_what_is_proven() -> None:
    world = World()
    handover, reference = world.published()
    world.aws.clock.advance(10)
    check = world.check(handover, reference)
    head, left = world.aws.s3.head_object, [2]

    def fails(p: dict[str, Any]) -> dict[str, Any]:
        left[0] -= 1
        if left[0] < 0:
            raise throttled("s3", "HeadObject")
        return head(p)

    world.aws.s3.head_object = fails
    with pytest.raises(ThrottledError):
        check.look()
    assert len(check.progress["proven"]) == 2
    left[0] = 1
    assert check.look().arrival is not None


# -- properties ----------------------------------------------------------------------------------------------


def acts(world: World, keys: tuple[str, ...], data: st.DataObject) -> Iterator[None]:
    """Things that happen at the destination: stale and newer versions, removals, delete markers, time."""
    kinds = ["time", "write", "write the same", "marker", "remove", "remove all"]
    for _ in range(data.draw(st.integers(0, 8))):
        kind, key = data.draw(st.sampled_from(kinds)), data.draw(st.sampled_from(keys))
        there = world.destination.objects.get(key, [])
        match kind:
            case "time":
                world.aws.clock.advance(data.draw(st.integers(1, 20)))
            case "write":
                world.aws.s3.write(world.destination, key, data.draw(st.binary(max_size=4)))
            case "write the same":
                world.aws.s3.write(world.destination, key, world.source.objects[key][0].body)
            case "marker":
                world.aws.s3.delete_object({"Bucket": "destination", "Key": key})
            case "remove" if there:
                there.remove(data.draw(st.sampled_from(there)))
            case "remove all":
                world.destination.objects.pop(key, None)
        yield


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_complete_means_that_each_version_is_there_and_on_top(data: st.DataObject) -> None:
    fates = st.builds(Replica, st.sampled_from([Fate.ARRIVES, Fate.ARRIVES, Fate.LOST, Fate.FAILS]), st.integers(0, 30))
    copies = data.draw(st.booleans())
    world = World(replicates=not copies, script=lambda stored: data.draw(fates))
    world.answer("get_bucket_replication", {"ReplicationConfiguration": {"Rules": [RULE]}})
    world.answer("get_bucket_versioning", {"Status": "Enabled"})
    for key in data.draw(st.lists(st.sampled_from(sorted(FILES)))):
        world.aws.s3.write(world.destination, f"{PREFIX}{key}", data.draw(st.sampled_from([b"old", FILES[key]])))
    handover, reference = world.published()
    repair = data.draw(st.booleans())
    progress: dict[str, Any] = {}
    for _ in acts(world, handover.keys, data):
        cut = data.draw(st.none() | st.integers(1, 6))
        caller = CutAt(cut, data.draw(st.sampled_from([Blow.CRASH_BEFORE, Blow.CRASH_AFTER]))) if cut else None
        east, west = world.east(caller), world.west(caller)
        mover = Copy(east, west, "destination") if copies else Replicated("destination")
        check = ArrivalCheck(east, west, handover, reference, mover, repair=repair, progress=progress, now=lambda: NOW)
        try:
            look = check.look()
        except Crash:
            continue
        progress = data.draw(st.sampled_from([{}, json.loads(json.dumps(check.progress))]))
        if look.arrival is None:
            continue
        for version, arrived in zip(handover.versions, look.arrival.versions, strict=True):
            assert world.now_holds(version, arrived)
            assert arrived.size == version.size
            top = world.destination.current(version.key)
            assert top is not None
            assert top.version_id == arrived.version_id
            if not copies and not repair:
                assert arrived.version_id == version.version_id


@given(st.integers(-3, 10_000), st.floats(0.01, 100), st.floats(0.01, 10_000))
def test_delays_grow_from_the_base_to_the_cap(look: int, base: float, cap: float) -> None:
    delay = next_delay(look, base, cap)
    assert 0 < delay <= cap
    assert delay <= next_delay(look + 1, base, cap)
    assert next_delay(1, base, cap) == min(base, cap)


def test_delays_double() -> None:
    assert [next_delay(look, 5, 60) for look in (1, 2, 3, 4, 5, 6)] == [5, 10, 20, 40, 60, 60]


@pytest.mark.parametrize(
    ("expected", "found", "agree"),
    [
        ("crc32:a", "crc32:a", True),
        ("crc32:a", "crc32:b", False),
        ("crc32:a", "crc64nvme:b", True),  # nothing to compare: the size must do
        ("crc32:a-2", "crc32:b", True),  # of parts
        ("etag:a", "etag:b", False),
        ("etag:a-3", "etag:b", True),
        ("kms-etag:a", "etag:b", True),
        ("kms-etag:a", "kms-etag:b", True),
        ("etag:", "etag:b", True),
    ],
)
def test_checksums_are_compared_where_they_say_something(expected: str, found: str, agree: bool) -> None:
    first, second = Version("k", "v", 1, expected), Version("k", "w", 1, found)
    assert (contradiction(first, second) == "") is agree
    assert "2 bytes, not 1" in contradiction(first, Version("k", "w", 2, found))
