"""Claims: made once, held for a lease, taken over with a higher fence; lost answers and conflicts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crosswind.airflow.jobs.claims import LEASE_SECONDS, Claim, ClaimHeldError, Claims
from crosswind.airflow.owner import Attempt
from crosswind.errors import InputError
from tests.simulator.aws import Blow
from tests.simulator.aws.errors import refused
from tests.unit.airflow.jobs.world import BUCKET, CLAIMS, Blown, World, owner

TOKEN = "0123456789-2-1"


def claims(world: World, holder: str, blow: Blown | None = None, **more: Any) -> Claims:
    return world.claims(world.clients(blow), holder=holder, **more)


def test_the_first_makes_it_and_the_second_is_told_how_long_to_wait() -> None:
    world = World()
    mine = claims(world, "a").take(TOKEN)
    assert (mine.fence, mine.holder, mine.job, mine.fresh) == (1, "a", "", True)
    world.aws.clock.advance(20)
    with pytest.raises(ClaimHeldError, match="another try") as held:
        claims(world, "b").take(TOKEN)
    assert held.value.seconds == LEASE_SECONDS - 20
    assert "100 s" in str(held.value)
    assert held.value.claim
    assert held.value.claim.holder == "a"


def test_its_own_holder_finds_it_again() -> None:
    world = World()
    claims(world, "a").take(TOKEN)
    again = claims(world, "a").take(TOKEN)
    assert (again.fence, again.holder, again.fresh) == (1, "a", False)


def test_after_the_lease_it_is_taken_over_and_its_holder_notices() -> None:
    world = World()
    first = claims(world, "a")
    mine = first.take(TOKEN)
    world.aws.clock.advance(LEASE_SECONDS)
    theirs = claims(world, "b").take(TOKEN)
    assert (theirs.fence, theirs.holder, theirs.fresh) == (2, "b", False)
    for act in (lambda: first.renew(mine), lambda: first.record(mine, "jr_1")):
        with pytest.raises(ClaimHeldError) as held:
            act()
        assert held.value.claim
        assert held.value.claim.fence == 2


def test_a_renewed_claim_is_protected_anew() -> None:
    world = World()
    first = claims(world, "a")
    mine = first.take(TOKEN)
    world.aws.clock.advance(LEASE_SECONDS - 1)
    renewed = first.renew(mine)
    assert renewed.etag != mine.etag
    world.aws.clock.advance(LEASE_SECONDS - 1)
    with pytest.raises(ClaimHeldError):
        claims(world, "b").take(TOKEN)


def test_a_claim_with_a_job_is_nobody_s_to_take() -> None:
    world = World()
    first = claims(world, "a")
    first.record(first.take(TOKEN), "jr_1")
    world.aws.clock.advance(10 * LEASE_SECONDS)
    found = claims(world, "b").take(TOKEN)
    assert (found.job, found.fence, found.holder) == ("jr_1", 1, "a")


def test_one_that_was_given_up_is_free_at_once() -> None:
    world = World()
    first = claims(world, "a")
    first.release(first.take(TOKEN))
    assert claims(world, "b").take(TOKEN).fence == 2


def test_giving_up_what_is_no_longer_ours_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    first = claims(world, "a")
    mine = first.take(TOKEN)
    world.aws.clock.advance(LEASE_SECONDS)
    claims(world, "b").take(TOKEN)
    first.release(mine)
    assert "could not be given up" in caplog.text
    found = first.read(TOKEN)
    assert found
    assert found.holder == "b"


@pytest.mark.parametrize("at", range(6))
def test_a_write_that_botocore_sends_twice_counts_once(at: int) -> None:
    world = World()
    first = claims(world, "a", Blown(at, Blow.RESENT))
    mine = first.take(TOKEN)
    assert first.record(first.renew(mine), "jr_1").job == "jr_1"
    found = claims(world, "b").read(TOKEN)
    assert found
    assert (found.job, found.fence, found.holder) == ("jr_1", 1, "a")


def test_a_takeover_that_botocore_sends_twice_counts_once() -> None:
    world = World()
    claims(world, "a").take(TOKEN)
    world.aws.clock.advance(LEASE_SECONDS)
    taken = claims(world, "b", Blown(2, Blow.RESENT)).take(TOKEN)
    assert (taken.fence, taken.holder) == (2, "b")


def test_of_two_that_take_over_at_once_one_wins() -> None:
    world = World()
    claims(world, "a").take(TOKEN)
    world.aws.clock.advance(LEASE_SECONDS)
    second, third = claims(world, "b"), claims(world, "c")
    seen = third.read(TOKEN)
    assert seen
    second.take(TOKEN)
    with pytest.raises(ClaimHeldError) as held:
        third.take_over(seen)
    assert held.value.seconds == LEASE_SECONDS


def test_a_conflict_of_two_writes_is_tried_again() -> None:
    world = World()
    put = world.aws.s3.put_object
    conflicts = [refused("ConditionalRequestConflict", "PutObject", status=409)]

    def contested(p: Any) -> Any:
        if conflicts:
            raise conflicts.pop()
        return put(p)

    world.aws.s3.put_object = contested  # type: ignore[method-assign]  # the simulated service, for one call
    assert claims(world, "a").take(TOKEN).holder == "a"


def test_without_end_it_gives_up_and_says_so() -> None:
    world = World()

    def contested(_: Any) -> Any:
        raise refused("ConditionalRequestConflict", "PutObject", status=409)

    world.aws.s3.put_object = contested  # type: ignore[method-assign]  # as above
    with pytest.raises(ClaimHeldError):
        claims(world, "a").take(TOKEN)


def test_other_errors_of_s3_pass_through() -> None:
    world = World()
    del world.aws.s3.buckets[BUCKET]
    for act in (lambda: claims(world, "a").take(TOKEN), lambda: claims(world, "a").read(TOKEN)):
        with pytest.raises(Exception, match="NoSuchBucket"):
            act()


def test_a_worker_whose_clock_is_wrong_takes_over_no_sooner() -> None:
    world = World()
    claims(world, "a").take(TOKEN)
    wrong = Claims(world.clients(), BUCKET, CLAIMS, holder="b", now=lambda: world.aws.clock.date() + timedelta(days=1))
    with pytest.raises(ClaimHeldError):
        wrong.take(TOKEN)


def test_the_attempts_with_a_claim_are_those_whose_keys_are_tokens() -> None:
    world = World()
    some, clients = claims(world, "a"), world.clients()
    mine = [Attempt(owner(), ordinal) for ordinal in (1, 10, 2)]
    others = [Attempt(owner(group=20), 1), Attempt(owner(since=7), 1), Attempt(owner(task_id="other"), 1)]
    for attempt in (*mine, *others):
        some.take(attempt.token)
    for stray in (".bak", "x", ""):
        clients.client("s3").put_object(Bucket=BUCKET, Key=f"{CLAIMS}{owner().stem}-{stray}", Body=b"")
    assert [each.ordinal for each in some.attempts(owner(), f"{owner().stem}-")] == [1, 2, 10]
    assert set(some.attempts(owner(), f"{owner().family}-")) == {*mine, *others[:2]}
    assert some.read(Attempt(owner(), 9).token) is None
    assert isinstance(some.read(others[2].token), Claim)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"token": "t", "colour": "red"}'])
def test_what_is_no_claim_is_told(body: bytes) -> None:
    world = World()
    world.clients().client("s3").put_object(Bucket=BUCKET, Key=CLAIMS + TOKEN, Body=body)
    with pytest.raises(InputError, match=f"{TOKEN} is no claim"):
        claims(world, "a").read(TOKEN)
