"""S3's failure events: read, told from others', and put into words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.handover.failures import FailedReplica, FailureQueue, failures_in
from crosswind.airflow.handover.model import Handover, Version
from crosswind.airflow.handover.reasons import SENTENCES, sentence
from crosswind.errors import AccessDeniedError
from tests.simulator.aws.errors import refused
from tests.unit.airflow.handover.world import PREFIX, World

URL = "https://sqs.us-east-1.amazonaws.com/222222222222/failures"
KEY = f"{PREFIX}train/a b+c.csv"
HANDOVER = Handover(
    "source", "222222222222", "us-east-1", PREFIX, (Version(KEY, "v1", 1, "crc32:x"),), "2026-01-05T12:00:00+00:00"
)


def message(*, records: int = 1, **changes: Any) -> str:
    """An event as AWS documents it, with some of its members changed."""
    values = {
        "eventName": "Replication:OperationFailedReplication",
        "bucket": "source",
        "key": "transformed/run-1/train/a+b%2Bc.csv",
        "versionId": "v1",
        "destinationBucket": "arn:aws:s3:::destination",
        "s3Operation": "OBJECT_PUT",
        "failureReason": "DstPutObjectNotPermitted",
    } | changes
    record = {
        "eventVersion": "2.2",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventName": values["eventName"],
        "s3": {
            "bucket": {"name": values["bucket"]},
            "object": {"key": values["key"], "size": 1, "versionId": values["versionId"]},
        },
        "replicationEventData": {
            "replicationRuleId": "transformed",
            **{name: values[name] for name in ("destinationBucket", "s3Operation", "failureReason")},
        },
    }
    return json.dumps({"Records": [record] * records})


def test_an_event_becomes_a_sentence() -> None:
    [failure], others = failures_in(message(), HANDOVER, "destination")
    assert not others
    assert (failure.key, failure.version_id, failure.code, failure.inferred) == (
        KEY, "v1", "DstPutObjectNotPermitted", False
    )  # fmt: skip
    assert failure.reason == sentence("DstPutObjectNotPermitted", KEY, "source", "destination")


@pytest.mark.parametrize(
    "changes",
    [
        {"bucket": "elsewhere"},
        {"key": "transformed/run-2/train/a.csv"},
        {"versionId": "v2"},
    ],
)
def test_others_messages_are_given_back(changes: dict[str, str]) -> None:
    assert failures_in(message(**changes), HANDOVER, "destination") == ([], True)


@pytest.mark.parametrize(
    "changes",
    [
        {"destinationBucket": "arn:aws:s3:::third"},
        {"s3Operation": "OBJECT_TAGGING"},
        {"failureReason": "SrcReplicationNotPending"},
        {"eventName": "Replication:OperationMissedThreshold"},
    ],
)
def test_ours_that_are_no_failures_of_the_data_are_taken_out_and_count_for_nothing(changes: dict[str, str]) -> None:
    assert failures_in(message(**changes), HANDOVER, "destination") == ([], False)


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"Records": []}', '{"Records": "x"}', '{"Records": [1]}'])
def test_what_is_no_event_is_left_alone(body: str) -> None:
    assert failures_in(body, HANDOVER, "destination") == ([], True)


def test_s3s_test_message_is_nobodys() -> None:
    body = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "source"})
    assert failures_in(body, HANDOVER, "destination") == ([], False)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["Records", "s3", "object", "bucket", "key", "Event", "replicationEventData"]), inner
)))  # fmt: skip
def test_no_message_breaks_the_reader(document: Any) -> None:
    ours, _ = failures_in(json.dumps(document), HANDOVER, "destination")
    assert ours == []


def test_a_reason_that_is_not_known_stands_alone() -> None:
    assert sentence("NewReason", "k", "s", "d") == "NewReason"
    assert sentence("", "k", "s", "d") == "S3 gives no reason"


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_every_sentence_is_filled_in(code: str) -> None:
    text = sentence(code, "a/key", "src", "dst")
    assert text.startswith(f"{code}: ")
    assert "{" not in text
    assert code.startswith("AssumeRole") or any(name in text for name in ("src", "dst"))
    assert "NotPermitted" not in code or "s3:" in text or "assume" in text


def test_many_messages_of_others_do_not_hide_ours() -> None:
    world = World()
    world.aws.queues.create(URL)
    for number in range(35):
        world.aws.queues.push(URL, message(key=f"transformed/run-2/{number}.csv"))
    world.aws.queues.push(URL, message())
    queue = FailureQueue(world.east(), URL)
    [found] = queue.read(HANDOVER, "destination")
    assert found == FailedReplica(KEY, "v1", found.reason, "DstPutObjectNotPermitted")
    left = world.aws.queues.queues[URL]
    assert len(left) == 35
    assert all(each.visible <= world.aws.clock.now and each.count == 1 for each in left)
    assert queue.read(HANDOVER, "destination") == ()


def test_a_queue_that_may_not_be_read_is_named() -> None:
    world = World()
    world.aws.queues.create(URL)

    def denied(p: Any) -> Any:
        raise refused("AccessDenied", "ReceiveMessage", "no", 403)

    world.aws.queues.receive_message = denied
    with pytest.raises(AccessDeniedError, match="read the queue https://"):
        FailureQueue(world.east(), URL).read(HANDOVER, "destination")
