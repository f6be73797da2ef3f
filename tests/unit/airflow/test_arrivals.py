"""The wait for handovers, without Airflow: what each look means for the wait, and how long it pauses."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.arrivals import ArrivalStep, ArrivalWatch, Awaited, End
from crosswind.airflow.handover.model import Arrival, Reference, Version
from crosswind.airflow.target import AwsTarget, Clients
from crosswind.airflow.watch import FAILED_LOOKS
from crosswind.errors import AwsError, WrongAccountError
from tests.simulator.aws import Fate, Replica
from tests.simulator.aws.errors import refused, throttled
from tests.unit.airflow.handover.world import EAST, NOW, PREFIX, WEST, Counting, World

LOG = logging.getLogger(__name__)
OTHER = "transformed/run-2/"


def awaited(*references: Reference, **changes: Any) -> Awaited:
    base = Awaited(
        source=EAST,
        destination=WEST,
        bucket="destination",
        mover="crr",
        repair=False,
        queue="",
        queue_target=EAST,
        references=references,
        superseded=(),
        deadline=(NOW + timedelta(hours=1)).isoformat(),
        every=60.0,
    )
    return replace(base, **changes)


@dataclass
class Scene:
    """A world, a clock, and what the watch asked for."""

    world: World
    now: datetime = NOW
    renewed: tuple[AwsTarget, ...] = ()
    west: Counting = field(default_factory=Counting)

    def connect(self, target: AwsTarget) -> Clients:
        return self.world.aws.clients(target, self.west if target == WEST else None)

    def renew(self, target: AwsTarget) -> None:
        self.renewed += (target,)

    def watch(self, what: Awaited) -> ArrivalWatch:
        return ArrivalWatch(what, connect=self.connect, renew=self.renew, log=LOG, now=lambda: self.now)

    def arrive(self) -> None:
        self.world.aws.clock.advance(10)


def failing(error: Exception, times: int, otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    left = [times]

    def answer(parameters: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return otherwise(parameters)

    return answer


def test_pauses_grow_up_to_the_interval_and_the_last_look_is_on_the_deadline() -> None:
    scene = Scene(World())
    watch = scene.watch(awaited(scene.world.published()[1], deadline=(NOW + timedelta(seconds=250)).isoformat()))
    pauses = []
    while (step := watch.step()).end is None:
        pauses.append(step.pause)
        scene.now += timedelta(seconds=step.pause)
    assert step.end is End.LATE
    assert pauses[:5] == [3.75, 7.5, 15.0, 30.0, 60.0]
    assert max(pauses) == 60
    assert scene.now == NOW + timedelta(seconds=sum(pauses))
    assert timedelta(0) <= scene.now - (NOW + timedelta(seconds=250)) <= timedelta(seconds=3.75)


def test_it_ends_when_all_of_several_have_arrived_in_the_order_given() -> None:
    scene = Scene(World())
    first, second = scene.world.published()[1], scene.world.published(OTHER)[1]
    watch = scene.watch(awaited(second, first))
    assert watch.step().end is None
    scene.arrive()
    step = watch.step()
    assert step.end is End.ARRIVED
    assert [each.prefix for each in step.arrivals] == [OTHER, PREFIX]


def test_late_names_what_is_missing_and_what_the_source_says() -> None:
    scene = Scene(World(replicates=False), now=NOW + timedelta(hours=2))
    step = scene.watch(awaited(scene.world.published()[1])).step()
    assert step.end is End.LATE
    assert "3 of 3 objects, 12 of 12 bytes are missing 7200 s after publication" in step.message
    assert f"{PREFIX}train/a.csv (ReplicationStatus at the source: none)" in step.message


def test_late_names_five_and_counts_the_rest() -> None:
    scene = Scene(World(replicates=False), now=NOW + timedelta(hours=2))
    files = {f"train/{number}.csv": b"1\n" for number in range(7)}
    step = scene.watch(awaited(scene.world.published(files=files)[1])).step()
    assert step.message.count("ReplicationStatus") == 5
    assert step.message.endswith("; and 2 more")


def many(number: int) -> dict[str, bytes]:
    return {f"train/{each:05}.csv": b"1\n" for each in range(number)}


def test_what_is_there_and_only_has_to_be_proven_is_not_late() -> None:
    scene = Scene(World(), now=NOW + timedelta(hours=2))
    watch = scene.watch(awaited(scene.world.published(files=many(2001))[1]))
    scene.arrive()
    steps = [watch.step() for _ in range(3)]
    assert [(step.end, step.busy) for step in steps] == [(None, True), (None, True), (End.ARRIVED, False)]
    assert len(steps[-1].arrivals[0].versions) == 2001


def test_a_throttled_proof_is_not_late_either() -> None:
    scene = Scene(World(), now=NOW + timedelta(hours=2))
    watch = scene.watch(awaited(scene.world.published(files=many(1001))[1]))
    scene.arrive()
    real, errors = scene.world.aws.s3.head_object, list[Exception]()

    def heading(parameters: Any) -> Any:
        if errors:
            raise errors.pop()
        return real(parameters)

    scene.world.aws.s3.head_object = heading  # type: ignore[method-assign]
    assert watch.step().busy
    errors.append(throttled("s3", "HeadObject"))
    assert watch.step().error
    while (step := watch.step()).end is None:
        pass
    assert step.end is End.ARRIVED


def test_late_counts_as_missing_only_what_is_not_there() -> None:
    last = "01500.csv"
    script = lambda stored: Replica(Fate.LOST) if stored.key.endswith(last) else Replica()  # noqa: E731 - one line says it
    scene = Scene(World(script=script), now=NOW + timedelta(hours=2))
    watch = scene.watch(awaited(scene.world.published(files=many(1501))[1]))
    scene.arrive()
    step = watch.step()
    assert step.end is End.LATE
    assert "1 of 1501 objects, 2 of 3002 bytes are missing" in step.message
    assert step.message.endswith(f"{PREFIX}train/{last} (ReplicationStatus at the source: PENDING)")


def test_throttled_looks_are_never_counted() -> None:
    scene = Scene(World())
    real = scene.world.aws.s3.list_object_versions
    scene.world.aws.s3.list_object_versions = failing(throttled("s3", "ListObjectVersions"), 30, real)  # type: ignore[method-assign]
    watch = scene.watch(awaited(scene.world.published()[1]))
    scene.arrive()
    steps = [watch.step() for _ in range(31)]
    assert all(step.end is None and step.pause > 0 for step in steps[:30])
    assert steps[-1].end is End.ARRIVED


@pytest.mark.parametrize(("failures", "end"), [(FAILED_LOOKS - 1, End.ARRIVED), (FAILED_LOOKS, End.BLIND)])
def test_so_many_other_failures_in_a_row_end_the_wait(failures: int, end: End) -> None:
    scene = Scene(World())
    real = scene.world.aws.s3.list_object_versions
    error = refused("InternalError", "ListObjectVersions", "again", 500)
    scene.world.aws.s3.list_object_versions = failing(error, failures, real)  # type: ignore[method-assign]
    watch = scene.watch(awaited(scene.world.published()[1]))
    scene.arrive()
    while (step := watch.step()).end is None:
        pass
    assert step.end is end


def test_expired_credentials_are_renewed_and_nothing_proven_is_asked_for_again() -> None:
    late = "validation/a.csv"
    scene = Scene(World(script=lambda stored: Replica(seconds=60.0 if stored.key.endswith(late) else 5.0)))
    real, expired = scene.world.aws.s3.list_object_versions, list[Exception]()

    def listing(parameters: Any) -> Any:
        if expired:
            raise expired.pop()
        return real(parameters)

    scene.world.aws.s3.list_object_versions = listing  # type: ignore[method-assign]
    watch = scene.watch(awaited(scene.world.published()[1]))
    scene.arrive()
    assert watch.step().end is None
    expired.append(refused("ExpiredToken", "ListObjectVersions", "The provided token has expired.", 400))
    assert watch.step().end is None
    assert set(scene.renewed) == {EAST, WEST}
    scene.world.aws.clock.advance(60)
    assert watch.step().end is End.ARRIVED
    assert scene.west.calls.count("head_object") == 3


def test_another_account_ends_the_wait_at_once() -> None:
    scene = Scene(World())
    reference = scene.world.published()[1]

    def connect(_: AwsTarget) -> Clients:
        raise WrongAccountError("acts in account 333333333333")

    step = ArrivalWatch(awaited(reference), connect=connect, renew=scene.renew, log=LOG, now=lambda: NOW).step()
    assert (step.end, step.message) == (End.FAILED, "acts in account 333333333333")


def test_a_handover_that_is_not_the_published_one_ends_the_wait_at_once() -> None:
    scene = Scene(World())
    reference = replace(scene.world.published()[1], digest="0" * 64)
    step = scene.watch(awaited(reference)).step()
    assert step.end is End.FAILED
    assert "SHA-256" in step.message


def test_a_failed_look_tells_its_error_to_whoever_stepped() -> None:
    scene = Scene(World())
    reference = scene.world.published()[1]
    scene.world.deny("list_object_versions")
    step = scene.watch(awaited(reference)).step()
    assert step.end is None
    assert isinstance(step.error, AwsError)


def test_a_budget_that_is_over_while_looks_fail_is_late() -> None:
    scene = Scene(World(), now=NOW + timedelta(hours=2))
    reference = scene.world.published()[1]
    scene.world.deny("list_object_versions")
    step = scene.watch(awaited(reference)).step()
    assert step.end is End.LATE
    assert "AccessDenied" in step.message


TEXT = st.text("abcxyz-", min_size=1, max_size=8)
REFERENCES = st.builds(
    Reference,
    bucket=TEXT,
    prefix=st.just(PREFIX),
    version_id=TEXT,
    digest=TEXT,
    published=st.just(NOW.isoformat()),
    objects=st.integers(1, 9),
    size=st.integers(0, 9),
)
VERSIONS = st.builds(Version, key=TEXT, version_id=TEXT, size=st.integers(0, 9), checksum=TEXT)
ARRIVALS = st.builds(
    Arrival,
    reference=REFERENCES,
    bucket=TEXT,
    account=TEXT,
    region=TEXT,
    versions=st.lists(VERSIONS, max_size=3).map(tuple),
    seconds=st.floats(0, 1e6),
    superseded=st.lists(TEXT, max_size=2).map(tuple),
)


@given(
    st.lists(REFERENCES, min_size=1, max_size=3),
    st.lists(TEXT, max_size=3),
    st.sampled_from(["crr", "copy"]),
    st.booleans(),
)
def test_what_is_awaited_survives_json(
    references: list[Reference], superseded: list[str], mover: str, repair: bool
) -> None:
    what = awaited(*references, superseded=tuple(superseded), mover=mover, repair=repair, queue="q")
    assert Awaited.of(json.loads(json.dumps(what.document()))) == what


@given(st.sampled_from(list(End)), st.text(max_size=9), st.lists(ARRIVALS, max_size=2))
def test_an_end_survives_json(end: End, message: str, arrivals: list[Arrival]) -> None:
    step = ArrivalStep(end, message, tuple(arrivals))
    assert ArrivalStep.of(json.loads(json.dumps(step.event()))) == step
