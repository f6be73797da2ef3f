"""Replicas held back, lost, late and failed on demand, and what a client of the world sees of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.errors import WorldDownError, WorldError
from crosswind.local.process import WorldProcess
from crosswind.local.replication.failures import REASONS
from crosswind.local.replication.holds import Effect, Hold, HoldError, Holds, order_of
from crosswind.local.state import Running, StateFolder
from tests.local.conftest import LiveEdge
from tests.local.replication.test_replication import Site, until

EFFECTS = st.sampled_from([Effect.HOLD, Effect.LOSE, Effect.FAIL])


@pytest.fixture
def site(live_edge: LiveEdge) -> Iterator[Site]:
    made = Site(live_edge)
    made.version(made.source, made.destination)
    made.replicate()
    yield made
    live_edge.hold("*", "release")


def arrived(site: Site) -> set[str]:
    return {one["Key"] for one in site.west.list_object_versions(Bucket=site.destination).get("Versions", [])}


def put(site: Site, *keys: str) -> None:
    for key in keys:
        site.east.put_object(Bucket=site.source, Key=f"transformed/{key}", Body=b"1")


def test_what_is_held_is_pending_until_it_is_released(site: Site) -> None:
    site.edge.hold("transformed/*train*", "hold")
    put(site, "r1/train/a", "r1/manifest.json")
    site.settled()
    assert arrived(site) == {"transformed/r1/manifest.json"}
    assert site.status("transformed/r1/train/a") == "PENDING"
    (held,) = site.edge.hold("nothing/*", "release")["held"]
    assert (held["bucket"], held["key"]) == (site.source, "transformed/r1/train/a")
    answer = site.edge.hold("transformed/*train*", "release")
    assert (answer["orders"], answer["held"]) == ([], [])
    site.settled()
    assert arrived(site) == {"transformed/r1/manifest.json", "transformed/r1/train/a"}
    assert site.status("transformed/r1/train/a") == "COMPLETED"
    put(site, "r2/train/a")
    site.settled()
    assert "transformed/r2/train/a" in arrived(site)


def test_a_version_that_was_held_does_not_become_the_newest(site: Site) -> None:
    site.edge.hold("transformed/k", "hold", count=1)
    old = site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"old")["VersionId"]
    site.settled()
    new = site.east.put_object(Bucket=site.source, Key="transformed/k", Body=b"new")["VersionId"]
    site.settled()
    assert site.west.head_object(Bucket=site.destination, Key="transformed/k")["VersionId"] == new
    site.edge.hold("*", "release")
    site.settled()
    versions = site.west.list_object_versions(Bucket=site.destination, Prefix="transformed/k")["Versions"]
    assert [one["VersionId"] for one in versions] == [new, old]


def test_what_is_lost_never_comes(site: Site) -> None:
    site.edge.hold("transformed/lost", "lose")
    put(site, "lost", "other")
    site.settled()
    site.edge.hold("*", "release")
    site.settled()
    assert arrived(site) == {"transformed/other"}
    assert site.status("transformed/lost") == "PENDING"


def test_what_is_delayed_comes_later(site: Site) -> None:
    site.edge.hold("transformed/late", "delay", seconds=0.5, count=1)
    put(site, "late")
    put(site, "soon")
    until(lambda: arrived(site) == {"transformed/soon"})
    assert site.status("transformed/late") == "PENDING"
    until(lambda: arrived(site) == {"transformed/soon", "transformed/late"})


def test_a_count_limits_it(site: Site) -> None:
    site.edge.hold("transformed/*", "fail", count=2, reason="SrcGetObjectNotPermitted")
    put(site, "a", "b", "c")
    site.settled()
    assert [site.status(f"transformed/{key}") for key in "abc"] == ["FAILED", "FAILED", "COMPLETED"]
    assert arrived(site) == {"transformed/c"}


def test_an_order_after_the_write_still_counts(live_edge: LiveEdge, site: Site) -> None:
    """It is asked when the replica would be written, not when the object was."""
    put(site, "first")
    answer = live_edge.hold("transformed/*", "hold")
    assert answer["orders"][-1]["effect"] == "hold"
    site.settled()
    assert site.status("transformed/first") == "PENDING"


def test_the_world_is_asked_through_its_process(site: Site, tmp_path: Path) -> None:
    state = StateFolder(tmp_path, tmp_path / "cache").make()
    with state.claim():
        state.write(Running(os.getpid(), site.edge.endpoint, 0.0))
        world = WorldProcess(state, ())
        answer = world.hold_replicas("transformed/*", "hold", count=1)
        assert answer["orders"][-1]["count"] == 1
        put(site, "k")
        site.settled()
        assert [one["key"] for one in world.replicas()["held"]] == ["transformed/k"]
        with pytest.raises(WorldError, match="hold, lose, delay, fail, release"):
            world.hold_replicas("*", "keep")
        assert world.hold_replicas("*", "release")["held"] == []
    site.settled()
    assert arrived(site) == {"transformed/k"}
    with pytest.raises(WorldDownError):
        world.replicas()


def refused(site: Site, body: bytes, method: str = "POST", **headers: str) -> tuple[int, str]:
    request = Request(f"{site.edge.endpoint}/_crosswind/replication", body, headers, method=method)
    with pytest.raises(HTTPError) as error:
        urlopen(request, timeout=10)
    return error.value.code, json.load(error.value)["message"]


def test_wrong_orders_are_refused_with_what_would_be_right(site: Site) -> None:
    assert refused(site, b"{")[0] == 400
    assert "hold, lose, delay, fail, release" in refused(site, b'{"match": "*", "effect": "keep"}')[1]
    assert "DstBucketNotFound" in refused(site, b'{"match": "*", "effect": "fail", "reason": "Bored"}')[1]
    assert refused(site, b"", "DELETE")[0] == 405


def test_a_web_page_may_not_ask(site: Site) -> None:
    body = b'{"match": "*", "effect": "lose"}'
    assert refused(site, body, Origin="https://a.example")[0] == 403
    put(site, "k")
    site.settled()
    assert arrived(site) == {"transformed/k"}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"match": "*"},
        {"match": "", "effect": "hold"},
        {"match": 1, "effect": "hold"},
        {"match": "*", "effect": "hold", "count": 0},
        {"match": "*", "effect": "hold", "count": True},
        {"match": "*", "effect": "delay"},
        {"match": "*", "effect": "delay", "seconds": -1},
        {"match": "*", "effect": "fail", "reason": "no"},
        {"match": "*", "effect": "hold", "until": 1},
    ],
)
def test_no_orders(document: Any) -> None:
    with pytest.raises(HoldError):
        order_of(json.dumps(document).encode())


@given(st.text(min_size=1), EFFECTS, st.none() | st.integers(1, 9), st.sampled_from(sorted(REASONS)))
def test_an_order_reads_as_it_was_written(match: str, effect: Effect, count: int | None, reason: str) -> None:
    order = Hold(match, effect, 0.0, count, reason)
    assert order_of(json.dumps(order.document()).encode()) == order


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 3))), st.lists(st.sampled_from(["a", "b"])))
def test_orders_are_spent_in_turn(given_orders: list[tuple[str, int]], keys: list[str]) -> None:
    holds = Holds()
    left = {"a": 0, "b": 0}
    for match, count in given_orders:
        holds.give(Hold(match, Effect.LOSE, count=count))
        left[match] += count
    for key in keys:
        assert (holds.taken(key) is not None) == (left[key] > 0)
        left[key] = max(0, left[key] - 1)
    assert sum(one["count"] for one in holds.standing()) == sum(left.values())
