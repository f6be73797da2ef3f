"""10,000 seeded crash schedules of publish -> move -> arrive -> train -> clean, and what must hold in each."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulator import post, world
from tests.simulator.batch import replay, reports
from tests.simulator.invariants import Invariant, Report

SCHEDULES = 10_000
POST = 200


@pytest.fixture(scope="module")
def ours() -> list[Report]:
    return list(reports(range(SCHEDULES)))


@pytest.fixture(scope="module")
def posts() -> list[Report]:
    return list(reports(range(POST), "post"))


@pytest.mark.parametrize("invariant", list(Invariant))
def test_an_invariant_holds_in_every_schedule(ours: list[Report], invariant: Invariant) -> None:
    broken = [(report.seed, text) for report in ours for each, text in report.violations if each is invariant]
    shown = "\n".join(f"seed {seed}: {text[:400]}\n  {replay(seed)}" for seed, text in broken[:5])
    assert not broken, f"{invariant}: {len(broken)} of {SCHEDULES} schedules\n{shown}"


def test_what_the_invariants_are_about_has_happened(ours: list[Report]) -> None:
    """Else they would hold for want of occasions."""
    counts = sum((Counter(report.counts) for report in ours), Counter[str]())
    assert counts["models"] > SCHEDULES
    assert counts["orphans stopped by the reaper"] > SCHEDULES / 100
    assert counts["runs that cannot finish"] > SCHEDULES / 100
    # The race that the Glue module states: rare, and healed.
    assert 0 < counts["Glue races (stated)"] < SCHEDULES / 50
    assert sum(report.calls for report in ours) > 100 * SCHEDULES


def test_the_same_checks_find_what_the_post_s_logic_does(posts: list[Report]) -> None:
    broken = Counter(invariant for report in posts for invariant in report.broken)
    for invariant in (Invariant.VERSIONS, Invariant.TWO_LIVE, Invariant.ORPHAN, Invariant.LOST, Invariant.KILLED):
        assert broken[invariant] > 0, invariant


def test_a_seed_is_a_schedule() -> None:
    for seed in (3, 17, 10_007):
        assert world.run(seed) == world.run(seed)
        assert post.run(seed) == post.run(seed)


def test_a_violation_shrinks_to_what_it_needs(posts: list[Report]) -> None:
    report = next(report for report in posts if Invariant.TWO_LIVE in report.broken and len(report.applied) > 5)
    fewest = world.shrink(report.seed, Invariant.TWO_LIVE, post.run)
    assert Invariant.TWO_LIVE in fewest.broken
    assert 0 < len(fewest.applied) < len(report.applied)
    assert post.run(report.seed, frozenset(fewest.applied)).violations == fewest.violations
