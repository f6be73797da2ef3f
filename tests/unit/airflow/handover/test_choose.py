"""Which handover a run takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswind.airflow.handover.choose import Chosen, choose, chosen, latest, named
from crosswind.airflow.handover.model import Reference
from crosswind.errors import InputError, NotFoundError
from tests.unit.airflow.handover.world import NOW, PREFIX, Counting, World


def reference(run: str, published: datetime = NOW, **more: Any) -> Reference:
    return Reference(
        **{
            "bucket": "source",
            "prefix": f"transformed/{run}/",
            "version_id": f"v-{run}",
            "digest": run,
            "published": published.isoformat(),
            "objects": 1,
            "size": 1,
            **more,
        }
    )


def event(run: str, published: datetime = NOW, time: datetime | None = None) -> tuple[datetime, dict[str, Any]]:
    return time or published, reference(run, published).document()


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_the_newest_is_taken_and_the_older_are_superseded() -> None:
    found = chosen([event("b", at(2)), event("c", at(3)), event("a", at(1))], {})
    assert found == Chosen((reference("c", at(3)),), ("transformed/a/", "transformed/b/"))


def test_all_are_taken_once_in_order_of_publication() -> None:
    found = chosen([event("b", at(2)), event("a", at(1)), event("b", at(2), at(5))], {}, "all")
    assert found == Chosen((reference("a", at(1)), reference("b", at(2))))


def test_an_event_that_comes_late_is_not_newer_for_that() -> None:
    # Run a published first; its task was tried again and announced it after run b had.
    found = chosen([event("b", at(2)), event("a", at(1), at(9))], {})
    assert found == Chosen((reference("b", at(2)),), ("transformed/a/",))


def test_a_prefix_in_the_parameters_goes_before_the_events() -> None:
    assert chosen([event("a")], {"prefix": PREFIX}) == Chosen((), prefix=PREFIX)


@pytest.mark.parametrize("params", [{}, {"prefix": ""}, {"prefix": None}])
def test_without_events_and_prefix_nothing_is_chosen_yet(params: dict[str, Any]) -> None:
    assert chosen([], params) == Chosen(())


def test_an_event_of_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="the Asset event's extra"):
        chosen([(NOW, {"from_rest_api": True})], {})


def test_a_prefix_or_a_take_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="is no run's prefix"):
        chosen([], {"prefix": "transformed"})
    with pytest.raises(InputError, match="Valid: newest, all"):
        chosen([], {}, "oldest")


EVENTS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 5)).map(
        # A run publishes once; its event may come at any time after that, and more than once.
        lambda drawn: event(drawn[0], at("abcd".index(drawn[0]) // 2), at(drawn[1]))
    ),
    max_size=8,
)


@given(EVENTS, st.randoms(use_true_random=False), st.sampled_from(["newest", "all"]))
def test_order_and_repetition_of_events_do_not_matter(events: list[Any], random: Any, take: Any) -> None:
    found = chosen(events, {}, take)
    repeated = [(time + timedelta(days=1), extra) for time, extra in events]
    again = [*events, *random.sample(repeated, random.randint(0, len(repeated)))]
    random.shuffle(again)
    assert chosen(again, {}, take) == found
    taken = {each.prefix for each in found.references}
    assert taken | set(found.superseded) == {extra["prefix"] for _, extra in events}
    assert not taken & set(found.superseded)
    renewed = [(at(place), each.document()) for place, each in enumerate(found.references)]
    assert chosen(renewed, {}, take).references == found.references


# -- read from S3 --------------------------------------------------------------------------------------------


def publish_runs(world: World, *runs: str) -> dict[str, Reference]:
    found = {}
    for run in runs:
        world.aws.clock.advance(60)
        found[run] = world.published(f"transformed/{run}/")[1]
    world.aws.clock.advance(1)
    return found


def test_the_latest_is_the_newest_one_before_the_run_was_asked_for() -> None:
    world = World()
    runs = publish_runs(world, "z", "a")
    asked = world.aws.clock.date()
    later = publish_runs(world, "m")
    assert latest(world.east(), "source", "transformed", asked) == runs["a"]
    assert latest(world.east(), "source", "transformed", asked) == runs["a"]
    assert latest(world.east(), "source", "transformed", asked - timedelta(seconds=1)) == runs["z"]
    assert latest(world.east(), "source", "transformed", world.aws.clock.date()) == later["m"]


def test_what_is_still_being_written_when_the_run_is_asked_for_is_not_taken_later() -> None:
    world = World()
    runs = publish_runs(world, "a")
    world.aws.clock.advance(60.2)
    asked = world.aws.clock.date()
    assert latest(world.east(), "source", "transformed", asked) == runs["a"]
    world.aws.clock.advance(0.5)  # the same second, as S3 tells it
    world.published("transformed/slow/")
    world.aws.clock.advance(60)
    assert latest(world.east(), "source", "transformed", asked) == runs["a"]


def test_of_one_second_each_try_takes_the_same() -> None:
    world = World()
    for run in ("b", "c", "a"):
        world.published(f"transformed/{run}/")
        world.aws.clock.advance(0.3)
    world.aws.clock.advance(1)
    assert {latest(world.east(), "source", "transformed", world.aws.clock.date()).run for _ in range(3)} == {"c"}


def test_of_several_events_s3s_clock_says_which_is_newest_to_the_second() -> None:
    # Whatever the clocks of the workers say that published them, and in which order Airflow came to hear of them.
    world = World()
    runs = publish_runs(world, "one", "two")
    events = [(NOW + timedelta(hours=1), runs["one"].document()), (NOW, runs["two"].document())]
    found = choose(world.east(), "source", "transformed", events, {}, before=NOW)
    assert found == Chosen((runs["two"],), ("transformed/one/",))


def test_what_a_clean_up_removed_is_not_taken() -> None:
    world = World()
    runs = publish_runs(world, "a", "b")
    for key in list(world.source.objects):
        if key.startswith("transformed/b/"):
            world.aws.s3.delete_object({"Bucket": "source", "Key": key})
    assert latest(world.east(), "source", "transformed", world.aws.clock.date()) == runs["a"]
    with pytest.raises(NotFoundError, match="there is no handover"):
        named(world.east(), "source", "transformed/b/")


def test_nothing_published_is_said() -> None:
    world = World()
    world.job()
    with pytest.raises(NotFoundError, match="no handover was published below s3://source/transformed/ before"):
        latest(world.east(), "source", "transformed", datetime(2027, 1, 1, tzinfo=UTC))


def test_thousands_of_runs_cost_few_calls() -> None:
    world = World()
    for number in range(3000):
        for name in ("handover.json", "manifest.json", "train/a.csv"):
            world.aws.s3.write(world.source, f"transformed/run-{number}/{name}", b"{}")
    world.aws.clock.advance(60)
    newest = world.published("transformed/newest/")[1]
    world.aws.clock.advance(1)
    caller = Counting()
    assert latest(world.east(caller), "source", "transformed", world.aws.clock.date()) == newest
    assert caller.calls.count("list_objects_v2") <= 10
    assert caller.calls.count("get_object") == 1


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(["r", "r-1", "r.1", "r0", "r1", "r_1"]),
        st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 6)),
        max_size=6,
    ),
    st.integers(1, 4),
)
def test_the_list_jumps_over_nothing_that_counts(runs: dict[str, tuple[bool, int, int]], page: int) -> None:
    world = World(replicates=False)
    list_objects = world.aws.s3.list_objects_v2
    world.aws.s3.list_objects_v2 = lambda p: list_objects({**p, "MaxKeys": page})
    expected = set()
    for run, (published, ahead, behind) in runs.items():
        files = (
            {f"a/{n}.csv": b"1" for n in range(ahead)} | {f"z/{n}.csv": b"2" for n in range(behind)} | {"t.csv": b"3"}
        )
        for name, body in files.items():
            world.aws.s3.write(world.source, f"transformed/{run}/{name}", body)
        if published and run.replace("-", "").isalnum():
            world.aws.clock.advance(1)
            world.published(f"transformed/{run}/", {"t.csv": b"3"})
            expected = {run}  # the last one is the newest
    world.aws.clock.advance(1)
    before = world.aws.clock.date()
    if expected:
        assert {latest(world.east(), "source", "transformed", before).run} == expected
    else:
        with pytest.raises(NotFoundError):
            latest(world.east(), "source", "transformed", before)


def test_choose_reads_what_the_events_do_not_say() -> None:
    world = World()
    runs = publish_runs(world, "a", "b")
    now = world.aws.clock.date()
    given = (world.east(), "source", "transformed")
    assert choose(*given, [], {"prefix": "transformed/a/"}, before=now) == Chosen((runs["a"],), prefix="transformed/a/")
    assert choose(*given, [], {}, before=now) == Chosen((runs["b"],))
    assert choose(*given, [(now, runs["a"].document())], {}, before=now) == Chosen((runs["a"],))


def test_a_handover_of_another_replication_is_refused() -> None:
    world = World()
    with pytest.raises(InputError, match="is not one of s3://source/other/"):
        choose(world.east(), "source", "other", [event("a")], {}, before=NOW)
