"""What a task's context says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from crosswind.airflow.context import owner_of, target_of
from crosswind.airflow.owner import Owner
from crosswind.airflow.target import AwsTarget
from crosswind.errors import InputError
from tests.unit.airflow.test_settings import names

STARTED = datetime(2026, 11, 22, 10, 0, 0, 900_000, tzinfo=UTC)
CONTEXT = {
    "ti": SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=3, max_tries=4, try_number=2),
    "dag_run": SimpleNamespace(start_date=STARTED),
}
WEST = "aws_crossaccount_role_conn_west2"


def test_an_owner_is_the_task_and_its_attempt_group() -> None:
    assert owner_of(CONTEXT) == Owner("d", "r", "t", 3, 4, int(STARTED.timestamp()))
    unmapped = CONTEXT | {"ti": SimpleNamespace(**vars(CONTEXT["ti"]) | {"map_index": None})}
    assert owner_of(unmapped).map_index == -1
    with pytest.raises(InputError, match="no start_date"):
        owner_of(CONTEXT | {"dag_run": SimpleNamespace(start_date=None)})


def test_a_target_is_the_site_for_the_run(tmp_path: Path) -> None:
    known = names(tmp_path)
    expected = AwsTarget("222222222222", "us-west-2", WEST, "d", "r", "ml")
    assert target_of(known, "ml", CONTEXT) == target_of(known, known.sites["ml"], CONTEXT) == expected
    with pytest.raises(InputError, match=r"no site .nowhere. is declared\. Declared: ml, processing"):
        target_of(known, "nowhere", CONTEXT)
