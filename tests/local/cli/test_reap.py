"""`crosswind reap` as a user types it, beside a demo that was kept: with orphans, and with nothing to reap."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crosswind.airflow.jobs.glue_runs import ATTEMPT_MARK, OWNER_MARK, TOPOLOGY_MARK
from crosswind.airflow.jobs.tags import TOPOLOGY, owner_tags
from crosswind.airflow.owner import Attempt, Owner
from tests.local.cli.conftest import Kept
from tests.local.cli.test_verbs import crosswind

DATA, EAST, WEST = "222222222222", "us-east-1", "us-west-2"
DAG = "cross_account_machine_learning_dag"
REQUEST = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "HyperParameters",
)
NOTHING = "No job runs without its task.\n"


def reap(kept: Kept, *more: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crosswind.cli", "reap", *kept.options, *more]
    return subprocess.run(
        command, cwd=kept.folder, input=answer, capture_output=True, text=True, timeout=120, check=False
    )


def until(found: Callable[[], Any], what: str) -> Any:
    pause, deadline = threading.Event(), time.monotonic() + 60
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        pause.wait(0.2)
    raise AssertionError(f"in vain: {what}")


@pytest.fixture(scope="module")
def unreaped(kept: Kept) -> Kept:
    """The demo, without the DAG that would reap by itself."""
    reaper = f"{kept.topology.name}_reaper"
    kept.airflow.pause(reaper)
    until(lambda: all(run["state"] in ("success", "failed") for run in kept.airflow.runs_since(reaper)), "a quiet DAG")
    return kept


@pytest.fixture
def training(unreaped: Kept) -> Iterator[str]:
    """A training job of a task that has ended, at work for as long as the test is."""
    kept = unreaped
    sagemaker, s3 = (kept.administrator.client(name, DATA, WEST) for name in ("sagemaker", "s3"))
    bucket, folder = kept.names.bucket("destination"), "transformed/orphan/"
    s3.put_object(Bucket=bucket, Key=f"{folder}data.csv", Body=b"1,2,3\n0,3,2\n")
    like = sagemaker.describe_training_job(TrainingJobName=kept.summary["model"].split("/")[-3])
    request = {name: like[name] for name in REQUEST}
    for channel in request["InputDataConfig"]:
        channel["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{bucket}/{folder}"
    run = kept.airflow.runs_since(DAG)[0]["dag_run_id"]
    ordinals = (Attempt(Owner(DAG, run, "train", -1, 1), ordinal) for ordinal in range(2, 100))
    known = {job["TrainingJobName"] for job in sagemaker.list_training_jobs()["TrainingJobSummaries"]}
    attempt = next(each for each in ordinals if each.name not in known)
    tags = owner_tags(attempt.owner) | {TOPOLOGY: kept.topology.name}
    kept.process.hold_answers("s3", "GetObject", seconds=300, principal="/SageMaker", count=100)
    sagemaker.create_training_job(
        TrainingJobName=attempt.name, Tags=[{"Key": key, "Value": value} for key, value in tags.items()], **request
    )
    yield attempt.name
    sagemaker.stop_training_job(TrainingJobName=attempt.name)
    kept.process.release_answers()
    until(lambda: status(kept, attempt.name) in ("Stopped", "Completed"), "the end of the job")


def status(kept: Kept, job: str) -> str:
    client = kept.administrator.client("sagemaker", DATA, WEST)
    return str(client.describe_training_job(TrainingJobName=job)["TrainingJobStatus"])


def test_nothing_to_reap(unreaped: Kept) -> None:
    done = reap(unreaped, "--yes")
    assert (done.returncode, done.stdout.endswith(NOTHING)) == (0, True)
    told = json.loads(reap(unreaped, "--yes", "-o", "json").stdout)
    assert told == {"schema_version": 1, "orphans": [], "owned": [], "failures": []}


def test_an_orphan_is_shown_and_stopped_by_yes_alone(unreaped: Kept, training: str) -> None:
    for answer in ("", "n\n"):
        done = reap(unreaped, answer=answer)
        assert done.returncode == 2
        shown = done.stdout.splitlines()
        assert f"training job  {training}" in shown
        assert {"    region   us-west-2", "    task_id  train", "    why      its task has ended"} <= set(shown)
        assert max(len(line) for line in shown[shown.index("No live task owns 1 job:") :]) <= 100
        assert "nothing was stopped" in done.stderr
        assert "Traceback" not in done.stderr
    told = json.loads(reap(unreaped, "-o", "json").stdout)
    (orphan,) = told["orphans"]
    assert (orphan["submission"]["id"], orphan["stopped"]) == (training, False)
    assert status(unreaped, training) == "InProgress"

    done = reap(unreaped, "--yes")
    assert done.returncode == 0, done.stderr
    assert "asked 1 job to stop" in done.stderr
    assert status(unreaped, training) in ("Stopping", "Stopped")
    assert reap(unreaped).stdout.endswith(NOTHING)


@pytest.mark.parametrize(("words", "answer"), [(("--yes", "-o", "json"), ""), ((), "y\n")], ids=["JSON", "asked"])
def test_an_orphan_is_stopped(unreaped: Kept, training: str, words: tuple[str, ...], answer: str) -> None:
    done = reap(unreaped, *words, answer=answer)
    assert done.returncode == 0, done.stderr
    if words:
        assert [orphan["stopped"] for orphan in json.loads(done.stdout)["orphans"]] == [True]
    assert status(unreaped, training) in ("Stopping", "Stopped")


@pytest.fixture
def glue(unreaped: Kept) -> Iterator[str]:
    """A Glue run of a DAG run that is gone, at work for as long as the test is."""
    kept, client = unreaped, unreaped.administrator.client("glue", DATA, EAST)
    job = kept.names.job("mwaa_glue_raw_to_transform")
    attempt = Attempt(Owner("cross_account_data_processing_dag", "manual__gone", "transform", -1, 1), 1)
    arguments = {
        "--bucket": kept.names.bucket("source"),
        "--input": "raw/ml_train_data.csv",
        "--prefix": "transformed/orphan-run/",
        ATTEMPT_MARK: attempt.token,
        OWNER_MARK: attempt.owner.text,
        TOPOLOGY_MARK: kept.topology.name,
    }
    kept.process.hold_answers("s3", "HeadObject", seconds=300, principal="/GlueJobRunnerSession", count=100)
    run = client.start_job_run(JobName=job, Arguments=arguments)["JobRunId"]
    yield run
    client.batch_stop_job_run(JobName=job, JobRunIds=[run])
    kept.process.release_answers()


def test_a_glue_run_without_its_dag_run_is_stopped(unreaped: Kept, glue: str) -> None:
    done = reap(unreaped, "--yes")
    assert done.returncode == 0, done.stderr
    assert f"Glue run  {glue}" in done.stdout
    assert "why      its DAG run is gone" in done.stdout
    client = unreaped.administrator.client("glue", DATA, EAST)
    state = client.get_job_run(JobName=unreaped.names.job("mwaa_glue_raw_to_transform"), RunId=glue)["JobRun"]
    assert state["JobRunState"] in ("STOPPING", "STOPPED")


def test_a_site_that_cannot_be_looked_at_is_told_of_in_one_document(unreaped: Kept, training: str) -> None:
    """What can be done is done; the exit code says that it was not all."""
    iam = unreaped.administrator.client("iam", DATA, EAST)
    role = unreaped.names.role("deployer")
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "glue:GetJobRuns", "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="blind", PolicyDocument=json.dumps(deny))
    try:
        text, data = reap(unreaped, answer="n\n"), reap(unreaped, "--yes", "-o", "json")
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="blind")
    assert f"account {DATA}, Region {EAST} could not be looked at: " in text.stderr
    told = json.loads(data.stdout)
    assert data.returncode == 1
    assert [failure["target"]["region"] for failure in told["failures"]] == [EAST]
    assert [orphan["stopped"] for orphan in told["orphans"]] == [True]


def test_no_airflow_to_ask_is_no_reason_to_stop(unreaped: Kept, training: str) -> None:
    iam = unreaped.administrator.client("iam", unreaped.topology.hub_account, EAST)
    role = unreaped.names.role("deployer")
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "airflow:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="blind", PolicyDocument=json.dumps(deny))
    try:
        done = reap(unreaped, "--yes")
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="blind")
    assert (done.returncode, done.stdout.endswith(NOTHING)) == (0, True)
    assert "left alone: 1 job whose task is live, or could not be asked for" in done.stderr
    assert status(unreaped, training) == "InProgress"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "crosswind.yaml: the file cannot be read"),
        (("-f", "{example}", "--local"), 1, "no local world runs in "),
        (("-f", "{example}", "--endpoint-url", "nonsense"), 2, "nonsense"),
    ],
    ids=["no topology", "no world", "no URL"],
)
def test_bad_input_is_refused(tmp_path: Path, kept: Kept, words: tuple[str, ...], code: int, said: str) -> None:
    done = crosswind("reap", *(word.format(example=kept.options[-1]) for word in words), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
