"""Owners and attempts: what names a job is legal, the same each time, and never another's."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.owner import Attempt, Owner
from crosswind.errors import InputError

IDS = st.text(min_size=1, max_size=250)
OWNERS = st.builds(Owner, IDS, IDS, IDS, st.integers(-1, 9_999), st.integers(0, 9_999), st.integers(0, 2**33))
ATTEMPTS = st.builds(Attempt, OWNERS, st.integers(1, 9_999))
OWNER = Owner("d", "manual__2026-11-22T10:00:00+00:00", "train", -1, 2, 1_795_000_000)


@given(ATTEMPTS)
def test_a_name_is_what_sagemaker_accepts(attempt: Attempt) -> None:
    # docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
    for name in (attempt.name, attempt.folder):
        assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
        assert name.endswith(attempt.token)


@given(ATTEMPTS, ATTEMPTS)
def test_two_attempts_never_share_a_token(one: Attempt, other: Attempt) -> None:
    assert (one.token == other.token) == (one == other)
    assert (one.name == other.name) == (one == other)


@given(OWNERS)
def test_an_owner_is_read_back(owner: Owner) -> None:
    assert Owner.of(owner.text) == owner


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"dag_id": "d"}',
        "7",
        OWNER.text.replace('"d"', '["d"]'),
        OWNER.text.replace(":-1", ":true"),
        OWNER.text.replace("}", ',"more":1}'),
    ],
)
def test_what_is_no_owner_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not an owner"):
        Owner.of(text)


def test_what_differs_and_what_is_shared() -> None:
    assert OWNER.family == replace(OWNER, group=5).family
    assert Attempt(OWNER, 1).token != Attempt(replace(OWNER, group=5), 1).token
    assert OWNER.family == replace(OWNER, since=5).family
    assert Attempt(OWNER, 1).token != Attempt(replace(OWNER, since=5), 1).token
    assert OWNER.family != replace(OWNER, map_index=0).family
    assert Attempt(OWNER, 1).name.startswith("train-manual-2026-11-22T10")


@given(ATTEMPTS, OWNERS)
def test_a_token_is_read_back_by_its_own_task_alone(attempt: Attempt, other: Owner) -> None:
    of_the_task = replace(attempt.owner, since=1, group=1)
    assert Attempt.of_token(attempt.token, of_the_task) == replace(attempt, fence=1)
    assert Attempt.of_token(f"{attempt.token}.bak", of_the_task) is None
    assert (Attempt.of_token(attempt.token, other) is None) == (other.family != attempt.owner.family)


def test_groups_are_sorted_by_their_run_then_their_try() -> None:
    lowered, before = replace(OWNER, group=2), replace(OWNER, group=5)
    assert before.age(1) < lowered.age(3)
    assert lowered.age(0) < before.age(0)
    assert OWNER.age(9) < replace(OWNER, since=OWNER.since + 1).age(1)


def test_two_long_task_ids_keep_room_for_their_beginning() -> None:
    """IAM statements on SageMaker's jobs rely on 28 characters of it."""
    attempt = Attempt(Owner("d", "r", "t" * 60, -1, 999, 2**32 - 1), 999)
    assert attempt.name.startswith("t" * 28)


@given(ATTEMPTS, st.integers(2, 99))
def test_a_job_of_a_later_fence_has_a_folder_of_its_own(attempt: Attempt, fence: int) -> None:
    late = replace(attempt, fence=fence)
    assert (late.token, late.name) == (attempt.token, attempt.name)
    assert late.folder.endswith(f"{attempt.token}-f{fence}")
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", late.folder)
    assert late.folder != attempt.folder
