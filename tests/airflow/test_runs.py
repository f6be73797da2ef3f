"""Both DAGs run, task by task, through Airflow's own task runner, against moto.

Templates, XComs, the guard, the Asset's extra and the deferrals are Airflow's; what the jobs would write is put
there beforehand, since moto runs no job.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from airflow import __version__
from airflow.models.asset import AssetActive, AssetModel
from airflow.utils import db
from airflow.utils.session import create_session

from crosswind.airflow import run_name
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, SPOKE
from tests.airflow.test_dags import DATA, ML, parsed
from tests.airflow.test_operator import CONFIG

SOURCE = f"unified-pipelines-source-{SPOKE}-us-east-1"
DESTINATION = f"unified-pipelines-destination-{SPOKE}-us-west-2"
PREFIX = "transformed/r-1/"
KEYS = [f"{PREFIX}train/part-0.csv", f"{PREFIX}validation/part-0.csv"]


@pytest.fixture(scope="module")
def _database() -> None:
    db.initdb()
    if __version__.startswith("3.0."):  # there `dag.test` leaves it to the scheduler to register an Asset
        asset = {"name": "unified-pipelines/transformed", "uri": "unified-pipelines/transformed"}
        with create_session() as session:
            session.add_all([AssetModel(group="asset", **asset), AssetActive(**asset)])


@pytest.fixture
def bag(_database: None, dags_folder: Path) -> Any:
    # Parsed for each test: a run leaves its parameters in the DAG.
    return parsed(dags_folder)


@pytest.fixture
def sites(aws: RecordedAws) -> RecordedAws:
    """The example's two sites, as deployed, with raw data."""
    east, west = aws.client("s3", "us-east-1"), aws.client("s3", "us-west-2")
    east.create_bucket(Bucket=SOURCE)
    west.create_bucket(Bucket=DESTINATION, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    east.put_object(Bucket=SOURCE, Key="raw/ml_train_data.csv", Body=b"species\n")
    config = json.dumps(CONFIG).replace("s3://destination/", f"s3://{DESTINATION}/")
    west.put_object(Bucket=DESTINATION, Key="config/penguins_training.json", Body=config.encode())
    role = f"arn:aws:iam::{SPOKE}:role/glue"
    aws.client("glue", "us-east-1").create_job(Name="mwaa_glue_raw_to_transform", Role=role, Command={})
    aws.client("iam", "us-east-1").create_role(RoleName="lambda", AssumeRolePolicyDocument="{}")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("index.py", "def handler(event, context): return event")
    aws.client("lambda", "us-west-2").create_function(
        FunctionName="dagcleanup",
        Runtime="python3.12",
        Role=f"arn:aws:iam::{SPOKE}:role/lambda",
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return aws


def hand_over(aws: RecordedAws, bucket: str, region: str, prefix: str) -> None:
    """Put what the Glue job writes."""
    keys = [key.replace(PREFIX, prefix) for key in KEYS]
    manifest = {"schema_version": 1, "prefix": prefix, "keys": keys}
    s3 = aws.client("s3", region)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"0,1\n")
    s3.put_object(Bucket=bucket, Key=f"{prefix}manifest.json", Body=json.dumps(manifest).encode())


def states(run: Any) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def task_calls(aws: RecordedAws) -> list[Any]:
    return [call for call in aws.calls if call.access_key != "setup"]


def test_data_processing_publishes_the_prefix_that_glue_used(bag: Any, sites: RecordedAws) -> None:
    dag = bag.dags[DATA]
    # dag.test makes the run's id itself; glue runs before publish, so its prefix can be served when asked for.
    sites.calls.clear()
    sites.script("StartJobRun", {"JobRunId": "jr_1"})
    prefix = f"transformed/{run_name('any', 3)}/"
    run = {"Id": "jr_1", "JobName": "x", "JobRunState": "SUCCEEDED", "Arguments": {"--prefix": prefix}}
    sites.script("GetJobRun", {"JobRun": run})
    hand_over(sites, SOURCE, "us-east-1", prefix)

    finished = dag.test()

    assert states(finished) == dict.fromkeys(dag.task_ids, "success")
    (started,) = sites.made("glue", "StartJobRun")
    arguments = started.parameters["Arguments"]
    assert arguments == {
        "--bucket": SOURCE,
        "--input": "raw/ml_train_data.csv",
        "--prefix": f"transformed/{run_name(finished.run_id, 1)}/",
    }
    assert any(call.action == f"GET /{SOURCE}/{prefix}manifest.json" for call in sites.made("s3"))


def test_machine_learning_by_hand(bag: Any, sites: RecordedAws) -> None:
    hand_over(sites, SOURCE, "us-east-1", PREFIX)
    hand_over(sites, DESTINATION, "us-west-2", PREFIX)
    sites.calls.clear()

    finished = bag.dags[ML].test(run_conf={"prefix": PREFIX})

    assert states(finished) == dict.fromkeys(bag.dags[ML].task_ids, "success")
    looked = [call.action for call in sites.made("s3") if call.action.startswith("HEAD /unified-pipelines-dest")]
    assert {f"HEAD /{DESTINATION}/{key}" for key in [*KEYS, f"{PREFIX}manifest.json"]} <= set(looked)
    (trained,) = sites.made("sagemaker", "CreateTrainingJob")
    assert f"s3://{DESTINATION}/{PREFIX}train/" in json.dumps(trained.parameters)
    regions = {call.service: call.region for call in task_calls(sites) if call.service in ("sagemaker", "lambda")}
    assert regions == {"sagemaker": "us-west-2", "lambda": "us-west-2"}
    (invoked,) = sites.made("lambda", "POST /2015-03-31/functions/dagcleanup/invocations")
    assert invoked.parameters == {
        "run": "r-1",
        "folders": [
            {"bucket": SOURCE, "prefix": PREFIX, "region": "us-east-1"},
            {"bucket": DESTINATION, "prefix": PREFIX, "region": "us-west-2"},
        ],
    }
    # No call came with the hub's own credentials, except the one that leaves them.
    assert {call.action for call in sites.calls if call.access_key == "111111111111"} == {"AssumeRole"}


def test_machine_learning_by_hand_without_data(bag: Any, sites: RecordedAws) -> None:
    sites.calls.clear()
    finished = bag.dags[ML].test()
    assert states(finished)["select"] == "failed"
    assert states(finished)["train"] == "upstream_failed"
    assert sites.calls == []


def test_an_unknown_connection_calls_nothing(bag: Any, sites: RecordedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"AIRFLOW_CONN_{EAST.upper()}")
    sites.calls.clear()
    bag.dags[DATA].get_task("wait_for_raw_data").retries = 0
    finished = bag.dags[DATA].test()
    assert states(finished)["wait_for_raw_data"] == "failed"
    assert sites.calls == []
