"""Training on a folder that is read in place: its bucket is of another account, and only that account tells of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from crosswind.airflow import CrossAccountSageMakerTrainingOperator as Training
from crosswind.airflow import TopologyNames, load_topology
from crosswind.airflow.compat import AirflowFailException
from crosswind.airflow.context import owner_of
from crosswind.airflow.handover import lineage
from crosswind.airflow.handover.model import Arrival
from crosswind.airflow.handover.objects import version_of
from crosswind.airflow.owner import Attempt
from crosswind.airflow.settings import Site
from tests.airflow import scene
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EXAMPLE, SPOKE, connection
from tests.airflow.tasks import context, deferred, event_of, finish

LAB, LAB_CONNECTION = "333333333333", "science_lab"
BUCKET = f"unified-pipelines-lab-{LAB}-us-east-1"
JOB = Attempt(owner_of(context()), 1).name
MODEL = f"models/{JOB}/output/model.tar.gz"
CONFIG = EXAMPLE / "jobs/sagemaker/penguins_training.json"


class SetupClients:
    """The laboratory's, with set-up credentials."""

    def __init__(self, aws: RecordedAws) -> None:
        self._aws = aws
        self.target = scene.SetupClients(aws, "us-east-1").target

    def client(self, service: str) -> Any:
        return self._aws.client(service, "us-east-1", LAB)


@pytest.fixture
def names(dags_folder: object, monkeypatch: pytest.MonkeyPatch) -> TopologyNames:
    """The example, and a laboratory in a third account: it trains there on what the processing site holds."""
    role = f"arn:aws:iam::{LAB}:role/cross-account"
    monkeypatch.setenv(f"AIRFLOW_CONN_{LAB_CONNECTION.upper()}", connection(role_arn=role))
    declared = load_topology(f"{dags_folder}/any.py")
    lab = Site("lab", LAB, "us-east-1", LAB_CONNECTION)
    source = declared.buckets["source"]
    trains = replace(declared.jobs["penguins_training"], site=lab, config_bucket=BUCKET, config_key="config/train.json")
    shared = replace(
        declared.replications["transformed"], destination=source, mover="in-place", repair=False, failures=None
    )
    return replace(
        declared,
        sites={**declared.sites, "lab": lab},
        buckets={**declared.buckets, "lab": replace(source, name=BUCKET, account=LAB)},
        jobs={**declared.jobs, "penguins_training": trains},
        replications={"transformed": shared},
    )


@pytest.fixture
def arrival(aws: RecordedAws, names: TopologyNames, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the sensor hands on of a handover that nothing moves. From here on no account sees another one's buckets."""
    scene.make_sites(aws)
    reference = scene.hand_over(aws)
    east, lab = aws.client("s3", "us-east-1"), aws.client("s3", "us-east-1", LAB)
    keys = sorted(f"{scene.PREFIX}{name}" for name in scene.FILES)
    versions = [version_of(key, east.head_object(Bucket=scene.SOURCE, Key=key, ChecksumMode="ENABLED")) for key in keys]
    lab.create_bucket(Bucket=BUCKET)
    lab.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    config = CONFIG.read_text()
    for placeholder, value in {
        "s3://${DestinationBucketName}/${prefix}": f"s3://{scene.SOURCE}/${{prefix}}",
        "${DestinationBucketName}": BUCKET,
        "${SageMakerRoleArn}": f"arn:aws:iam::{LAB}:role/sm",
        "${XGBoostImage}": "xgboost:1",
    }.items():
        config = config.replace(placeholder, value)
    lab.put_object(Bucket=BUCKET, Key="config/train.json", Body=config.encode())
    lab.put_object(Bucket=BUCKET, Key=MODEL, Body=b"model")
    aws.calls.clear()
    monkeypatch.setenv("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")
    proof = Arrival(reference, scene.SOURCE, SPOKE, "us-east-1", tuple(versions), 0.5)
    return json.loads(json.dumps(proof.document()))  # as XCom gives it


def operator(names: TopologyNames, arrival: Any) -> Any:
    return Training(task_id="train", names=names, arrival=arrival, job="penguins_training", check_interval=0.01)


def overwrite(aws: RecordedAws) -> str:
    """Put another version on top of what was handed over; its id."""
    key = f"{scene.PREFIX}train/part-0.csv"
    return str(aws.client("s3", "us-east-1").put_object(Bucket=scene.SOURCE, Key=key, Body=b"other")["VersionId"])


def records(aws: RecordedAws) -> list[str]:
    """The keys below models/ but for the model itself."""
    listed = aws.client("s3", "us-east-1", LAB).list_objects_v2(Bucket=BUCKET, Prefix="models/")
    return [each["Key"] for each in listed["Contents"] if each["Key"] != MODEL]


def test_the_owner_of_the_data_verifies_it_and_the_job_runs_elsewhere(
    aws: RecordedAws, names: TopologyNames, arrival: Any
) -> None:
    result = finish(lambda: operator(names, arrival), context())

    assert result["model_artifact"] == f"s3://{BUCKET}/{MODEL}"
    (call,) = aws.made("sagemaker", "CreateTrainingJob")
    assert f"s3://{scene.SOURCE}/{scene.PREFIX}train/" in json.dumps(call.parameters["InputDataConfig"])
    assert f"arn:aws:sagemaker:us-east-1:{LAB}:" in result["job_arn"]
    document = lineage.walk(SetupClients(aws), result["model_artifact"]).document
    assert document["replication"] | {"seconds": 0} == {
        "mover": "in-place",
        "bucket": scene.SOURCE,
        "account": SPOKE,
        "region": "us-east-1",
        "versions": document["handover"]["versions"],
        "seconds": 0,
        "superseded": [],
    }
    assert document["handover"]["account"] == SPOKE
    assert records(aws) == [MODEL.replace("model.tar.gz", "lineage.json")]
    # One session for each account: the data's owner's and the job's.
    roles = [call.parameters["RoleArn"] for call in aws.made("sts", "AssumeRole")]
    assert sorted(role for role in roles if "/setup" not in role) == [
        f"arn:aws:iam::{account}:role/cross-account" for account in (SPOKE, LAB)
    ]


def test_another_version_before_the_job_starts_nothing(aws: RecordedAws, names: TopologyNames, arrival: Any) -> None:
    found = overwrite(aws)
    with pytest.raises(AirflowFailException, match=f"train/part-0.csv: expected .*, found {found}"):
        operator(names, arrival).execute(context())
    assert aws.made("sagemaker", "CreateTrainingJob") == []


def test_another_version_after_the_job_fails_the_model_for_good(
    aws: RecordedAws, names: TopologyNames, arrival: Any
) -> None:
    event = event_of(deferred(operator(names, arrival), context()).trigger)
    found = overwrite(aws)
    with pytest.raises(AirflowFailException, match=f"train/part-0.csv: expected .*, found {found}"):
        operator(names, arrival).execute_complete(context(), event)
    assert records(aws) == []


def test_data_in_another_region_is_refused(aws: RecordedAws, names: TopologyNames, arrival: Any) -> None:
    west = replace(names.jobs["penguins_training"].site, region="us-west-2")
    there = replace(names, jobs={"penguins_training": replace(names.jobs["penguins_training"], site=west)})
    with pytest.raises(
        AirflowFailException,
        match=r"arrived in .*us-east-1; the job runs in .*us-west-2, and SageMaker reads in its own Region alone",
    ):
        operator(there, arrival).execute(context())
    assert aws.made("sagemaker", "CreateTrainingJob") == []


def test_what_was_brought_to_another_account_is_not_read_in_place(
    aws: RecordedAws, names: TopologyNames, arrival: Any
) -> None:
    """A copy at a third place: no mover in place leads from there to the job, so its role may not read it."""
    with pytest.raises(AirflowFailException, match=f"arrived in account {SPOKE}.* job runs in account {LAB}"):
        operator(names, arrival | {"bucket": scene.DESTINATION}).execute(context())
    assert aws.made("sagemaker", "CreateTrainingJob") == []
