"""Names from a DAG run: legal, unique, the same each time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.naming import job_name, run_name, session_name

IDS = st.text(min_size=1, max_size=250)
ATTEMPTS = st.integers(min_value=1, max_value=99_999)


@given(IDS, IDS)
def test_a_session_name_is_what_sts_accepts(dag_id: str, run_id: str) -> None:
    # The service's pattern, in ASCII: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", session_name(dag_id, run_id))


@given(IDS, ATTEMPTS)
def test_a_run_name_is_a_folder_of_letters_digits_and_hyphens(run_id: str, attempt: int) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}", run_name(run_id, attempt))


@given(IDS, IDS, IDS, ATTEMPTS)
def test_a_job_name_is_what_sagemaker_accepts(dag_id: str, task_id: str, run_id: str, attempt: int) -> None:
    name = job_name(dag_id, task_id, run_id, attempt)
    # docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
    assert len(name) <= 63


@given(st.tuples(IDS, IDS), st.tuples(IDS, IDS))
def test_two_runs_never_share_a_session_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (session_name(*one) == session_name(*other)) == (one == other)


@given(st.tuples(IDS, ATTEMPTS), st.tuples(IDS, ATTEMPTS))
def test_two_attempts_never_share_a_run_name(one: tuple[str, int], other: tuple[str, int]) -> None:
    assert (run_name(*one) == run_name(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("d", "t", "manual__a:b", 1), ("d", "t", "manual__a-b", 1)),
        (("d", "t", "r", 1), ("e", "t", "r", 1)),
        (("d", "t", "r", 1), ("d", "t", "r", 2)),
        (("d", "t" * 200, "r" * 200, 1), ("d", "t" * 200, "r" * 201, 1)),
        (("d", "t", "r", 1, 0), ("d", "t", "r", 1, 1)),
    ],
)
def test_job_names_that_look_alike_differ(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert job_name(*one) != job_name(*other)  # type: ignore[arg-type]


def test_a_job_name_begins_with_its_task() -> None:
    assert job_name("d", "train_penguins", "manual__1", 1).startswith("train-penguins-manual-1-")


def test_names_are_for_people_too() -> None:
    run_id = "manual__2026-11-22T10:00:00+00:00"
    assert run_name(run_id, 2) == run_name(run_id, 2)
    assert run_name(run_id, 2).startswith("manual-2026-11-22T10-00-00-00-00-")
    assert run_name(run_id, 2).endswith("-2")
    assert session_name("my_dag", "run.1") == "my_dag@run.1"
    assert session_name("my_dag", run_id).startswith("my_dag@manual__2026-11-22T10-00-00+00-00-")
    # Two pairs with the same text joined are still two.
    assert session_name("a@b", "c") != session_name("a", "b@c")
