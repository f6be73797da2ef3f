"""Names from a DAG run: legal, unique, the same each time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.naming import session_name, source_identity, tag_value

IDS = st.text(min_size=1, max_size=250)


@given(IDS, IDS)
def test_a_session_name_is_what_sts_accepts(dag_id: str, run_id: str) -> None:
    # The service's pattern, in ASCII: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", session_name(dag_id, run_id))


@given(st.tuples(IDS, IDS), st.tuples(IDS, IDS))
def test_two_runs_never_share_a_session_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (session_name(*one) == session_name(*other)) == (one == other)


@given(IDS)
def test_a_source_identity_is_what_sts_accepts(dag_id: str) -> None:
    assert re.fullmatch(r"(?!aws:)[A-Za-z0-9_+=,.@-]{2,64}", source_identity(dag_id))


@given(IDS, IDS)
def test_two_dags_never_share_a_source_identity(one: str, other: str) -> None:
    assert (source_identity(one) == source_identity(other)) == (one == other)


@given(st.text(max_size=400))
def test_a_tag_is_what_aws_accepts(text: str) -> None:
    assert re.fullmatch(r"[\w .:/=+@-]{0,256}", tag_value(text))


def test_names_can_be_read() -> None:
    assert session_name("my_dag", "run-1") == "my_dag@run-1"
    assert session_name("my_dag", "manual__2026-11-22T10:00:00").startswith("my_dag@manual__2026-11-22T10-00-00-")
    assert source_identity("my_dag") == "my_dag"
    assert tag_value("manual__2026-11-22T10:00:00+00:00") == "manual__2026-11-22T10:00:00+00:00"


@pytest.mark.parametrize("dag_id", ["a", "ä", "x" * 65, "a b"])
def test_what_is_not_legal_ends_in_a_hash(dag_id: str) -> None:
    assert re.search(r"-[0-9a-f]{8}$", source_identity(dag_id))
