"""The files that the buckets must hold."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from crosswind.deploy.artifacts import AIRFLOW, files_of, lambda_sources
from crosswind.errors import InputError
from crosswind.topology import Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.deploy.conftest import EXAMPLE


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "project")
    return tmp_path / "project"


def test_the_examples_files(topology: Topology) -> None:
    found = {(file.bucket, file.key): file.content for file in files_of(topology, EXAMPLE)}
    assert found["source", "raw/"] == b""
    script = EXAMPLE / "jobs/glue/mwaa_glue_raw_to_transform.py"
    assert found["source", "scripts/mwaa_glue_raw_to_transform.py"] == script.read_bytes()
    assert found["source", "raw/ml_train_data.csv"].startswith(b"studyName")
    config = json.loads(found["destination", "config/penguins_training.json"])
    assert config["RoleArn"] == "arn:aws:iam::222222222222:role/unified-pipelines-sagemaker-penguins_training"
    assert "${DestinationBucketName}" not in json.dumps(config)
    names = json.loads(found[AIRFLOW, "dags/unified-pipelines.json"])
    assert names["topology"] == "unified-pipelines"
    assert {"requirements.txt", "plugins.zip"} <= {key for bucket, key in found if bucket == AIRFLOW}


def test_a_processing_job_has_a_script_and_a_request() -> None:
    file = TOPOLOGIES["scoring"]
    found = {(each.bucket, each.key): each.content for each in files_of(load(file), file.parent)}
    assert found["desk", "code/score.py"] == (file.parent / "jobs/score.py").read_bytes()
    assert found["desk", "code/tidy.py"] == (file.parent / "jobs/tidy.py").read_bytes()
    config = json.loads(found["desk", "config/score.json"])
    assert config["ProcessingInputs"][0]["S3Input"]["S3Uri"].endswith("/code/score.py")


def test_hidden_and_compiled_files_stay_behind(topology: Topology, root: Path) -> None:
    (root / "dags/__pycache__").mkdir(exist_ok=True)
    (root / "dags/__pycache__/x.pyc").write_bytes(b"")
    (root / "dags/.secret").write_text("no")
    (root / "dags/.airflowignore").write_text("old")
    (root / "dags/shared").mkdir()
    (root / "dags/shared/tools.py").write_text("")
    keys = {file.key for file in files_of(topology, root)}
    assert {"dags/.airflowignore", "dags/shared/tools.py"} <= keys
    assert not [key for key in keys if "pycache" in key or "secret" in key]


@pytest.mark.parametrize("path", ["data/ml_train_data.csv", "requirements.txt", "dags"])
def test_a_missing_file_is_named(path: str, topology: Topology, root: Path) -> None:
    target = root / path
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    with pytest.raises(InputError, match=re.escape(path)) as error:
        files_of(topology, root)
    assert error.value.place.file == str(target)


def test_a_missing_function_is_named(topology: Topology, root: Path) -> None:
    (root / "jobs/lambda_/dagcleanup.py").unlink()
    with pytest.raises(InputError, match=r"dagcleanup\.py"):
        lambda_sources(topology, root)


def test_requirements_must_pin_the_wheel_that_goes_along(topology: Topology, root: Path) -> None:
    (root / "requirements.txt").write_text("--find-links /x\ncrosswind==9.9.9\n")
    with pytest.raises(InputError, match=r"crosswind==9\.9\.9") as error:
        files_of(topology, root)
    assert error.value.place.line == 2
