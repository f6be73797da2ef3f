"""PublishHandover: what a Glue run really wrote, once, with an Asset event that says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.execution_time.context import OutletEventAccessors

from crosswind.airflow.compat import AirflowFailException
from crosswind.airflow.handover.model import Reference
from crosswind.airflow.operators.handover import PublishHandover
from crosswind.errors import InputError
from tests.airflow import scene
from tests.airflow.aws import RecordedAws
from tests.airflow.scene import FILES, PREFIX, SOURCE
from tests.airflow.tasks import Log

ASSET = Asset("unified-pipelines/transformed")
JOB = "mwaa_glue_raw_to_transform"
PRODUCED = {"job": JOB, "run_id": "jr_1", "prefix": "transformed/somewhere-else/"}


@pytest.fixture
def sites(aws: RecordedAws) -> RecordedAws:
    scene.make_sites(aws)
    scene.write(aws)
    run_is(aws)
    aws.calls.clear()
    return aws


def run_is(aws: RecordedAws, state: str = "SUCCEEDED", **arguments: str) -> None:
    run = {"Id": "jr_1", "JobName": JOB, "JobRunState": state, "Arguments": {"--prefix": PREFIX} | arguments}
    aws.script("GetJobRun", {"JobRun": run})


def operator(folder: Path, **changes: Any) -> PublishHandover:
    kind = type("Heard", (PublishHandover,), {"log": Log()})
    settings = {"task_id": "publish", "replication": "transformed", "produced": PRODUCED, "outlets": [ASSET]}
    return kind(names=scene.names(folder), **(settings | changes))


def run(task: PublishHandover) -> tuple[Reference, Any]:
    """The reference that the task returns, and what its Asset event carries."""
    events = OutletEventAccessors()
    returned = task.execute(scene.context("publish", outlet_events=events))
    return Reference.of(returned, where="XCom"), events[ASSET].extra


def test_publishes_what_the_run_wrote_below_the_prefix_that_it_really_used(
    sites: RecordedAws, dags_folder: Path
) -> None:
    task = operator(dags_folder)
    reference, extra = run(task)
    assert reference.prefix == PREFIX
    assert extra == reference.document()
    assert (reference.objects, reference.size) == (2, sum(map(len, FILES.values())))
    s3 = sites.client("s3", "us-east-1")
    written = s3.get_object(Bucket=SOURCE, Key=reference.key, VersionId=reference.version_id)["Body"].read().decode()
    for name in FILES:
        version = s3.head_object(Bucket=SOURCE, Key=f"{PREFIX}{name}")["VersionId"]
        assert f'"version_id": "{version}"' in written
        assert version in task.log.text
    assert '"job_run": "jr_1"' in written
    assert "2 objects, 12 bytes" in task.log.text


def test_a_retry_publishes_nothing_new(sites: RecordedAws, dags_folder: Path) -> None:
    first, second = run(operator(dags_folder)), run(operator(dags_folder))
    assert first == second
    listed = sites.client("s3", "us-east-1").list_object_versions(Bucket=SOURCE, Prefix=f"{PREFIX}handover.json")
    assert len(listed["Versions"]) == 1


def test_objects_that_changed_since_are_not_published_again(sites: RecordedAws, dags_folder: Path) -> None:
    run(operator(dags_folder))
    sites.client("s3", "us-east-1").put_object(Bucket=SOURCE, Key=f"{PREFIX}train/part-0.csv", Body=b"other")
    with pytest.raises(AirflowFailException, match="published before with other objects"):
        run(operator(dags_folder))


def test_the_inputs_of_the_run_are_kept(sites: RecordedAws, dags_folder: Path) -> None:
    s3 = sites.client("s3", "us-east-1")
    version = s3.put_object(Bucket=SOURCE, Key="raw/a.csv", Body=b"raw")["VersionId"]
    given = f'[{{"bucket": "{SOURCE}", "key": "raw/a.csv", "version_id": "{version}"}}]'
    run_is(sites, **{"--crosswind-inputs": given})
    reference, _ = run(operator(dags_folder))
    written = s3.get_object(Bucket=SOURCE, Key=reference.key)["Body"].read().decode()
    assert version in written
    assert '"exact": true' in written


def test_airflows_own_glue_operator_returns_a_runs_id(sites: RecordedAws, dags_folder: Path) -> None:
    reference, _ = run(operator(dags_folder, produced="jr_1", job=JOB))
    assert reference.prefix == PREFIX
    (asked,) = sites.made("glue", "GetJobRun")
    assert (asked.parameters["JobName"], asked.parameters["RunId"]) == (JOB, "jr_1")


def test_another_job_says_its_prefix_itself(sites: RecordedAws, dags_folder: Path) -> None:
    reference, _ = run(operator(dags_folder, produced={"prefix": PREFIX}))
    assert reference.prefix == PREFIX
    assert sites.made("glue") == []


@pytest.mark.parametrize(
    ("produced", "says"),
    [
        (None, "produced is None"),
        ("", "produced is ''"),
        ("jr_1", "also job="),
        ({"bucket": "b"}, "neither what a Glue operator returns"),
        ({"prefix": "raw/r-1/"}, "the folder of replication 'transformed' is transformed/"),
        ({"prefix": "transformed/r-9/"}, "there is no manifest"),
    ],
)
@pytest.mark.usefixtures("sites")
def test_what_cannot_be_published_fails_without_another_try(dags_folder: Path, produced: Any, says: str) -> None:
    with pytest.raises(AirflowFailException, match=says):
        run(operator(dags_folder, produced=produced))


@pytest.mark.parametrize("state", ["FAILED", "RUNNING"])
def test_a_run_that_did_not_succeed_is_not_handed_over(sites: RecordedAws, dags_folder: Path, state: str) -> None:
    run_is(sites, state)
    with pytest.raises(AirflowFailException, match=f"is {state}"):
        run(operator(dags_folder))


def test_what_may_pass_is_tried_again(sites: RecordedAws, dags_folder: Path) -> None:
    sites.script("GetJobRun", (500, {"__type": "InternalServiceException", "message": "again"}))
    with pytest.raises(Exception, match="InternalServiceException") as found:
        run(operator(dags_folder))
    assert not isinstance(found.value, AirflowFailException)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"outlets": []}, "announces its handover to nobody"),
        ({"replication": "none"}, "no replication 'none' is declared. Declared: transformed"),
        ({"job": "penguins_training"}, "no glue job 'penguins_training'"),
    ],
)
def test_a_wrong_declaration_is_seen_when_the_dag_is_parsed(
    dags_folder: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        operator(dags_folder, **changes)
