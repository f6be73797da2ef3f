"""Environments that cannot be: each says why, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from crosswind.local.mwaa.airflow import session_members
from tests.local.mwaa.conftest import ACCOUNT, Hub, until


def refused(hub: Hub, **changes: Any) -> str:
    with pytest.raises(hub.mwaa.exceptions.ValidationException) as caught:
        hub.mwaa.create_environment(**hub.parameters("never", **changes))
    assert "never" not in hub.mwaa.list_environments()["Environments"]
    return str(caught.value)


def test_a_bucket_that_is_not_there(hub: Hub):
    assert "no-such-bucket" in refused(hub, SourceBucketArn="arn:aws:s3:::no-such-bucket")


def test_a_bucket_without_versioning(hub: Hub):
    hub.client("s3").create_bucket(Bucket="plain-bucket")
    assert "versioning" in refused(hub, SourceBucketArn="arn:aws:s3:::plain-bucket")


def test_a_bucket_open_to_the_public(hub: Hub):
    s3 = hub.client("s3")
    s3.create_bucket(Bucket="open-bucket")
    s3.put_bucket_versioning(Bucket="open-bucket", VersioningConfiguration={"Status": "Enabled"})
    assert "public access" in refused(hub, SourceBucketArn="arn:aws:s3:::open-bucket")


def test_a_role_that_is_not_there(hub: Hub):
    assert "role/nobody" in refused(hub, ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody")


def test_a_role_of_another_account(hub: Hub):
    assert "222222222222" in refused(hub, ExecutionRoleArn="arn:aws:iam::222222222222:role/mwaa-execution")


def test_what_is_not_there_is_not_found(hub: Hub):
    for call in (hub.mwaa.get_environment, hub.mwaa.delete_environment, hub.mwaa.create_cli_token):
        with pytest.raises(hub.mwaa.exceptions.ResourceNotFoundException):
            call(Name="nothing")


def test_requirements_that_cannot_be_installed(hub: Hub):
    version = hub.put("requirements.txt", b"no-such-package-as-this==1\n")
    more = {"RequirementsS3Path": "requirements.txt", "RequirementsS3ObjectVersion": version}
    hub.mwaa.create_environment(**hub.parameters("failing", **more))
    with pytest.raises(hub.mwaa.exceptions.ValidationException, match="exists already"):
        hub.mwaa.create_environment(**hub.parameters("failing", **more))
    found = hub.settled("failing")
    assert found["Status"] == "CREATE_FAILED"
    assert found["LastUpdate"]["Status"] == "FAILED"
    assert found["LastUpdate"]["Error"]["ErrorCode"] == "INCORRECT_CONFIGURATION"
    assert "no-such-package-as-this" in found["LastUpdate"]["Error"]["ErrorMessage"]
    with pytest.raises(hub.mwaa.exceptions.ResourceNotFoundException, match="CREATE_FAILED"):
        hub.rest("failing", "GET", "/version")
    hub.mwaa.delete_environment(Name="failing")
    until(lambda: "failing" not in hub.mwaa.list_environments()["Environments"], 20)


def test_a_version_of_an_object_that_is_not_there(hub: Hub):
    hub.put("plugins.zip", b"")
    more = {"PluginsS3Path": "plugins.zip", "PluginsS3ObjectVersion": "11111111-2222-3333-4444-555555555555"}
    hub.mwaa.create_environment(**hub.parameters("versionless", **more))
    found = hub.settled("versionless")
    assert found["Status"] == "CREATE_FAILED"
    assert "plugins.zip" in found["LastUpdate"]["Error"]["ErrorMessage"]
    hub.mwaa.delete_environment(Name="versionless")


def test_an_airflow_that_does_not_come_up(hub: Hub):
    options = {"api.ssl_cert": "/no/such.pem", "api.ssl_key": "/no/such.key"}
    hub.mwaa.create_environment(**hub.parameters("stillborn", AirflowConfigurationOptions=options))
    found = hub.settled("stillborn")
    assert found["Status"] == "CREATE_FAILED"
    message = found["LastUpdate"]["Error"]["ErrorMessage"]
    assert "Airflow ended while it started" in message
    assert "/no/such" in message  # the component's own words
    hub.mwaa.delete_environment(Name="stillborn")


WORLD = """
import sys, time
from pathlib import Path
from tests.local.mwaa import conftest

class Folders:
    def mktemp(self, name):
        return Path(sys.argv[1])

fixture = conftest.hub.__wrapped__(Folders())
hub = next(fixture)
hub.mwaa.create_environment(**hub.parameters("orphan"))
assert hub.settled("orphan")["Status"] == "AVAILABLE"
print(hub.service._environments["111111111111", "us-east-1", "orphan"].airflow().pid, flush=True)
time.sleep(300)
"""


def test_a_world_that_is_killed_takes_its_airflow_along(tmp_path: Path):
    root = Path(__file__).parents[3]
    script = tmp_path / "world.py"
    script.write_text(textwrap.dedent(WORLD))
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'src'}"}
    world = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert world.stdout
        session = int(world.stdout.readline())
        assert len(session_members(session)) > 4
    finally:
        world.kill()
        world.wait(10)
    until(lambda: session_members(session) == [], 15)
