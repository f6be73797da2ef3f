"""The DAGs of a project that `crosswind init` writes: they parse without AWS, and hold what the topology says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosswind.cli.scaffold import Answers, hub_of, project_files, site_of
from crosswind.synth.files import names_file
from crosswind.topology import parse_topology
from tests.airflow.conftest import EXAMPLE
from tests.airflow.test_dags import parsed


@pytest.fixture
def bag(tmp_path: Path) -> Any:
    sites = tuple(site_of(f"{name}=222222222222:us-east-1") for name in ("processing", "ml"))
    files = project_files(Answers("acme", hub_of("111111111111:us-east-1"), sites), EXAMPLE, "{}")
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    topology, _ = parse_topology((tmp_path / "crosswind.yaml").read_text())
    (tmp_path / "dags" / "acme.crosswind.json").write_text(json.dumps(names_file(topology)))
    return parsed(tmp_path / "dags")


def test_the_dags_are_the_declared_pipelines(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {"processing_report", "ml_report", "acme_reaper"}


def test_the_tasks_are_the_declared_steps_at_the_declared_sites(bag: Any) -> None:
    for site in ("processing", "ml"):
        tasks = {task.task_id: task for task in bag.dags[f"{site}_report"].tasks}
        assert {name: task.downstream_task_ids for name, task in tasks.items()} == {
            "wait_for_file": {"count_rows"},
            "count_rows": set(),
        }
        assert {task.aws_conn_id for task in tasks.values()} == {f"crosswind_{site}"}
        assert tasks["wait_for_file"].bucket_key == "incoming/example.csv"
        assert tasks["count_rows"].payload["bucket"] == tasks["wait_for_file"].bucket_name


def test_a_run_names_its_report(bag: Any) -> None:
    task = bag.dags["ml_report"].get_task("count_rows")
    rendered = task.render_template(task.payload, {"run_id": "manual__2026-11-22T16:39:08+00:00"})
    assert rendered["report"] == "reports/manual__2026-11-22T16-39-08-00-00.json"
