"""ArrivalSensor and its trigger: which handover, and that nothing but its own versions ends the wait well."""

from __future__ import annotations

import asyncio
import functools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.exceptions import TaskDeferred
from asgiref.sync import async_to_sync

from crosswind.airflow.arrivals import Awaited, End
from crosswind.airflow.compat import AirflowFailException, AirflowSensorTimeout, AirflowSkipException
from crosswind.airflow.handover.model import Arrival, Reference
from crosswind.airflow.handover.publish import publish
from crosswind.airflow.hooks.cross_account import clients_of
from crosswind.airflow.sensors.arrival import ArrivalSensor
from crosswind.airflow.settings import Replication, TopologyNames
from crosswind.airflow.triggers.arrival import ArrivalTrigger
from crosswind.airflow.triggers.threads import in_thread
from crosswind.errors import InputError, RunError
from tests.airflow import scene
from tests.airflow.aws import RecordedAws
from tests.airflow.scene import DESTINATION, FILES, PREFIX, QUEUE, SOURCE
from tests.airflow.tasks import Log

OLD, NEW = "transformed/r-old/", "transformed/r-new/"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
TRAIN = f"{PREFIX}train/part-0.csv"


@pytest.fixture
def sites(aws: RecordedAws) -> RecordedAws:
    scene.make_sites(aws)
    return aws


@pytest.fixture
def names(dags_folder: Path) -> TopologyNames:
    return scene.names(dags_folder)


def changed(names: TopologyNames, **changes: Any) -> TopologyNames:
    """The names with another replication."""
    moved: Replication = replace(names.replications["transformed"], **changes)
    return replace(names, replications={"transformed": moved})


def sensor(names: TopologyNames, **changes: Any) -> Any:
    kind = type("Heard", (ArrivalSensor,), {"log": Log()})
    settings = {"task_id": "arrive", "replication": "transformed", "poke_interval": 0.2}
    return kind(names=names, **(settings | changes))


def deferred(task: Any, context: dict[str, Any]) -> ArrivalTrigger:
    """The trigger of a task that waits, made anew from its serialized form, as the triggerer does."""
    with pytest.raises(TaskDeferred) as found:
        task.execute(context)
    path, arguments = found.value.trigger.serialize()
    assert path == "crosswind.airflow.triggers.arrival.ArrivalTrigger"
    assert found.value.method_name == "execute_complete"
    trigger = ArrivalTrigger(**json.loads(json.dumps(arguments)))
    trigger._log = Log()  # its lines; Airflow makes one of its own otherwise
    return trigger


def events_of(trigger: ArrivalTrigger, *, after: str = "are missing", meanwhile: Any = None) -> list[dict[str, Any]]:
    """The trigger's events; `meanwhile` is called once its log says something."""

    async def all_of_them() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    return asyncio.run(beside(all_of_them(), trigger._log, after, meanwhile))


async def beside(work: Any, log: Log, after: str, meanwhile: Any) -> Any:
    async with asyncio.timeout(30):
        task = asyncio.create_task(work)
        while meanwhile and after not in log.text:
            await asyncio.sleep(0.02)
        if meanwhile:
            await asyncio.to_thread(meanwhile)
        return await task


def ended(task: Any, trigger: ArrivalTrigger, **more: Any) -> Arrival:
    (event,) = events_of(trigger, **more)
    event = json.loads(json.dumps(event))
    return Arrival.of(task.execute_complete(scene.context(), event))


def over(trigger: ArrivalTrigger) -> ArrivalTrigger:
    """The trigger, once its time budget is over."""
    trigger.awaited = replace(trigger.awaited, deadline=LONG_AGO.isoformat())
    return trigger


# -- the wait ----------------------------------------------------------------------------------------------


def test_what_is_there_already_needs_no_wait(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    scene.replicate_all(sites)
    task = sensor(names)
    context = scene.context(triggering_asset_events=scene.events(reference))
    arrival = Arrival.of(task.execute(context))
    assert arrival.reference == reference
    assert context["ti"].pushed == {"prefix": PREFIX, "run": "r-1"}
    assert (arrival.bucket, arrival.region) == (DESTINATION, "us-west-2")
    assert [version.key for version in arrival.versions] == [f"{PREFIX}{name}" for name in sorted(FILES)]
    assert f"Arrived: s3://{DESTINATION}/{PREFIX}, 2 objects" in task.log.text


@pytest.mark.parametrize("deferrable", [True, False])
def test_waits_until_the_last_object_is_there(sites: RecordedAws, names: TopologyNames, deferrable: bool) -> None:
    reference = scene.hand_over(sites)
    scene.replicate(sites, *scene.keys_of()[1:])
    context = scene.context(triggering_asset_events=scene.events(reference))
    task = sensor(names, deferrable=deferrable)
    last = functools.partial(scene.replicate, sites, TRAIN)
    if deferrable:
        trigger = deferred(task, context)
        arrival, log = ended(task, trigger, meanwhile=last), trigger._log
    else:
        work = asyncio.to_thread(task.execute, context)
        arrival, log = Arrival.of(asyncio.run(beside(work, task.log, "are missing", last))), task.log
    assert len(arrival.versions) == 2
    assert "1 of 2 objects have arrived (4 bytes), 1 are missing (8 bytes)" in log.text


@pytest.mark.parametrize("deferrable", [True, False])
def test_many_proofs_hold_no_worker(
    sites: RecordedAws, names: TopologyNames, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two looks are made at once, the others in the triggerer; and in time, although the budget is over."""
    files = {f"train/part-{number}.csv": b"1,2\n" for number in range(4)}
    monkeypatch.setattr(scene, "FILES", files)
    monkeypatch.setattr("crosswind.airflow.handover.arrival._PROOFS", 1)
    scene.write(sites, files=files)
    reference = publish(scene.SetupClients(sites, "us-east-1"), SOURCE, PREFIX, {})[1]
    scene.replicate_all(sites)
    task = sensor(names, deferrable=deferrable)
    context = scene.context(triggering_asset_events=scene.events(reference))
    if deferrable:
        arrival = ended(task, over(deferred(task, context)))
        assert "2 of 4 objects have arrived (8 bytes), 2 are there and not yet proven, 0 are missing" in task.log.text
    else:
        arrival = Arrival.of(task.execute(context))
    assert len(arrival.versions) == 4


def test_a_wrong_version_at_the_destination_never_passes(sites: RecordedAws, names: TopologyNames) -> None:
    """The key is there, with the same bytes even, but it is not the version that was handed over."""
    reference = scene.hand_over(sites)
    scene.replicate(sites, *scene.keys_of()[1:])
    body = FILES["train/part-0.csv"]
    sites.client("s3", "us-west-2").put_object(Bucket=DESTINATION, Key=TRAIN, Body=body)
    task = sensor(names)
    trigger = over(deferred(task, scene.context(triggering_asset_events=scene.events(reference))))
    (event,) = events_of(trigger)
    assert event["end"] == End.LATE
    assert event["arrivals"] == []
    with pytest.raises(AirflowSensorTimeout):
        task.execute_complete(scene.context(), event)


def test_over_budget_says_what_is_missing_and_what_the_source_says(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    scene.replicate(sites, *scene.keys_of()[1:])
    task = sensor(names)
    trigger = over(deferred(task, scene.context(triggering_asset_events=scene.events(reference))))
    with pytest.raises(AirflowSensorTimeout) as found:
        task.execute_complete(scene.context(), events_of(trigger)[0])
    text = str(found.value)
    for part in (
        f"has not arrived at s3://{DESTINATION} within 60 s",
        "1 of 2 objects, 8 of 12 bytes are missing",
        f"{TRAIN} (ReplicationStatus at the source: PENDING)",
        "arrival_seconds",
    ):
        assert part in text, text


def test_a_soft_sensor_is_skipped_instead(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    task = sensor(names, timeout=0, soft_fail=True)
    with pytest.raises(AirflowSkipException, match="are missing"):
        task.execute(scene.context(triggering_asset_events=scene.events(reference)))


# -- what never comes --------------------------------------------------------------------------------------


def test_a_failed_replica_stops_at_once_with_an_inferred_reason(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    scene.replicate(sites, *scene.keys_of()[1:])
    scene.source_says(TRAIN, "FAILED")
    with pytest.raises(AirflowFailException) as found:
        sensor(names).execute(scene.context(triggering_asset_events=scene.events(reference)))
    text = str(found.value)
    assert f"failed: {TRAIN}" in text
    assert "inferred: " in text
    assert "repair: true" in text


def test_a_failed_replica_that_s3_told_of_has_its_reason(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    version = sites.client("s3", "us-east-1").head_object(Bucket=SOURCE, Key=TRAIN)["VersionId"]
    sqs = sites.client("sqs", "us-east-1")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=scene.failure_event(TRAIN, version, "DstPutObjectNotPermitted"))
    task = sensor(names)
    with pytest.raises(AirflowFailException) as found:
        task.execute(scene.context(triggering_asset_events=scene.events(reference)))
    assert "s3:ReplicateObject" in str(found.value)
    assert "inferred" not in str(found.value)


def test_a_failure_in_the_triggerer_ends_the_wait(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    scene.replicate(sites, *scene.keys_of()[1:])
    task = sensor(names)
    trigger = deferred(task, scene.context(triggering_asset_events=scene.events(reference)))
    (event,) = events_of(trigger, meanwhile=lambda: scene.source_says(TRAIN, "FAILED"))
    assert event["end"] == End.FAILED
    with pytest.raises(AirflowFailException, match=TRAIN):
        task.execute_complete(scene.context(), event)


def test_where_allowed_a_failed_replica_is_copied(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    scene.replicate(sites, *scene.keys_of()[1:])
    scene.source_says(TRAIN, "FAILED")
    task = sensor(changed(names, repair=True))
    arrival = Arrival.of(task.execute(scene.context(triggering_asset_events=scene.events(reference))))
    assert len(arrival.versions) == 2
    assert f"repaired by copy: {TRAIN}" in task.log.text
    there = sites.client("s3", "us-west-2").get_object(Bucket=DESTINATION, Key=TRAIN)["Body"].read()
    assert there == FILES["train/part-0.csv"]


def test_a_reference_that_was_tampered_with_is_refused(sites: RecordedAws, names: TopologyNames) -> None:
    reference = replace(scene.hand_over(sites), digest="0" * 64)
    with pytest.raises(AirflowFailException, match="SHA-256"):
        sensor(names).execute(scene.context(triggering_asset_events=scene.events(reference)))


# -- the other movers --------------------------------------------------------------------------------------


def test_a_copy_is_made_here_and_told_line_by_line(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    task = sensor(changed(names, mover="copy", failures=None))
    arrival = Arrival.of(task.execute(scene.context(triggering_asset_events=scene.events(reference))))
    source = sites.client("s3", "us-east-1").head_object(Bucket=SOURCE, Key=TRAIN)["VersionId"]
    there = sites.client("s3", "us-west-2").head_object(Bucket=DESTINATION, Key=TRAIN)["VersionId"]
    assert there != source
    assert arrival.versions[0].version_id == there
    assert "2 of 2 objects have arrived" in task.log.text


def test_read_in_place_needs_no_second_bucket(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    source = names.replications["transformed"].source
    task = sensor(changed(names, mover="in-place", destination=source, failures=None))
    arrival = Arrival.of(task.execute(scene.context(triggering_asset_events=scene.events(reference))))
    assert (arrival.bucket, arrival.region) == (SOURCE, "us-east-1")


# -- which handover ----------------------------------------------------------------------------------------


def test_the_newest_of_several_events_is_taken_whatever_their_order(sites: RecordedAws, names: TopologyNames) -> None:
    old = scene.hand_over(sites, OLD, LONG_AGO)
    new = scene.hand_over(sites, NEW)
    scene.replicate_all(sites, NEW)
    for order in ((old, new), (new, old)):
        task = sensor(names)
        arrival = Arrival.of(task.execute(scene.context(triggering_asset_events=scene.events(*order))))
        assert arrival.prefix == NEW
        assert arrival.superseded == (OLD,)
        assert f"Superseded by it, and not taken: {OLD}" in task.log.text


def test_events_of_another_assets_data_are_left_to_its_own_sensor(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    scene.replicate_all(sites)
    context = scene.context(triggering_asset_events=scene.events(reference))
    other = reference.document() | {"prefix": "prices/r-1/", "published": "2027-01-01T00:00:00.000+00:00"}
    late = [SimpleNamespace(timestamp=datetime.now(UTC), extra=extra) for extra in (other, {})]
    context["triggering_asset_events"]["another"] = late
    arrival = Arrival.of(sensor(names).execute(context))
    assert (arrival.prefix, arrival.superseded) == (PREFIX, ())

    with pytest.raises(AirflowFailException, match=r"prices/r-1/ is not one of"):
        sensor(names).execute(context | {"triggering_asset_events": {"another": late[:1]}})


def test_superseded_ones_are_kept_over_the_wait(sites: RecordedAws, names: TopologyNames) -> None:
    old, new = scene.hand_over(sites, OLD, LONG_AGO), scene.hand_over(sites, NEW)
    task = sensor(names)
    trigger = deferred(task, scene.context(triggering_asset_events=scene.events(old, new)))
    arrival = ended(task, trigger, meanwhile=lambda: scene.replicate_all(sites, NEW))
    assert arrival.superseded == (OLD,)


def test_all_takes_each_in_order_of_publication(sites: RecordedAws, names: TopologyNames) -> None:
    old, new = scene.hand_over(sites, OLD, LONG_AGO), scene.hand_over(sites, NEW)
    scene.replicate_all(sites, NEW)
    task = sensor(names, take="all")
    trigger = deferred(task, scene.context(triggering_asset_events=scene.events(new, old)))
    (event,) = events_of(trigger, meanwhile=lambda: scene.replicate_all(sites, OLD))
    documents = task.execute_complete(scene.context(), event)
    assert [document["prefix"] for document in documents] == [OLD, NEW]


def test_by_hand_the_prefix_that_was_named(sites: RecordedAws, names: TopologyNames) -> None:
    scene.hand_over(sites, OLD, LONG_AGO)
    scene.hand_over(sites, NEW)
    scene.replicate_all(sites, OLD)
    task = sensor(names)
    assert Arrival.of(task.execute(scene.context(params={"prefix": OLD}))).prefix == OLD
    assert "named by hand in the parameter 'prefix'" in task.log.text
    other = sensor(names, prefix_param="data")
    assert Arrival.of(other.execute(scene.context(params={"data": OLD}))).prefix == OLD


def test_by_hand_the_latest_that_was_published_before_and_the_same_for_each_try(
    sites: RecordedAws, names: TopologyNames
) -> None:
    scene.hand_over(sites, OLD, LONG_AGO)
    asked = SimpleNamespace(run_after=datetime.now(UTC) + timedelta(seconds=1))
    scene.replicate_all(sites, OLD)
    context = scene.context(dag_run=asked)
    task = sensor(names)
    assert Arrival.of(task.execute(context)).prefix == OLD
    assert "the latest that was published before this run was asked for" in task.log.text

    scene.hand_over(sites, NEW, datetime.now(UTC) + timedelta(seconds=2))
    scene.replicate_all(sites, NEW)
    assert Arrival.of(sensor(names).execute(context)).prefix == OLD


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({}, "no handover was published below"),
        ({"params": {"prefix": "transformed/none-1/"}}, "there is no handover"),
        ({"params": {"prefix": "../raw/"}}, "is no run's prefix"),
        (
            {"triggering_asset_events": {"a": [SimpleNamespace(timestamp=LONG_AGO, extra={})]}},
            "no reference to a handover",
        ),
    ],
)
@pytest.mark.usefixtures("sites")
def test_without_a_handover_there_is_no_wait(names: TopologyNames, context: dict[str, Any], says: str) -> None:
    with pytest.raises(AirflowFailException, match=says):
        sensor(names).execute(scene.context(**context))


@pytest.mark.parametrize(
    ("changes", "says"), [({"take": "oldest"}, "Valid: newest, all"), ({"replication": "x"}, "no replication")]
)
def test_a_wrong_declaration_is_seen_when_the_dag_is_parsed(
    names: TopologyNames, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        sensor(names, **changes)


# -- looks that fail ---------------------------------------------------------------------------------------

DENIED = (403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
LIST = f"GET /{DESTINATION}"


def test_a_denied_first_look_fails_without_another_try(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    sites.script(LIST, DENIED)
    with pytest.raises(AirflowFailException, match="access, so no other try is made"):
        sensor(names).execute(scene.context(triggering_asset_events=scene.events(reference)))


def test_looks_that_fail_are_made_again(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    task = sensor(names)
    trigger = deferred(task, scene.context(triggering_asset_events=scene.events(reference)))
    scene.replicate_all(sites)
    sites.script(LIST, DENIED)
    arrival = ended(task, trigger, after="A look failed", meanwhile=lambda: sites.forget(LIST))
    assert len(arrival.versions) == 2
    assert "A look failed" in trigger._log.text


def test_too_many_in_a_row_end_the_wait_and_may_be_tried_again(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    task = sensor(names)
    trigger = deferred(task, scene.context(triggering_asset_events=scene.events(reference)))
    trigger.awaited = replace(trigger.awaited, every=0.05)
    sites.script(LIST, DENIED)
    (event,) = events_of(trigger)
    assert event["end"] == End.BLIND
    with pytest.raises(RunError, match=r"10 looks in a row failed, the last with: .*AccessDenied") as found:
        task.execute_complete(scene.context(), event)
    assert not isinstance(found.value, AirflowFailException)


def test_after_a_long_silence_the_look_comes_before_the_clock(sites: RecordedAws, names: TopologyNames) -> None:
    """The triggerer was down until the budget was over; the data came meanwhile."""
    reference = scene.hand_over(sites)
    task = sensor(names)
    trigger = deferred(task, scene.context(triggering_asset_events=scene.events(reference)))
    scene.replicate_all(sites)
    assert ended(task, over(trigger)).prefix == PREFIX


def test_no_look_asks_for_what_is_proven(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    scene.replicate(sites, *scene.keys_of()[1:])
    task = sensor(names)
    trigger = deferred(task, scene.context(triggering_asset_events=scene.events(reference)))
    sites.calls.clear()
    ended(task, trigger, meanwhile=lambda: scene.replicate(sites, TRAIN))
    proven = [call for call in sites.made("s3") if call.action == f"HEAD /{DESTINATION}/{PREFIX}validation/part-0.csv"]
    assert len(proven) == 1


def test_a_connection_that_cannot_be_read_is_a_failed_look(
    sites: RecordedAws, names: TopologyNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = scene.hand_over(sites)
    task = sensor(names)
    trigger = deferred(task, scene.context(triggering_asset_events=scene.events(reference)))
    lost = replace(trigger.awaited.destination, connection="nowhere")
    trigger.awaited = replace(trigger.awaited, destination=lost, every=0.05)
    (event,) = events_of(trigger)
    assert event["end"] == End.BLIND
    assert "connection 'nowhere' cannot be read" in event["message"]


def test_the_thread_of_a_look_reaches_the_triggerers_own_loop() -> None:
    """Up to 3.2 a connection is asked for like this; `asyncio.to_thread` would make another loop."""

    async def answered() -> int:
        return id(asyncio.get_running_loop())

    def ask() -> int:
        return async_to_sync(answered)()

    async def run() -> None:
        assert await in_thread(ask) == id(asyncio.get_running_loop())

    asyncio.run(run())


# -- as data -----------------------------------------------------------------------------------------------


def test_what_is_awaited_survives_as_json(sites: RecordedAws, names: TopologyNames) -> None:
    reference = scene.hand_over(sites)
    context = scene.context(triggering_asset_events=scene.events(reference))
    awaited: Awaited = deferred(sensor(names), context).awaited
    assert Awaited.of(json.loads(json.dumps(awaited.document()))) == awaited
    assert (awaited.source.region, awaited.destination.region) == ("us-east-1", "us-west-2")
    assert awaited.destination.account == "222222222222"
    assert awaited.destination.run_id == context["ti"].run_id
    assert awaited.queue.endswith(QUEUE)
    assert awaited.references == (Reference.of(reference.document(), where="here"),)
    assert clients_of(awaited.destination).target == awaited.destination


def test_an_event_is_needed(names: TopologyNames) -> None:
    with pytest.raises(RunError, match="without an event"):
        sensor(names).execute_complete(scene.context(), None)
