"""The reaper's DAG: what no live task owns is stopped; what Airflow does not say stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.utils import db

from crosswind.airflow import TopologyNames, load_topology, reaper_dag
from crosswind.airflow.jobs.tags import owner_tags
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.reaper import ReapOperator
from crosswind.errors import RunError
from tests.airflow import scene
from tests.airflow.aws import RecordedAws
from tests.airflow.tasks import context
from tests.airflow.test_dags import parsed

TRAINING = Attempt(Owner("ml", "r-1", "train", -1, 2), 1)
GLUE = Attempt(Owner("data", "r-1", "transform", -1, 2), 1)
EMPTY = {"ListProcessingJobs": {"ProcessingJobSummaries": []}, "ListTrainingJobs": {"TrainingJobSummaries": []}}


@pytest.fixture
def names(aws: RecordedAws, dags_folder: object) -> TopologyNames:
    """A training job and a Glue run of ours are live."""
    scene.make_sites(aws)
    arn = "arn:aws:sagemaker:us-west-2:222222222222:training-job/x"
    job = {
        "TrainingJobName": TRAINING.name,
        "TrainingJobArn": arn,
        "CreationTime": 1.0,
        "TrainingJobStatus": "InProgress",
    }
    # The first site by name is ml.
    aws.script("ListTrainingJobs", {"TrainingJobSummaries": [job]}, EMPTY["ListTrainingJobs"])
    aws.script("ListProcessingJobs", EMPTY["ListProcessingJobs"])
    owned = owner_tags(TRAINING.owner) | {"crosswind:topology": "unified-pipelines"}
    tags = [{"Key": key, "Value": value} for key, value in owned.items()]
    aws.script("ListTags", {"Tags": tags})
    marks = {
        "--crosswind-token": GLUE.token,
        "--crosswind-owner": GLUE.owner.text,
        "--crosswind-topology": "unified-pipelines",
    }
    run = {"Id": "jr_1", "JobName": "x", "JobRunState": "RUNNING", "StartedOn": datetime.now(UTC).timestamp()}
    aws.script("GetJobRuns", {"JobRuns": [run | {"Arguments": marks}]})
    aws.script("StopTrainingJob", {})
    aws.script("BatchStopJobRun", {"SuccessfulSubmissions": [], "Errors": []})
    aws.calls.clear()
    return load_topology(f"{dags_folder}/any.py")


def airflow(states: dict[str, dict[str, str | None]] | Exception, *said: Owner) -> dict[str, Any]:
    """A context whose Airflow says so of the tasks, by DAG id; some of which have said who they are."""

    def get_task_states(dag_id: str, task_ids: list[str], run_ids: list[str]) -> dict[str, Any]:
        if isinstance(states, Exception):
            raise states
        assert (len(task_ids), len(run_ids)) == (1, 1)
        return {"r-1": states[dag_id]} if dag_id in states else {}

    ctx = context("reap")

    def xcom_pull(*, key: str, dag_id: str, run_id: str, task_ids: str, map_indexes: int) -> Any:
        assert (key, run_id, map_indexes) == ("crosswind_owner", "r-1", -1)
        return next((each.text for each in said if (each.dag_id, each.task_id) == (dag_id, task_ids)), None)

    ctx["ti"] = SimpleNamespace(**vars(ctx["ti"]), get_task_states=get_task_states, xcom_pull=xcom_pull)
    return ctx


def stopped(aws: RecordedAws) -> set[str]:
    names = {call.parameters["TrainingJobName"] for call in aws.made(action="StopTrainingJob")}
    return names | {run for call in aws.made(action="BatchStopJobRun") for run in call.parameters["JobRunIds"]}


def reap(names: TopologyNames, states: Any, *said: Owner) -> Any:
    return ReapOperator(task_id="reap", names=names).execute(airflow(states, *said))


@pytest.mark.parametrize("changes", [{"group": 5}, {"since": 7}])
def test_a_task_that_says_it_is_in_a_later_group_has_left_its_old_job_behind(
    aws: RecordedAws, names: TopologyNames, changes: dict[str, int]
) -> None:
    live = {"ml": {"train": "deferred"}, "data": {"transform": "running"}}
    reap(names, live, TRAINING.owner, replace(GLUE.owner, **changes))
    assert stopped(aws) == {"jr_1"}


def test_what_live_tasks_own_stays(aws: RecordedAws, names: TopologyNames) -> None:
    states = {"ml": {"train": "deferred"}, "data": {"transform": "up_for_retry"}}
    assert reap(names, states) == {"stopped": [], "kept": 2}
    assert stopped(aws) == set()


def test_only_the_kinds_that_a_site_uses_are_listed(aws: RecordedAws, names: TopologyNames) -> None:
    """The site's role may list no others, and each refusal would fail the reaper."""
    reap(names, {})
    listings = {"ListTrainingJobs", "ListProcessingJobs", "GetJobRuns"}
    assert [(call.action, call.region) for call in aws.calls if call.action in listings] == [
        ("ListTrainingJobs", "us-west-2"), ("GetJobRuns", "us-east-1")
    ]  # fmt: skip


def test_jobs_of_every_type_are_listed_where_they_are(aws: RecordedAws, names: TopologyNames) -> None:
    shell = replace(names.job("mwaa_glue_raw_to_transform"), type="glue_python_shell", name="tidy")
    processing = replace(names.job("penguins_training"), type="sagemaker_processing")
    reap(replace(names, jobs={**names.jobs, "tidy": shell, "score": processing}), {})
    listings = {"ListTrainingJobs", "ListProcessingJobs", "GetJobRuns"}
    assert [(call.action, call.parameters.get("JobName")) for call in aws.calls if call.action in listings] == [
        ("ListProcessingJobs", None), ("ListTrainingJobs", None),
        ("GetJobRuns", "mwaa_glue_raw_to_transform"), ("GetJobRuns", "tidy"),
    ]  # fmt: skip


def test_what_ended_tasks_have_left_is_stopped(aws: RecordedAws, names: TopologyNames) -> None:
    result = reap(names, {"ml": {"train": "failed"}, "data": {"transform": "running"}})
    assert stopped(aws) == {TRAINING.name}
    assert result["kept"] == 1
    (line,) = result["stopped"]
    assert "account 222222222222, Region us-west-2" in line
    assert "its task has ended" in line


def test_a_run_that_is_gone_owns_nothing(aws: RecordedAws, names: TopologyNames) -> None:
    reap(names, {})
    assert stopped(aws) == {TRAINING.name, "jr_1"}


def test_an_airflow_that_does_not_answer_stops_nothing(aws: RecordedAws, names: TopologyNames) -> None:
    error = AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))
    assert reap(names, error)["kept"] == 2
    assert stopped(aws) == set()


def test_a_site_that_cannot_be_looked_at_hides_no_other(aws: RecordedAws, names: TopologyNames) -> None:
    aws.script("GetJobRuns", (400, {"__type": "AccessDeniedException", "message": "no"}))
    with pytest.raises(RunError, match="account 222222222222, Region us-east-1 could not be looked at"):
        reap(names, {})
    assert stopped(aws) == {TRAINING.name}


def test_the_dag(names: TopologyNames) -> None:
    dag = reaper_dag(names)
    assert dag.dag_id == "unified-pipelines_reaper"
    assert (dag.max_active_runs, dag.catchup) == (1, False)
    assert dag.schedule.total_seconds() == 300


def test_it_runs_in_airflow_and_asks_it(aws: RecordedAws, names: TopologyNames, dags_folder: Path) -> None:
    """The example's reaper by Airflow's own runner, which knows no such DAG runs."""
    db.initdb()
    (dag,) = (dag for dag_id, dag in parsed(dags_folder).dags.items() if dag_id.endswith("_reaper"))
    run = dag.test()
    assert str(run.state) == "success"
    assert stopped(aws) == {TRAINING.name, "jr_1"}
