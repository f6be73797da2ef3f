"""`crosswind synth --explain`: a role's statements with what needs them, for people, programs and completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from click.testing import Result
from typer.testing import CliRunner

from crosswind.cli.main import app
from crosswind.errors import TopologyError, UsageError
from tests.golden.regenerate import TOPOLOGIES

FILE = str(TOPOLOGIES["unified_pipelines"])


def synth(*words: str) -> Result:
    return CliRunner().invoke(app, ["synth", "-f", FILE, *words])


def test_a_role_is_explained() -> None:
    done = synth("--explain", "dagcleanup")
    assert done.exit_code == 0, done.output
    printed = done.stdout.splitlines()
    assert printed[0] == "unified-pipelines-lambda-dagcleanup in 222222222222, for dagcleanup"
    assert any(line.endswith(" 222222222222/us-west-2/unified-pipelines-site-ml.json") for line in printed)
    assert any(line.endswith(" jobs.dagcleanup.deletes[1]") for line in printed)
    assert "            deletes from destination/transformed" in printed


def test_it_is_as_data() -> None:
    done = synth("--explain", "deployer", "--output", "json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["schema_version"] == 1
    assert [each["account"] for each in told["roles"]] == ["111111111111", "222222222222"]
    assert all(each["statements"] for each in told["roles"])


def test_an_unknown_role_is_refused() -> None:
    done = synth("--explain", "nobody")
    assert isinstance(done.exception, UsageError)
    assert "there is no role nobody; known: dagcleanup, hub, ml" in str(done.exception)


def test_it_writes_no_templates() -> None:
    done = synth("--explain", "hub", "--out", "templates")
    assert isinstance(done.exception, UsageError)


def test_faults_of_the_topology_come_first(tmp_path: object) -> None:
    file = f"{tmp_path}/crosswind.yaml"
    with open(file, "w") as opened:
        opened.write("version: 1\nname: x\n")
    done = CliRunner().invoke(app, ["synth", "-f", file, "--explain", "hub"])
    assert isinstance(done.exception, TopologyError)


def completed(words: str, **environment: str) -> list[str]:
    """What bash is offered for the last word."""
    env = {**os.environ, "_CROSSWIND_COMPLETE": "complete_bash", "COMP_WORDS": words, **environment}
    env["COMP_CWORD"] = str(len(words.split(" ")) - 1)
    code = "import sys; sys.argv[0] = 'crosswind'; from crosswind.cli.main import app; app(prog_name='crosswind')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.split()


def test_roles_are_completed() -> None:
    assert completed(f"crosswind synth -f {FILE} --explain unified-pipelines-st") == [
        "unified-pipelines-stackset-administration",
        "unified-pipelines-stackset-execution",
    ]
    assert completed("crosswind synth --explain dag", CROSSWIND_FILE=FILE) == ["dagcleanup"]


def test_nothing_is_completed_where_there_is_no_topology() -> None:
    assert completed("crosswind synth -f /nowhere/crosswind.yaml --explain x") == []
