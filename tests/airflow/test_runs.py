"""Both DAGs run, task by task, through Airflow's own task runner, against moto.

Templates, XComs, the guard, the Asset's events and the deferrals are Airflow's. moto runs no job: what a job would
write is put there when it is started.
"""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow import __version__
from airflow.models.asset import AssetActive, AssetEvent, AssetModel
from airflow.models.dagrun import DagRun
from airflow.utils import db
from airflow.utils.session import create_session
from sqlalchemy import event, select

from crosswind.airflow import Arrival, Attempt, Owner, Reference
from tests.airflow import scene
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, EXAMPLE, SPOKE
from tests.airflow.scene import DESTINATION, PREFIX, SOURCE
from tests.airflow.test_dags import DATA, ML, parsed
from tests.airflow.test_training import CONFIG

ASSET = {"name": "unified-pipelines/transformed", "uri": "unified-pipelines/transformed"}
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = "transformed/r-old/", "transformed/r-new/"
MODELS = f"s3://{DESTINATION}/models/"


@pytest.fixture(scope="module")
def _database() -> None:
    db.initdb()
    if __version__.startswith("3.0."):  # there `dag.test` leaves it to the scheduler to register an Asset
        with create_session() as session:
            session.add_all([AssetModel(group="asset", **ASSET), AssetActive(**ASSET)])


@pytest.fixture
def bag(_database: None, dags_folder: Path) -> Any:
    return impatient(dags_folder)


def impatient(folder: Path) -> Any:
    """The DAGs, with no pause before a retry. Parsed for each test: a run leaves its parameters in the DAG."""
    bag = parsed(folder)
    for dag in bag.dags.values():
        for task in dag.tasks:
            task.retry_delay = timedelta(0)
    return bag


@pytest.fixture
def sites(aws: RecordedAws) -> RecordedAws:
    """The example's two sites, as deployed, with raw data, and jobs that write when they are started."""
    scene.make_sites(aws)
    east, west = aws.client("s3", "us-east-1"), aws.client("s3", "us-west-2")
    east.put_object(Bucket=SOURCE, Key="raw/ml_train_data.csv", Body=b"species\n")
    config = json.dumps(CONFIG).replace("s3://destination/", f"s3://{DESTINATION}/")
    west.put_object(Bucket=DESTINATION, Key="config/penguins_training.json", Body=config.encode())
    role = f"arn:aws:iam::{SPOKE}:role/glue"
    aws.client("glue", "us-east-1").create_job(Name="mwaa_glue_raw_to_transform", Role=role, Command={})
    aws.upon("StartJobRun", lambda started: scene.write(aws, started["Arguments"]["--prefix"]))
    aws.upon("CreateTrainingJob", lambda asked: train(west, asked))
    make_function(aws)
    aws.upon("POST /2015-03-31/functions/dagcleanup/invocations", lambda asked: answer(west, asked))
    aws.calls.clear()
    return aws


def make_function(aws: RecordedAws) -> None:
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


def train(s3: Any, asked: dict[str, Any]) -> None:
    """The model that a training job stores."""
    s3.put_object(Bucket=DESTINATION, Key=f"models/{asked['TrainingJobName']}/output/model.tar.gz", Body=b"model")


def answer(s3: Any, asked: dict[str, Any]) -> None:
    """The answer that the function writes, last of all."""
    result = asked["crosswind"]["result"]
    s3.put_object(Bucket=result["bucket"], Key=result["key"], Body=json.dumps({"run": asked["run"]}).encode())


@contextmanager
def triggered_by(*references: Reference) -> Iterator[None]:
    """Asset events that the next DAG run consumes, in this order, as the scheduler would give them to it."""
    with create_session() as session:
        asset_id = session.scalar(select(AssetModel.id).where(AssetModel.name == ASSET["name"]))
        if asset_id is None:
            session.add(asset := AssetModel(group="asset", **ASSET))
            session.flush()
            asset_id = asset.id
        found = [
            AssetEvent(asset_id=asset_id, extra=each.document(), timestamp=LONG_AGO + timedelta(minutes=minute))
            for minute, each in enumerate(references)
        ]
        session.add_all(found)
        session.flush()
        ids = [each.id for each in found]
    table = DagRun.consumed_asset_events.property.secondary

    def consume(_mapper: Any, connection: Any, run: Any) -> None:
        connection.execute(table.insert(), [{"dag_run_id": run.id, "event_id": one} for one in ids])

    event.listen(DagRun, "after_insert", consume)
    try:
        yield
    finally:
        event.remove(DagRun, "after_insert", consume)


def states(run: Any) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def xcom(run: Any, task_id: str) -> Any:
    return next(ti for ti in run.get_task_instances() if ti.task_id == task_id).xcom_pull(task_ids=task_id)


def trained(aws: RecordedAws) -> list[dict[str, Any]]:
    return [call.parameters for call in aws.made("sagemaker", "CreateTrainingJob")]


# -- DAG 1 -------------------------------------------------------------------------------------------------


def test_data_processing_publishes_exactly_what_glue_wrote(bag: Any, sites: RecordedAws) -> None:
    dag = bag.dags[DATA]
    finished = dag.test()

    assert states(finished) == dict.fromkeys(dag.task_ids, "success")
    (started,) = sites.made("glue", "StartJobRun")
    arguments = started.parameters["Arguments"]
    since = int(finished.start_date.timestamp())
    folder = Attempt(Owner(DATA, finished.run_id, "mwaa_glue_raw_to_transform", -1, 2, since), 1).folder
    assert arguments["--bucket"] == SOURCE
    assert arguments["--prefix"] == f"transformed/{folder}/"
    raw = sites.client("s3", "us-east-1").head_object(Bucket=SOURCE, Key="raw/ml_train_data.csv")["VersionId"]
    assert raw in arguments["--crosswind-inputs"]

    with create_session() as session:
        newest = session.scalars(select(AssetEvent).order_by(AssetEvent.id.desc())).first()
    reference = Reference.of(newest.extra, where="the event")
    assert (reference.prefix, reference.objects) == (f"transformed/{folder}/", 2)
    written = sites.client("s3", "us-east-1").get_object(Bucket=SOURCE, Key=reference.key)
    assert written["VersionId"] == reference.version_id
    assert raw in written["Body"].read().decode()


def test_an_unknown_connection_calls_nothing(bag: Any, sites: RecordedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"AIRFLOW_CONN_{EAST.upper()}")
    sites.calls.clear()
    bag.dags[DATA].get_task("wait_for_raw_data").retries = 0
    finished = bag.dags[DATA].test()
    assert states(finished)["wait_for_raw_data"] == "failed"
    assert sites.calls == []


# -- DAG 2 -------------------------------------------------------------------------------------------------


def test_machine_learning_trains_on_the_newest_handover_alone(bag: Any, sites: RecordedAws) -> None:
    old, new = scene.hand_over(sites, OLD, LONG_AGO), scene.hand_over(sites, NEW)
    scene.replicate_all(sites, OLD)
    scene.replicate_all(sites, NEW)
    sites.calls.clear()
    with triggered_by(old, new):
        finished = bag.dags[ML].test()

    assert states(finished) == dict.fromkeys(bag.dags[ML].task_ids, "success")
    arrival = Arrival.of(xcom(finished, "wait_for_transformed_data"))
    assert (arrival.prefix, arrival.superseded) == (NEW, (OLD,))
    (job,) = trained(sites)
    assert f"s3://{DESTINATION}/{NEW}train/" in json.dumps(job["InputDataConfig"])
    (invoked,) = sites.made("lambda", "POST /2015-03-31/functions/dagcleanup/invocations")
    assert {key: invoked.parameters[key] for key in ("run", "folders")} == {
        "run": "r-new",
        "folders": [
            {"bucket": SOURCE, "prefix": NEW, "region": "us-east-1"},
            {"bucket": DESTINATION, "prefix": NEW, "region": "us-west-2"},
        ],
    }
    regions = {call.service: call.region for call in sites.calls if call.service in ("sagemaker", "lambda")}
    assert regions == {"sagemaker": "us-west-2", "lambda": "us-west-2"}
    # No call came with the hub's own credentials, except the one that leaves them.
    assert {call.action for call in sites.calls if call.access_key == "111111111111"} <= {"AssumeRole"}


def test_by_hand_the_prefix_that_was_named(bag: Any, sites: RecordedAws) -> None:
    for prefix, time in ((OLD, LONG_AGO), (NEW, datetime.now(UTC))):
        scene.hand_over(sites, prefix, time)
        scene.replicate_all(sites, prefix)
    finished = bag.dags[ML].test(run_conf={"prefix": OLD})
    assert states(finished) == dict.fromkeys(bag.dags[ML].task_ids, "success")
    assert OLD in json.dumps(trained(sites))


def test_by_hand_the_latest(bag: Any, sites: RecordedAws) -> None:
    for prefix, time in ((OLD, LONG_AGO), (NEW, LONG_AGO + timedelta(days=1))):
        scene.hand_over(sites, prefix, time)
        scene.replicate_all(sites, prefix)
    finished = bag.dags[ML].test(run_after=datetime.now(UTC) + timedelta(seconds=1))
    assert states(finished) == dict.fromkeys(bag.dags[ML].task_ids, "success")
    assert Arrival.of(xcom(finished, "wait_for_transformed_data")).prefix == NEW


def test_by_hand_without_any_handover_no_job_starts(bag: Any, sites: RecordedAws) -> None:
    finished = bag.dags[ML].test()
    assert states(finished)["wait_for_transformed_data"] == "failed"
    assert states(finished)["train"] == "upstream_failed"
    assert trained(sites) == []


def test_a_failed_replication_stops_the_run_at_once(bag: Any, sites: RecordedAws) -> None:
    reference = scene.hand_over(sites)
    scene.replicate(sites, *scene.keys_of()[1:])
    scene.source_says(scene.keys_of()[0], "FAILED")
    with triggered_by(reference):
        finished = bag.dags[ML].test()
    # Two retries are declared: none was made.
    assert [(ti.state, ti.try_number) for ti in finished.get_task_instances() if "wait" in ti.task_id] == [
        ("failed", 1)
    ]
    assert trained(sites) == []


def test_a_wrong_version_of_every_key_is_never_trained_on(bag: Any, sites: RecordedAws) -> None:
    """The post's sensor would pass: each key is there. Here the time budget ends the run."""
    reference = scene.hand_over(sites)
    west = sites.client("s3", "us-west-2")
    for key in scene.keys_of():
        west.put_object(Bucket=DESTINATION, Key=key, Body=b"last week's")
    bag.dags[ML].get_task("wait_for_transformed_data").timeout = 2
    with triggered_by(reference):
        finished = bag.dags[ML].test()
    assert [(ti.state, ti.try_number) for ti in finished.get_task_instances() if "wait" in ti.task_id] == [
        ("failed", 1)
    ]
    assert trained(sites) == []


@pytest.mark.usefixtures("_database")
def test_all_handovers_are_trained_on_each_by_a_task_of_its_own(
    sites: RecordedAws, dags_folder: Path, tmp_path: Path
) -> None:
    text = (dags_folder / f"{ML}.py").read_text()
    text = text.replace('replication="transformed")', 'replication="transformed", take="all")')
    text = text.replace('(task_id="train", job="penguins_training", arrival=arrived.output)', PARTIAL)
    begins, ends = text.index("    remove = "), text.index("    arrived >> ")
    (tmp_path / "all.py").write_text(text[:begins] + text[ends:].replace(" >> remove", "").replace(ML, "all"))
    shutil.copy(dags_folder / "unified-pipelines.json", tmp_path)
    bag = impatient(tmp_path)
    assert bag.import_errors == {}
    old, new = scene.hand_over(sites, OLD, LONG_AGO), scene.hand_over(sites, NEW)
    scene.replicate_all(sites, OLD)
    scene.replicate_all(sites, NEW)
    with triggered_by(new, old):
        finished = bag.dags[ML].test()
    assert {str(ti.state) for ti in finished.get_task_instances()} == {"success"}
    # Which of the mapped tasks begins first is Airflow's to choose.
    assert sorted(("r-old" in json.dumps(job), "r-new" in json.dumps(job)) for job in trained(sites)) == [
        (False, True),
        (True, False),
    ]


PARTIAL = '.partial(task_id="train", job="penguins_training").expand(arrival=arrived.output)'


# -- the function that cleans up ---------------------------------------------------------------------------


def cleanup() -> Any:
    found = importlib.util.spec_from_file_location("dagcleanup", EXAMPLE / "jobs/lambda_/dagcleanup.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.handler


def asked(prefix: str = PREFIX, **more: Any) -> dict[str, Any]:
    folder = {"bucket": SOURCE, "prefix": prefix, "region": "us-east-1"}
    return {"run": "r-1", "folders": [folder]} | more


def test_a_second_delivery_does_not_replace_the_first_answer(sites: RecordedAws) -> None:
    scene.hand_over(sites)
    result = {"bucket": DESTINATION, "key": "results/t.json"}
    event = asked(crosswind={"token": "t", "owner": "{}", "result": result})
    first, second = cleanup()(event, None), cleanup()(event, None)
    assert (first["count"], second["count"]) == (4, 0)
    written = sites.client("s3", "us-west-2").get_object(Bucket=DESTINATION, Key="results/t.json")["Body"].read()
    assert json.loads(written) == first


def test_whoever_waits_for_the_answer_gets_no_object(sites: RecordedAws) -> None:
    scene.hand_over(sites)
    assert cleanup()(asked(crosswind={"token": "t", "owner": "{}"}), None)["count"] == 4
    assert "Contents" not in sites.client("s3", "us-west-2").list_objects_v2(Bucket=DESTINATION, Prefix="results/")


@pytest.mark.parametrize("prefix", ["transformed/", "transformed/r-2/", "raw/r-1/", "transformed/r-1"])
def test_what_is_not_the_runs_own_is_never_removed(sites: RecordedAws, prefix: str) -> None:
    scene.hand_over(sites)
    with pytest.raises(ValueError, match="nothing was removed"):
        cleanup()(asked(prefix), None)
    assert len(sites.client("s3", "us-east-1").list_objects_v2(Bucket=SOURCE, Prefix=PREFIX)["Contents"]) == 4
