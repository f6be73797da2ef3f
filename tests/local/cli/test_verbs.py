"""The verbs as a user types them: output, exit codes, and that bad input changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from crosswind.cli import wire


def crosswind(*arguments: str, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "crosswind.cli", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example, to break."""
    folder = tmp_path / "project"
    shutil.copytree(wire.example().parent, folder)
    return folder


def edit(project: Path, old: str, new: str) -> int:
    """Replace a text in the topology file; the line it was on."""
    file = project / "crosswind.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_validate_says_what_the_example_holds(project: Path) -> None:
    done = crosswind("validate", cwd=project)
    assert done.returncode == 0
    assert "topology unified-pipelines is valid: 2 accounts, 2 sites" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    type: glue\n", "    type: glue\n    nodes: 3\n", "nodes"),
        ("site: ml\n    config", "site: mll\n    config", 'site "mll" is not declared; declared: ml, processing'),
        ("{account: data, region: us-west-2", "{account: dada, region: us-west-2", 'account "dada" is not declared'),
        ("reads: [destination/transformed]", "reads: [source/raw]", "nothing brings"),
        ("source: {site: processing,", "source: {site: processing, versioning: false,", "versioning"),
        ("script: jobs/glue/mwaa_glue_raw_to_transform.py", "script: jobs/glue/gone.py", "jobs/glue/gone.py"),
    ],
    ids=["unknown key", "site", "account", "nothing brings it", "versioning", "missing script"],
)
@pytest.mark.parametrize("verb", [("validate",), ("synth",), ("deploy", "--yes")], ids=lambda verb: verb[0])
def test_bad_input_is_refused_with_its_line(
    project: Path, verb: tuple[str, ...], old: str, new: str, expected: str
) -> None:
    edit(project, old, new)
    done = crosswind(*verb, cwd=project)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error [CW101] crosswind.yaml:" in done.stderr
    assert expected in done.stderr
    assert "next:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [b"{not json", b"[]", b"\xff\xfe", b""], ids=["broken", "list", "bytes", "empty"])
def test_a_training_configuration_that_is_no_json_object_is_refused(project: Path, content: bytes) -> None:
    (project / "jobs/sagemaker/penguins_training.json").write_bytes(content)
    done = crosswind("validate", cwd=project)
    assert done.returncode == 2
    assert "jobs.penguins_training.config: jobs/sagemaker/penguins_training.json is not the JSON of a" in done.stderr


def test_the_line_of_a_fault_is_right(project: Path) -> None:
    line = edit(project, "  ml: {account: data, region: us-west-2", "  ml: {account: dada, region: us-west-2")
    done = crosswind("validate", cwd=project)
    assert f"crosswind.yaml:{line} sites.ml.account" in done.stderr


def test_a_fault_as_json(project: Path) -> None:
    edit(project, "site: ml\n    config", "site: mll\n    config")
    done = crosswind("validate", "--output", "json", cwd=project)
    assert done.returncode == 2
    fault = json.loads(done.stdout)["errors"][0]
    assert (fault["code"], fault["path"]) == ("CW101", "jobs.penguins_training.site")
    assert fault["line"] > 0
    assert fault["next"]


def test_a_missing_topology_file_is_bad_input(tmp_path: Path) -> None:
    done = crosswind("validate", cwd=tmp_path)
    assert done.returncode == 2
    assert "crosswind.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_synth_writes_every_template(project: Path, tmp_path: Path) -> None:
    done = crosswind("synth", "--out", str(tmp_path / "templates"), cwd=project)
    assert done.returncode == 0
    written = sorted(path.relative_to(tmp_path / "templates") for path in tmp_path.glob("templates/*/*/*.json"))
    assert {str(path.parent) for path in written} == {
        "111111111111/us-east-1",
        "222222222222/us-east-1",
        "222222222222/us-west-2",
    }


def test_a_verb_for_a_world_that_is_not_there_says_how_to_start_one(project: Path) -> None:
    done = crosswind("deploy", "--local", "--yes", cwd=project)
    assert done.returncode == 1
    assert "CW502" in done.stderr
    assert "crosswind local up" in done.stderr


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = crosswind("local", "up", "--port", str(port), cwd=tmp_path)
    assert done.returncode == 1
    assert f"CW501] port {port} on 127.0.0.1 is taken" in done.stderr


def test_a_world_comes_up_answers_and_goes(tmp_path: Path) -> None:
    up = crosswind("local", "up", "--port", "0", "--output", "json", cwd=tmp_path)
    assert up.returncode == 0, up.stderr
    try:
        assert json.loads(up.stdout)["endpoint"].startswith("http://127.0.0.1:")
        twice = crosswind("local", "up", "--port", "0", cwd=tmp_path)
        assert twice.returncode == 1
        assert "runs already" in twice.stderr
        exported = crosswind("local", "env", "--account", "333333333333", cwd=tmp_path)
        assert "export AWS_ACCESS_KEY_ID=333333333333" in exported.stdout
        status = crosswind("local", "status", "--output", "json", cwd=tmp_path)
        assert json.loads(status.stdout)["endpoint"] == json.loads(up.stdout)["endpoint"]
        assert (tmp_path / ".crosswind").stat().st_mode & 0o777 == 0o700
    finally:
        down = crosswind("local", "down", cwd=tmp_path)
    assert down.returncode == 0
    assert crosswind("local", "status", cwd=tmp_path).returncode == 1
