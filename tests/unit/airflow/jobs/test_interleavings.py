"""Two tries of one attempt at once, and tries that die at every call: one live job, whatever the order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswind.airflow.jobs.claims import LEASE_SECONDS, ClaimHeldError
from crosswind.airflow.jobs.model import JobState
from crosswind.airflow.jobs.submit import Started, SubmitOnce
from tests.simulator.aws import Blow
from tests.unit.airflow.jobs.world import KINDS, Blown, Process, Way, World, owner, until_started

BLOWS = (Blow.CRASH_BEFORE, Blow.CRASH_AFTER, Blow.LOST, Blow.RESENT, Blow.THROTTLED)
# A submission of any kind makes fewer calls than this.
MOST_CALLS = 12


def patiently(world: World, kind: str, process: Process) -> Started:
    """A try that comes again while another holds the claim; in between, the other may go on."""
    while True:
        try:
            return SubmitOnce(world.jobs(kind, process)).start(owner())
        except ClaimHeldError:
            process.enter("", "wait")


def finished(tries: list[Process]) -> list[Started]:
    """Let all go on in turn, to their ends."""
    while not all(each.over for each in tries):
        for each in tries:
            each.step()
    return [each.finish() for each in tries]


@pytest.mark.parametrize("kind", KINDS)
@given(turns=st.lists(st.booleans(), max_size=24))
@settings(max_examples=60, deadline=None)
def test_any_interleaving_of_two_tries_gives_one_live_job(kind: str, turns: list[bool]) -> None:
    world = World()
    world.functions.way = lambda *_: Way(waits=0, runs=10_000)
    tries = [Process(lambda caller: patiently(world, kind, caller)) for _ in range(2)]
    for first in turns:
        tries[0 if first else 1].step()
        world.aws.clock.settle()
        assert len(world.live(kind)) <= 1
    started = finished(tries)
    world.aws.clock.settle()
    assert len(world.live(kind)) == 1
    assert started[0].submission.id == started[1].submission.id


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("blow", BLOWS)
def test_a_blow_at_every_call_leaves_one_live_job(kind: str, blow: Blow) -> None:
    blown = 0
    for at in range(MOST_CALLS):
        world = World()
        world.functions.way = lambda *_: Way(waits=0, runs=10_000)
        caller = Blown(at, blow)
        started = until_started(world, kind, owner(), caller)
        again = until_started(world, kind, owner())
        world.aws.clock.settle()
        live = world.live(kind)
        assert len(live) <= 1
        assert again.submission.id == started.submission.id
        if kind != "lambda":  # of a function that may have been invoked, only time tells: see the next test
            assert live == [started.submission.id]
        blown += caller.met
    assert 0 < blown < MOST_CALLS


@pytest.mark.parametrize("blow", BLOWS)
def test_a_function_ends_well_after_a_blow_at_any_call_and_never_runs_twice_at_once(blow: Blow) -> None:
    for at in range(MOST_CALLS):
        world = World()
        world.functions.way = lambda *_: Way(waits=1, runs=50)
        caller = Blown(at, blow)
        for _ in range(20):
            started = until_started(world, "lambda", owner(), caller)
            world.aws.clock.advance(10)
            assert len(world.live("lambda")) <= 1
            look = world.jobs("lambda").look(started.submission)
            if look.state is JobState.SUCCEEDED:
                break
        assert look.state is JobState.SUCCEEDED
        assert look.outcome == {"answer": {"deleted": 1}}
        assert len(world.functions.executions) == 1


@given(
    turns=st.lists(st.booleans(), min_size=1, max_size=16),
    pause=st.integers(0, 15),
    seconds=st.floats(0, 3 * LEASE_SECONDS),
)
@settings(max_examples=150, deadline=None)
def test_glue_has_one_run_after_any_pause_even_when_two_were_started(
    turns: list[bool], pause: int, seconds: float
) -> None:
    """The race that remains: a pause longer than the lease. It heals, and only it starts a second run."""
    world = World()
    tries = [Process(lambda caller: patiently(world, "glue", caller)) for _ in range(2)]
    for number, first in enumerate(turns):
        if number == pause:
            world.aws.clock.advance(seconds)
        tries[0 if first else 1].step()
    finished(tries)
    world.aws.clock.advance(10)
    # Adopted, or the next ordinal: the late submitter may have stopped its run after the other found and kept it.
    kept = SubmitOnce(world.jobs("glue")).start(owner())
    assert kept.look.state is JobState.RUNNING
    assert world.live("glue") == [kept.submission.id]
    if pause >= len(turns) or seconds < LEASE_SECONDS:
        assert kept.adopted
        assert len(world.glue.runs) == 1
