"""The stock AWS CLI against a live edge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.conftest import LiveEdge

AWS = Path(sys.executable).parent / "aws"


class Cli:
    def __init__(self, endpoint: str, account: str, home: Path) -> None:
        self.endpoint, self.account, self.home = endpoint, account, home

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        return subprocess.run(
            [str(AWS), "--endpoint-url", self.endpoint, "--output", "json", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=check,
        )


@pytest.fixture
def aws(live_edge: LiveEdge, tmp_path: Path) -> Cli:
    return Cli(live_edge.endpoint, live_edge.account(), tmp_path)


def test_identity(aws: Cli) -> None:
    assert json.loads(aws("sts", "get-caller-identity").stdout)["Arn"] == f"arn:aws:iam::{aws.account}:root"


def test_copying_files_to_and_from_s3(aws: Cli, tmp_path: Path) -> None:
    url = f"s3://cli-{aws.account}"
    aws("s3", "mb", url)
    small, big = tmp_path / "small name.txt", tmp_path / "big.bin"
    small.write_text("hello")
    big.write_bytes(os.urandom(9 * 1024 * 1024))  # over the CLI's multipart threshold
    for file in (small, big):
        aws("s3", "cp", str(file), f"{url}/in/{file.name}")
    aws("s3", "sync", f"{url}/in", str(tmp_path / "back"))
    for file in (small, big):
        assert (tmp_path / "back" / file.name).read_bytes() == file.read_bytes()
    assert "small name.txt" in aws("s3", "ls", f"{url}/in/").stdout
    aws("s3", "rb", "--force", url)
    assert aws("s3", "ls").stdout == ""


def test_json_and_query_services(aws: Cli) -> None:
    aws("glue", "create-job", "--name", "j", "--role", "r", "--command", "Name=glueetl,ScriptLocation=s3://a/b")
    assert json.loads(aws("glue", "get-job", "--job-name", "j").stdout)["Job"]["Name"] == "j"
    assert json.loads(aws("iam", "list-roles").stdout)["Roles"] == []
    refused = aws("glue", "get-job", "--job-name", "none", check=False)
    assert "EntityNotFoundException" in refused.stderr
    refused = aws("apprunner", "list-services", check=False)
    assert "The local world does not offer apprunner:ListServices" in refused.stderr
