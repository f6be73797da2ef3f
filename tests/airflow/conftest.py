"""Tests that need Airflow. They run in environments of their own: `python tests/airflow/matrix.py`.

Crosswind's own environment holds no Airflow; there nothing is collected here.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "unified_pipelines"
SPOKE = "222222222222"
ROLE = f"arn:aws:iam::{SPOKE}:role/cross-account"
EAST, WEST = "aws_crossaccount_role_conn_east1", "aws_crossaccount_role_conn_west2"


def _has_airflow() -> bool:
    # Not find_spec: a folder named `airflow` on the path would count as a package.
    try:
        importlib.metadata.distribution("apache-airflow-core")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def connection(**extra: Any) -> str:
    """An Airflow connection as JSON; a member of `extra` that is None is left out."""
    base = {"role_arn": ROLE, "region_name": "us-east-1", "assume_role_kwargs": {"ExternalId": "tests"}}
    kept = {key: value for key, value in (base | extra).items() if value is not None}
    return json.dumps({"conn_type": "aws", "extra": kept})


def names_document() -> dict[str, Any]:
    """The names file of the example, as deploy writes it; only the waits are shorter."""
    document: dict[str, Any] = json.loads(
        (EXAMPLE.parents[1] / "tests/golden/unified_pipelines/names.json").read_text()
    )
    document["intervals"] |= {"poke_seconds": 1, "timeout_seconds": 60, "job_seconds": 1, "arrival_seconds": 60}
    return document


if not _has_airflow():
    collect_ignore_glob = ["test_*.py"]
else:
    # Airflow reads its settings at its first import, so they are made before any test module is loaded.
    _HOME = tempfile.mkdtemp(prefix="crosswind-airflow-tests-")
    for _name in [name for name in os.environ if name.startswith(("AWS_", "AIRFLOW_"))]:
        del os.environ[_name]
    os.environ |= {
        "AIRFLOW_HOME": _HOME,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": f"{_HOME}/dags",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AWS_ACCESS_KEY_ID": "111111111111",
        "AWS_SECRET_ACCESS_KEY": "hub",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def pytest_unconfigure() -> None:
        shutil.rmtree(_HOME, ignore_errors=True)

    from tests.airflow.aws import RecordedAws

    @pytest.fixture(scope="session")
    def _server() -> Iterator[RecordedAws]:
        with RecordedAws() as server:
            yield server

    @pytest.fixture
    def aws(_server: RecordedAws, monkeypatch: pytest.MonkeyPatch) -> RecordedAws:
        """An empty AWS, with the example's two connections, and no session of an earlier test."""
        from crosswind.airflow.hooks import cross_account

        cross_account._SESSIONS.clear()
        _server.reset()
        monkeypatch.setenv("AWS_ENDPOINT_URL", _server.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv(f"AIRFLOW_CONN_{EAST.upper()}", connection())
        monkeypatch.setenv(f"AIRFLOW_CONN_{WEST.upper()}", connection(region_name="us-west-2"))
        return _server

    @pytest.fixture(scope="session")
    def dags_folder() -> Path:
        """The example's DAGs with a names file beside them, where Airflow looks for DAGs."""
        folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        shutil.copytree(EXAMPLE / "dags", folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "unified-pipelines.json").write_text(json.dumps(names_document()))
        return folder
