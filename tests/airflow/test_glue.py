"""The Glue operator: one run for each attempt group, a prefix and a token of the attempt's own, versions of inputs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crosswind.airflow import CrossAccountGlueJobOperator as Glue
from crosswind.airflow import TopologyNames, load_topology
from crosswind.airflow.compat import AirflowFailException
from crosswind.airflow.context import owner_of
from crosswind.airflow.owner import Attempt
from crosswind.errors import InputError, RunError
from tests.airflow import scene
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, SPOKE
from tests.airflow.tasks import context, deferred, finish

JOB, RAW = "mwaa_glue_raw_to_transform", "raw/ml_train_data.csv"
ATTEMPT = Attempt(owner_of(context("transform")), 1)
PREFIX = f"transformed/{ATTEMPT.folder}/"


@pytest.fixture
def names(dags_folder: object) -> TopologyNames:
    return load_topology(f"{dags_folder}/any.py")


@pytest.fixture
def raw(aws: RecordedAws) -> str:
    """Both buckets, and raw data; its version."""
    scene.make_sites(aws)
    put = aws.client("s3", "us-east-1").put_object(Bucket=scene.SOURCE, Key=RAW, Body=b"species\n")
    aws.script("StartJobRun", {"JobRunId": "jr_1"})
    aws.script("BatchStopJobRun", {"SuccessfulSubmissions": [], "Errors": []})
    aws.script("GetJobRuns", {"JobRuns": []})
    aws.calls.clear()
    return str(put["VersionId"])


def operator(names: TopologyNames, **changes: Any) -> Any:
    settings: dict[str, Any] = {
        "task_id": "transform",
        "names": names,
        "job": JOB,
        "arguments": {"--bucket": scene.SOURCE, "--prefix": "${prefix}", "--key": "${token}"},
        "inputs": [f"source/{RAW}"],
        "writes": "source/transformed",
        "check_interval": 0.01,
    }
    return Glue(**(settings | changes))


def run(state: str, inputs: str = "[]", **more: Any) -> dict[str, Any]:
    marks = {"--crosswind-token": ATTEMPT.token, "--crosswind-owner": ATTEMPT.owner.text, "--crosswind-inputs": inputs}
    base = {"Id": "jr_1", "JobName": JOB, "JobRunState": state, "StartedOn": datetime.now(UTC).timestamp()}
    return {"JobRun": {**base, "ExecutionTime": 42, "Arguments": {**marks, "--crosswind-fence": "1"}, **more}}


def started(aws: RecordedAws) -> list[dict[str, str]]:
    return [call.parameters["Arguments"] for call in aws.made("glue", "StartJobRun")]


@pytest.mark.parametrize("deferrable", [True, False])
def test_runs_below_a_prefix_of_its_own(aws: RecordedAws, names: TopologyNames, raw: str, deferrable: bool) -> None:
    given = [{"bucket": scene.SOURCE, "key": RAW, "version_id": raw}]
    aws.script("GetJobRun", run("RUNNING"), run("SUCCEEDED", json.dumps(given)))
    result = finish(lambda: operator(names, deferrable=deferrable), context("transform"))

    assert result == {
        "job": JOB,
        "run_id": "jr_1",
        "token": ATTEMPT.token,
        "seconds": 42,
        "bucket": scene.SOURCE,
        "prefix": PREFIX,
        "inputs": given,
    }
    (arguments,) = started(aws)
    assert arguments["--prefix"] == PREFIX
    assert arguments["--key"] == arguments["--crosswind-token"] == ATTEMPT.token
    assert json.loads(arguments["--crosswind-inputs"]) == given
    assert arguments["--crosswind-owner"] == ATTEMPT.owner.text
    assert arguments["--crosswind-topology"] == "unified-pipelines"
    assert len(aws.made("sts", "AssumeRole")) == 1


def test_a_retry_adopts_the_run_that_its_claim_names(aws: RecordedAws, names: TopologyNames, raw: str) -> None:
    aws.script("GetJobRun", run("RUNNING"))
    deferred(operator(names), context("transform"))
    aws.script("GetJobRun", run("RUNNING"), run("SUCCEEDED"))
    result = finish(lambda: operator(names), context("transform", try_number=2))
    assert result["run_id"] == "jr_1"
    assert len(started(aws)) == 1


def test_after_a_failed_run_a_retry_writes_below_another_prefix(
    aws: RecordedAws, names: TopologyNames, raw: str
) -> None:
    aws.script("GetJobRun", run("FAILED", ErrorMessage="OutOfMemory"))
    with pytest.raises(RunError, match="OutOfMemory"):
        finish(lambda: operator(names), context("transform"))
    aws.script("StartJobRun", {"JobRunId": "jr_2"})
    deferred(operator(names), context("transform", try_number=2))
    first, second = started(aws)
    assert second["--prefix"] == f"transformed/{Attempt(ATTEMPT.owner, 2).folder}/" != first["--prefix"]


def test_a_missing_input_starts_nothing_and_is_final(aws: RecordedAws, names: TopologyNames, raw: str) -> None:
    with pytest.raises(AirflowFailException, match=f"s3://{scene.SOURCE}/raw/none.csv does not exist"):
        operator(names, inputs=["source/raw/none.csv"]).execute(context("transform"))
    assert started(aws) == []


def test_the_wait_outlasts_the_jobs_timeout(aws: RecordedAws, names: TopologyNames, raw: str) -> None:
    trigger = deferred(operator(names, check_interval=30), context("transform")).trigger
    assert trigger.max_attempts * 30 >= 900


def test_it_acts_at_the_jobs_site(names: TopologyNames) -> None:
    task = operator(names)
    assert (task.aws_conn_id, task.account_id, task.region_name) == (EAST, SPOKE, None)
    assert task.deferrable


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"job": "mwaa_glue"}, "no glue job 'mwaa_glue' is declared. Declared: mwaa_glue_raw_to_transform"),
        ({"job": "dagcleanup"}, "no glue job 'dagcleanup'"),
        ({"names": None}, "has job='mwaa_glue_raw_to_transform' and no names"),
        ({"writes": None}, r"no value for \$\{prefix\}"),
        ({"arguments": {"--x": "${run}"}}, r"no value for \$\{run\}"),
        ({"writes": "sauce/transformed"}, "no bucket 'sauce' is declared. Declared: destination, source"),
        ({"aws_conn_id": EAST}, "one of job, site and aws_conn_id"),
        ({"site": "ml"}, "one of job, site and aws_conn_id"),
    ],
)
def test_what_does_not_fit_is_refused_when_the_dag_is_parsed(
    names: TopologyNames, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        operator(**({"names": names} | changes))


def test_a_python_shell_job_runs_the_same_way(aws: RecordedAws, names: TopologyNames, raw: str) -> None:
    shell = replace(names.job(JOB), type="glue_python_shell", log_group="/aws-glue/python-jobs")
    names = replace(names, jobs={**names.jobs, JOB: shell})
    aws.script("GetJobRun", run("RUNNING"), run("SUCCEEDED"))
    assert finish(lambda: operator(names), context("transform"))["run_id"] == "jr_1"
    groups = {call.parameters.get("logGroupName") for call in aws.calls if call.service == "logs"}
    assert groups == {"/aws-glue/python-jobs/output", "/aws-glue/python-jobs/error"}
