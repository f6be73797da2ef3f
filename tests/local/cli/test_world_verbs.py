"""The verbs around the local world: bad input, JSON, a world that was killed, a key that was pressed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local.cli.test_verbs import crosswind, project

__all__ = ["project"]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "444444444444"}}],
    }
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder in which a world runs, and its endpoint."""
    folder = tmp_path_factory.mktemp("world")
    up = crosswind("local", "up", "--port", "0", "-o", "json", cwd=folder)
    yield folder, json.loads(up.stdout)["endpoint"]
    crosswind("local", "down", cwd=folder)


def processes_of(folder: Path) -> list[int]:
    """The processes whose command line names a folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if str(folder).encode() in words:
            found.append(int(each.parent.name))
    return found


def nothing_runs(folder: Path) -> bool:
    """Whether all processes of a folder end within some seconds."""
    pause, deadline = threading.Event(), time.monotonic() + 15
    while processes_of(folder) and time.monotonic() < deadline:
        pause.wait(0.1)
    return not processes_of(folder)


def iam_as(endpoint: str, key: str, secret: str = "local") -> Any:
    return boto3.client(
        "iam", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key,
        aws_secret_access_key=secret, config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def test_env_of_an_account_and_of_a_role(world: tuple[Path, str]) -> None:
    folder, endpoint = world
    iam = iam_as(endpoint, "444444444444")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)
    root = json.loads(crosswind("local", "env", "--account", "444444444444", "-o", "json", cwd=folder).stdout)
    assert root["environment"]["AWS_ACCESS_KEY_ID"] == "444444444444"
    done = crosswind("local", "env", "--account", "444444444444", "--role", "reader", cwd=folder)
    exported = dict(line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines())
    assert exported["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert exported["AWS_ENDPOINT_URL"] == endpoint
    gone = crosswind("local", "env", "--account", "444444444444", "--role", "writer", cwd=folder)
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "there is no role arn:aws:iam::444444444444:role/writer" in gone.stderr
    assert "roles of 444444444444: reader" in gone.stderr


def test_why_and_decisions_tell_of_a_denial(world: tuple[Path, str]) -> None:
    folder, endpoint = world
    root = iam_as(endpoint, "444444444444")
    root.create_user(UserName="idle")
    key = root.create_access_key(UserName="idle")["AccessKey"]
    with pytest.raises(ClientError) as caught:
        iam_as(endpoint, key["AccessKeyId"], key["SecretAccessKey"]).list_roles()
    response = caught.value.response
    request = response["ResponseMetadata"]["RequestId"]
    shown = crosswind("local", "decisions", "--denied", "-o", "json", cwd=folder).stdout
    (row,) = [each for each in map(json.loads, shown.splitlines()) if each["request_id"] == request]
    assert (row["action"], row["effect"]) == ("iam:ListRoles", "ImplicitDeny")
    why = crosswind("why", request, cwd=folder)
    assert (why.returncode, why.stdout) == (0, crosswind("why", "--last", cwd=folder).stdout)
    assert response["Error"]["Message"] in why.stdout.splitlines()
    assert "MISS" in why.stdout
    told = json.loads(crosswind("why", request, "-o", "json", cwd=folder).stdout)
    assert (told["schema_version"], told["request"]["id"], told["allowed"]) == (1, request, False)
    assert told["decisions"][0]["explanation"]["sentence"] == response["Error"]["Message"]


def test_what_env_prints_is_safe_to_evaluate(world: tuple[Path, str]) -> None:
    done = crosswind("local", "env", "--account", "444444444444", "--region", "x; touch $(id)", cwd=world[0])
    assert f"export AWS_REGION={shlex.quote('x; touch $(id)')}\n" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--account", "1234"), "1234 is no account id: it has 4 digits"),
        (("--account", "nobody"), 'account "nobody" is not declared in crosswind.yaml; declared: data, hub'),
        (("--account", "hub", "--role", "arn:aws:iam:role/x"), "no role's name or ARN"),
    ],
)
def test_env_refuses_bad_input(
    project: Path, world: tuple[Path, str], arguments: tuple[str, ...], expected: str
) -> None:
    done = crosswind("local", "env", *arguments, "--state", str(world[0] / ".crosswind"), cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr


def test_an_error_is_json_however_json_was_asked_for(tmp_path: Path) -> None:
    for words in (["-o", "json"], ["--output", "json"], ["--output=json"]):
        done = crosswind("local", "status", *words, cwd=tmp_path)
        assert done.returncode == 1
        assert json.loads(done.stdout)["errors"][0]["code"] == "CW502"


def test_down_as_json(tmp_path: Path) -> None:
    assert json.loads(crosswind("local", "down", "-o", "json", cwd=tmp_path).stdout) == {
        "schema_version": 1,
        "stopped": False,
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("local", "up", "--port", "0", "--state", "file/state"), 1),
        (("synth", "--out", "file"), 1),
        (("deploy", "--yes", "--endpoint-url", "nonsense"), 2),
        (("deploy", "--output", "json", "--endpoint-url", "http://file.example"), 2),
    ],
    ids=["state below a file", "templates below a file", "no URL", "JSON cannot ask"],
)
def test_what_cannot_be_written_or_reached_is_a_message(project: Path, arguments: tuple[str, ...], code: int) -> None:
    (project / "file").touch()
    done = crosswind(*arguments, cwd=project)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    said = done.stderr + done.stdout
    assert "file" in said or "nonsense" in said or "add --yes" in said


def test_a_killed_world_is_forgotten(tmp_path: Path) -> None:
    up = json.loads(crosswind("local", "up", "--port", "0", "-o", "json", cwd=tmp_path).stdout)
    os.kill(up["pid"], signal.SIGKILL)
    assert nothing_runs(tmp_path)
    status = crosswind("local", "status", cwd=tmp_path)
    assert status.returncode == 1
    assert "no local world runs" in status.stderr
    assert "No local world runs here." in crosswind("local", "down", cwd=tmp_path).stdout
    assert crosswind("local", "up", "--port", "0", cwd=tmp_path).returncode == 0
    assert "is stopped" in crosswind("local", "down", cwd=tmp_path).stdout
    assert nothing_runs(tmp_path)


def test_an_end_while_the_world_starts_leaves_no_world(tmp_path: Path) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "crosswind.cli", "local", "up", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr is not None
    assert "start the local world" in started.stderr.readline()
    started.send_signal(signal.SIGTERM)  # the same as Ctrl-C to the command line
    started.communicate(timeout=30)
    assert started.returncode == 130
    assert nothing_runs(tmp_path)
