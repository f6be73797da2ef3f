"""Schedules are numbers: the same seed is the same schedule, and the fixed ones hold each important kind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.kills.schedule import FIXED, MOMENTS, Deed, schedule


@given(st.integers(0, 100_000))
def test_a_seed_is_a_schedule(seed: int) -> None:
    chosen = schedule(seed)
    assert schedule(seed) == chosen
    assert chosen.seed == seed
    assert 1 <= len(chosen.faults) <= 3


@given(st.integers(0, 100_000))
def test_faults_come_in_the_order_of_a_run_and_nothing_after_its_end(seed: int) -> None:
    faults = schedule(seed).faults
    places = [MOMENTS.index(fault.moment) for fault in faults]
    assert places == sorted(places)
    assert not any(fault.deed.last for fault in faults[:-1])
    # A process of a task is there to be killed only while it runs.
    assert all(fault.moment.state == "running" for fault in faults if fault.deed in (Deed.TASK, Deed.WORKER))


def test_the_fixed_schedules_hold_each_important_kind() -> None:
    kinds = {(fault.moment.state, bool(fault.moment.held), fault.deed) for each in FIXED for fault in each.faults}
    assert {
        ("running", True, Deed.TASK),
        ("running", True, Deed.WORKER),
        ("deferred", False, Deed.TRIGGERER),
        ("running", True, Deed.SCHEDULER),
        ("deferred", False, Deed.FAIL),
    } <= kinds
    still = [fault.moment.held or fault.moment.work or fault.moment.waits for each in FIXED for fault in each.faults]
    assert all(still)


def test_random_schedules_reach_every_moment_and_every_deed() -> None:
    drawn = [fault for seed in range(len(FIXED), 300) for fault in schedule(seed).faults]
    assert {fault.moment for fault in drawn} == set(MOMENTS)
    assert {fault.deed for fault in drawn} == set(Deed)
