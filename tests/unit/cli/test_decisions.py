"""`crosswind local decisions`: the last ones, the denials, and all as they come."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crosswind.cli.local import app
from crosswind.errors import WorldDownError
from tests.unit.cli.world import DecidedWorld


def row(number: int, effect: str = "Allow") -> dict[str, Any]:
    return {
        "number": number,
        "request_id": f"request-{number}",
        "time": 1_700_000_000.0 + number,
        "principal": "arn:aws:sts::111111111111:assumed-role/etl/run",
        "account": "222222222222",
        "region": "us-east-1",
        "service": "s3",
        "operation": "GetObject",
        "action": "s3:GetObject",
        "resource": f"arn:aws:s3:::b/{number}",
        "effect": effect,
        "via": "glue" if number == 3 else "",
    }


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DecidedWorld]:
    made = DecidedWorld()
    with made.running(tmp_path):
        yield made


def ask(root: Path, *options: str) -> str:
    done = CliRunner().invoke(app, ["decisions", "--state", str(root), *options], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_the_last_decisions_a_line_each(world: DecidedWorld, tmp_path: Path) -> None:
    world.rows = [row(number, "ImplicitDeny" if number % 4 == 0 else "Allow") for number in range(1, 10)]
    shown = ask(tmp_path, "-n", "5").splitlines()
    assert [line.split()[1] for line in shown] == [f"request-{number}" for number in range(5, 10)]
    assert shown[0].split()[:4] == ["22:13:25.000", "request-5", "Allow", "s3:GetObject"]
    assert "assumed-role/etl/run via glue" in ask(tmp_path)


def test_the_denials_alone(world: DecidedWorld, tmp_path: Path) -> None:
    """Also when a whole page of the log holds none."""
    world.rows = [row(number, "ExplicitDeny" if number in (1, 9) else "Allow") for number in range(1, 10)]
    shown = ask(tmp_path, "--denied")
    assert [line.split()[1] for line in shown.splitlines()] == ["request-1", "request-9"]


def test_json_is_one_line_a_decision(world: DecidedWorld, tmp_path: Path) -> None:
    world.rows = [row(number) for number in range(1, 5)]
    told = [json.loads(line) for line in ask(tmp_path, "--output", "json").splitlines()]
    assert told == [{"schema_version": 1, **each} for each in world.rows]


def test_nothing_was_decided(world: DecidedWorld, tmp_path: Path) -> None:
    assert ask(tmp_path) == "Nothing was decided so far.\n"
    assert ask(tmp_path, "--denied") == "Nothing was denied so far.\n"
    assert ask(tmp_path, "--output", "json") == ""


def test_no_world(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["decisions", "--state", str(tmp_path)])
    assert isinstance(done.exception, WorldDownError)


def test_follow_goes_on_until_it_is_interrupted(world: DecidedWorld, tmp_path: Path) -> None:
    world.rows = [row(1)]
    command = [sys.executable, "-m", "crosswind.cli", "local", "decisions", "--follow", "--state", str(tmp_path)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CROSSWIND_")}
    following = subprocess.Popen([*command, "--output", "json"], stdout=subprocess.PIPE, text=True, env=clean)
    try:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["request_id"] == "request-1"
        world.rows.append(row(2, "ImplicitDeny"))
        assert json.loads(following.stdout.readline())["request_id"] == "request-2"
        following.send_signal(signal.SIGINT)
        assert following.wait(10) == 0
        assert following.stdout.read() == ""
    finally:
        following.kill()
        following.wait()
        if following.stdout:
            following.stdout.close()
