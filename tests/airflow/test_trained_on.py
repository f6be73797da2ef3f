"""Training on an arrival: exactly its versions, before and after; the job and the model tell of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.airflow import CrossAccountSageMakerTrainingOperator as Training
from crosswind.airflow import TopologyNames, load_topology
from crosswind.airflow.compat import AirflowFailException
from crosswind.airflow.context import owner_of
from crosswind.airflow.handover import lineage
from crosswind.airflow.handover.model import Arrival
from crosswind.airflow.handover.movers.copy import SOURCE_VERSION
from crosswind.airflow.handover.objects import version_of
from crosswind.airflow.owner import Attempt
from tests.airflow import scene
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EXAMPLE, SPOKE
from tests.airflow.tasks import context, deferred, event_of, finish

JOB = Attempt(owner_of(context()), 1).name
MODEL = f"models/{JOB}/output/model.tar.gz"
CONFIG = EXAMPLE / "jobs/sagemaker/penguins_training.json"


@pytest.fixture
def names(dags_folder: object) -> TopologyNames:
    return load_topology(f"{dags_folder}/any.py")


@pytest.fixture
def arrival(aws: RecordedAws) -> dict[str, Any]:
    """What the sensor hands on: a handover, published, replicated and proven."""
    scene.make_sites(aws)
    reference = scene.hand_over(aws)
    scene.replicate_all(aws)
    s3 = aws.client("s3", "us-west-2")
    versions = []
    for key in sorted(f"{scene.PREFIX}{name}" for name in scene.FILES):
        versions.append(version_of(key, s3.head_object(Bucket=scene.DESTINATION, Key=key, ChecksumMode="ENABLED")))
    config = CONFIG.read_text().replace("${DestinationBucketName}", scene.DESTINATION)
    config = config.replace("${SageMakerRoleArn}", f"arn:aws:iam::{SPOKE}:role/sm").replace(
        "${XGBoostImage}", "xgboost:1"
    )
    s3.put_object(Bucket=scene.DESTINATION, Key="config/penguins_training.json", Body=config.encode())
    s3.put_object(Bucket=scene.DESTINATION, Key=MODEL, Body=b"model")
    aws.calls.clear()
    proof = Arrival(reference, scene.DESTINATION, SPOKE, "us-west-2", tuple(versions), 5.0, ("transformed/r-0/",))
    return json.loads(json.dumps(proof.document()))  # as XCom gives it


def operator(names: TopologyNames, arrival: Any, **changes: Any) -> Any:
    settings = {"task_id": "train", "job": "penguins_training", "check_interval": 0.01}
    return Training(names=names, arrival=arrival, **(settings | changes))


def overwrite(aws: RecordedAws) -> str:
    """Put another version on top of what has arrived; its id."""
    key = f"{scene.PREFIX}train/part-0.csv"
    return str(aws.client("s3", "us-west-2").put_object(Bucket=scene.DESTINATION, Key=key, Body=b"other")["VersionId"])


def trained(aws: RecordedAws) -> list[Any]:
    return aws.made("sagemaker", "CreateTrainingJob")


def test_a_model_tells_what_it_was_made_from(aws: RecordedAws, names: TopologyNames, arrival: Any) -> None:
    result = finish(lambda: operator(names, arrival), context())

    assert result["model_artifact"] == f"s3://{scene.DESTINATION}/{MODEL}"
    (call,) = trained(aws)
    channels = json.dumps(call.parameters["InputDataConfig"])
    assert f"s3://{scene.DESTINATION}/{scene.PREFIX}train/" in channels
    tags = {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}
    assert tags["crosswind:handover"] == f"s3://{scene.SOURCE}/{scene.PREFIX}"
    assert tags["crosswind:handover-version"] == arrival["reference"]["version_id"]
    assert tags["crosswind:topology"] == "unified-pipelines"
    found = lineage.walk(scene.SetupClients(aws, "us-west-2"), result["model_artifact"])
    assert [step.kind for step in found.steps][:4] == ["model", "training job", "handover", "replication"]
    assert found.document["handover"]["reference"] == arrival["reference"]
    # One session for each of the two targets: the job's, and the source's for its manifest.
    assumed = [call.parameters["RoleSessionName"] for call in aws.made("sts", "AssumeRole")]
    assert len([name for name in assumed if name != "setup"]) == 2


def test_another_version_before_the_job_starts_nothing(aws: RecordedAws, names: TopologyNames, arrival: Any) -> None:
    found = overwrite(aws)
    key = f"{scene.PREFIX}train/part-0.csv"
    with pytest.raises(AirflowFailException, match=f"{key}: expected .*, found {found}"):
        operator(names, arrival).execute(context())
    assert trained(aws) == []


def test_another_version_after_the_job_fails_the_model_for_good(
    aws: RecordedAws, names: TopologyNames, arrival: Any
) -> None:
    event = event_of(deferred(operator(names, arrival), context()).trigger)
    found = overwrite(aws)
    with pytest.raises(AirflowFailException, match=f"train/part-0.csv: expected .*, found {found}"):
        operator(names, arrival).execute_complete(context(), event)
    listed = aws.client("s3", "us-west-2").list_objects_v2(Bucket=scene.DESTINATION, Prefix="models/")
    assert [each["Key"] for each in listed["Contents"]] == [MODEL]  # no record of a model that is none


def test_an_adopted_job_that_read_another_handover_is_refused(
    aws: RecordedAws, names: TopologyNames, arrival: Any
) -> None:
    deferred(operator(names, arrival), context())
    other = json.loads(json.dumps(arrival).replace("transformed/r-1/", "transformed/r-2/"))
    scene.hand_over(aws, "transformed/r-2/")
    scene.replicate_all(aws, "transformed/r-2/")
    with pytest.raises(AirflowFailException, match=r"channel train reads s3://.*/transformed/r-1/train/"):
        finish(lambda: operator(names, other), context(try_number=2))
    assert len(trained(aws)) == 1


def configure(aws: RecordedAws, *uris: str) -> None:
    """Let the job's channels read these."""
    s3, key = aws.client("s3", "us-west-2"), "config/penguins_training.json"
    request = json.loads(s3.get_object(Bucket=scene.DESTINATION, Key=key)["Body"].read())
    sources = ({"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}} for uri in uris)
    request["InputDataConfig"] = [{"ChannelName": f"c{n}", "DataSource": source} for n, source in enumerate(sources)]
    s3.put_object(Bucket=scene.DESTINATION, Key=key, Body=json.dumps(request).encode())


@pytest.mark.parametrize(
    ("uris", "stray", "told"),
    [
        (["/transformed", "/${prefix}validation/"], "transformed/r-0/train/part-0.csv", "channel c0 reads"),
        (["/old-exports/", "/${prefix}validation/"], "old-exports/part-0.csv", "channel c0 reads"),
        (["-2/r-0/train/", "/${prefix}validation/"], "", "channel c0 reads"),
        (["/${prefix}"], "transformed/r-1/evil.csv", "channel c0 reads"),
        (["/${prefix}train"], "transformed/r-1/train-old/part-0.csv", "train-old/part-0.csv: expected nothing"),
    ],
)
def test_a_channel_that_reads_other_data_starts_nothing(
    aws: RecordedAws, names: TopologyNames, arrival: Any, uris: list[str], stray: str, told: str
) -> None:
    configure(aws, *(f"s3://{scene.DESTINATION}{uri}" for uri in uris))
    if stray:
        aws.client("s3", "us-west-2").put_object(Bucket=scene.DESTINATION, Key=stray, Body=b"stale")
    with pytest.raises(AirflowFailException, match=told):
        operator(names, arrival).execute(context())
    assert trained(aws) == []


def test_a_channel_that_is_declared_to_read_something_else_is_recorded(
    aws: RecordedAws, names: TopologyNames, arrival: Any
) -> None:
    start = f"s3://{scene.DESTINATION}/models/pretrained/"
    configure(aws, f"s3://{scene.DESTINATION}/${{prefix}}train/", start)
    result = finish(lambda: operator(names, arrival, other_channels=["c1"]), context())
    found = lineage.walk(scene.SetupClients(aws, "us-west-2"), result["model_artifact"])
    assert found.document["training"]["other_channels"] == {"c1": start}


def test_data_that_arrived_elsewhere_is_refused(aws: RecordedAws, names: TopologyNames, arrival: Any) -> None:
    with pytest.raises(AirflowFailException, match="has arrived in account 222222222222, Region eu-west-1"):
        operator(names, arrival | {"region": "eu-west-1"}).execute(context())
    assert trained(aws) == []


@pytest.mark.parametrize("rendered", [None, {}, ""])
def test_an_arrival_that_is_none_when_the_task_runs_starts_nothing(
    aws: RecordedAws, names: TopologyNames, arrival: Any, rendered: Any
) -> None:
    """The sensor was skipped, or cleared alone: its XCom is gone."""
    task = operator(names, "{{ ti.xcom_pull('wait') }}")
    task.arrival = rendered  # as Airflow sets it
    with pytest.raises(AirflowFailException, match=r"data, so no other try is made: .*has given no arrival"):
        task.execute(context())
    assert trained(aws) == []


def test_an_arrival_that_is_gone_when_the_job_has_ended_fails_the_model(
    aws: RecordedAws, names: TopologyNames, arrival: Any
) -> None:
    event = event_of(deferred(operator(names, arrival), context()).trigger)
    task = operator(names, arrival)
    task.arrival = None
    with pytest.raises(AirflowFailException, match="has given no arrival"):
        task.execute_complete(context(), event)
    listed = aws.client("s3", "us-west-2").list_objects_v2(Bucket=scene.DESTINATION, Prefix="models/")
    assert [each["Key"] for each in listed["Contents"]] == [MODEL]


def test_the_same_version_copied_again_is_recorded_as_what_was_read(
    aws: RecordedAws, names: TopologyNames, arrival: Any
) -> None:
    """A copier that paused goes on after the arrival was handed on."""
    s3, version = aws.client("s3", "us-west-2"), arrival["versions"][0]
    again = s3.copy_object(
        Bucket=scene.DESTINATION,
        Key=version["key"],
        CopySource={"Bucket": scene.DESTINATION, "Key": version["key"], "VersionId": version["version_id"]},
        MetadataDirective="REPLACE",
        Metadata={SOURCE_VERSION: version["version_id"]},
    )["VersionId"]
    result = finish(lambda: operator(names, arrival), context())
    document = lineage.walk(scene.SetupClients(aws, "us-west-2"), result["model_artifact"]).document
    assert document["replication"]["versions"][0]["version_id"] == again != version["version_id"]


def test_a_second_completion_writes_the_same(aws: RecordedAws, names: TopologyNames, arrival: Any) -> None:
    """A worker may die after the job completed and before its task did: the next try adopts and records again."""
    first = finish(lambda: operator(names, arrival), context())
    second = finish(lambda: operator(names, arrival), context(try_number=2))
    assert first == second
    assert len(trained(aws)) == 1
