"""The stock AWS CLI against the local world, set up by nothing but `crosswind local env`'s variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from crosswind.local.environment import exports
from tests.local.first_light.conftest import FirstLight

HUB, DATA = "111111111111", "222222222222"
AWS = Path(sys.executable).with_name("aws")


def aws(first_light: FirstLight, account: str, region: str, *arguments: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [str(AWS), *arguments, "--output", "json"],
        env={**clean, **exports(first_light.sessions.endpoint, account, region), "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def answer(first_light: FirstLight, account: str, region: str, *arguments: str) -> Any:
    return json.loads(aws(first_light, account, region, *arguments))


def test_list_stacks(first_light: FirstLight) -> None:
    found = answer(first_light, DATA, "us-east-1", "cloudformation", "list-stacks")["StackSummaries"]
    assert {stack["StackName"] for stack in found} == {
        "unified-pipelines-deployer-data",
        "unified-pipelines-site-processing",
        "unified-pipelines-stacksets-data",
    }


def test_s3_cp_up_and_down(first_light: FirstLight, tmp_path: Path) -> None:
    bucket = first_light.names.bucket("destination")
    (tmp_path / "up").write_bytes(os.urandom(9_000_000))  # over the CLI's threshold: several parts
    aws(first_light, DATA, "us-west-2", "s3", "cp", str(tmp_path / "up"), f"s3://{bucket}/models/cli", "--quiet")
    aws(first_light, DATA, "us-west-2", "s3", "cp", f"s3://{bucket}/models/cli", str(tmp_path / "down"), "--quiet")
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()
    aws(first_light, DATA, "us-west-2", "s3", "rm", f"s3://{bucket}/models/cli", "--quiet")


def test_get_job_runs(first_light: FirstLight) -> None:
    name = "mwaa_glue_raw_to_transform"
    runs = answer(first_light, DATA, "us-east-1", "glue", "get-job-runs", "--job-name", name)["JobRuns"]
    assert "SUCCEEDED" in {run["JobRunState"] for run in runs}


def test_get_environment(first_light: FirstLight) -> None:
    name = first_light.names.environment
    found = answer(first_light, HUB, "us-east-1", "mwaa", "get-environment", "--name", name)["Environment"]
    assert (found["Status"], found["AirflowVersion"]) == ("AVAILABLE", "3.3.1")


def test_the_airflow_cli_by_a_cli_token(first_light: FirstLight) -> None:
    name = first_light.names.environment
    token = answer(first_light, HUB, "us-east-1", "mwaa", "create-cli-token", "--name", name)
    assert token["CliToken"]
    assert token["WebServerHostname"].startswith("127.0.0.1:")


def test_a_failure_reads_as_on_aws(first_light: FirstLight) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [str(AWS), "glue", "get-job", "--job-name", "nobody"],
        env={**clean, **exports(first_light.sessions.endpoint, DATA, "us-east-1")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {254, 255}
    assert "An error occurred (EntityNotFoundException) when calling the GetJob operation" in done.stderr
