"""What goes wrong is said clearly: the step, the account, the Region, the cause."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from crosswind.cli import wire
from crosswind.errors import RunError
from tests.local.first_light.conftest import FirstLight

HUB, DATA = "111111111111", "222222222222"
EAST, WEST = "us-east-1", "us-west-2"


@contextmanager
def replaced(first_light: FirstLight, region: str, bucket: str, key: str, content: bytes) -> Iterator[None]:
    """An object with other content, put back afterwards."""
    s3 = first_light.administrator.client("s3", DATA, region)
    before = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    try:
        yield
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=before)


def run(first_light: FirstLight) -> str:
    """Run the pipelines, and give the text of the failure."""
    with pytest.raises(RunError) as caught:
        wire.pipeline_runs(first_light.topology, first_light.sessions, lambda _: None).run(300)
    return str(caught.value)


def test_a_failing_glue_script_is_named_with_its_own_words(first_light: FirstLight) -> None:
    bucket = first_light.names.bucket("source")
    script = b"raise ValueError('the penguins have left')\n"
    with replaced(first_light, EAST, bucket, "scripts/mwaa_glue_raw_to_transform.py", script):
        text = run(first_light)
    assert f"task mwaa_glue_raw_to_transform (attempt 2) failed in account {DATA}, {EAST}" in text
    assert "the penguins have left" in text


def test_a_failing_training_is_named_with_its_reason(first_light: FirstLight) -> None:
    bucket = first_light.names.bucket("destination")
    key = "config/penguins_training.json"
    s3 = first_light.administrator.client("s3", DATA, WEST)
    config = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert b'"num_round"' in config
    with replaced(first_light, WEST, bucket, key, config.replace(b'"num_round"', b'"rounds"')):
        text = run(first_light)
    # No second try: SageMaker says that the configuration is at fault, which nothing mends by itself.
    assert f"task train (attempt 1) failed in account {DATA}, {WEST}" in text
    assert "num_round" in text


def test_a_denied_task_shows_the_reason_in_its_log(first_light: FirstLight) -> None:
    iam = first_light.administrator.client("iam", DATA, EAST)
    role = first_light.names.role("cross-account")
    trust = json.dumps(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
    assert trust.count("unified-pipelines-hub") == 1
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust.replace("unified-pipelines-hub", "another-hub"))
    try:
        text = run(first_light)
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    assert "is not authorized to perform: sts:AssumeRole on resource: " in text
    logs = first_light.administrator.client("logs", HUB, EAST)
    events = logs.filter_log_events(logGroupName=f"airflow-{first_light.names.environment}-Task")["events"]
    log = "\n".join(str(json.loads(event["message"])["event"]) for event in events)
    assert "WHY   cross-account: both sides must allow" in log
    assert (
        'condition StringEquals sts:ExternalId: policy wants "another-hub", request carries "unified-pipelines-hub"'
        in log
    )
    denied = first_light.process.decision()
    assert denied is not None
    assert denied["decisions"][0]["explanation"]["owner"] == DATA
