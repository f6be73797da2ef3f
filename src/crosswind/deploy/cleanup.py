"""What a running step stops or removes besides stacks and objects: DAG runs, jobs, log groups."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from crosswind.aws import Sessions, translated
from crosswind.deploy.runs import ENDED, Airflow
from crosswind.deploy.stacks import Working
from crosswind.deploy.steps import RemoveLogGroups, SageMakerJobs, StopJobs, StopRuns
from crosswind.deploy.waiting import Pace
from crosswind.errors import AwsError, NotFoundError

__all__ = ["log_groups", "remove_log_groups", "stop_jobs", "stop_runs"]

_LIVE_GLUE = {"STARTING", "RUNNING", "WAITING"}


def stop_runs(step: StopRuns, working: Working) -> str:
    """Pause the DAGs, and tell how many of their runs are still going.

    A run's own path is longer than the 64 characters that mwaa:InvokeRestApi takes, so runs end with the
    environment. One that cannot be reached is no reason to keep it; the reason is told.
    """
    airflow = Airflow(
        working.sessions,
        step.account,
        step.region,
        step.environment,
        pace=Pace(tries=1),
        stop=threading.Event(),
    )
    running = 0
    try:
        listed = airflow.dags()
        for dag in step.dags:
            if dag not in listed:
                continue
            airflow.pause(dag)
            running += sum(run["state"] not in ENDED for run in airflow.runs_since(dag))
    except NotFoundError:
        return "not there"
    except AwsError as error:
        working.say(f"Airflow cannot be reached, so its DAGs are not paused: {error.message}")
        return "not reachable"
    return f"DAGs paused, {running} run(s) still going end with the environment"


def stop_jobs(step: StopJobs, working: Working) -> str:
    """Stop what still runs: Glue job runs by job name, SageMaker's jobs by the roles that they act under."""
    stopped = 0
    for name in step.glue_jobs:
        stopped += _stop_glue(step, name, working)
    for jobs in step.sagemaker:
        stopped += _stop_sagemaker(step, jobs, working)
    return f"{stopped} job(s) stopped"


def _stop_glue(step: StopJobs, name: str, working: Working) -> int:
    glue = working.sessions.client("glue", step.account, step.region)
    try:
        with translated(f"stop the runs of the Glue job {name} in {step.account}, {step.region}"):
            pages = glue.get_paginator("get_job_runs").paginate(JobName=name)
            live = [run["Id"] for page in pages for run in page["JobRuns"] if run["JobRunState"] in _LIVE_GLUE]
            if live:
                # docs.aws.amazon.com/glue/latest/webapi/API_BatchStopJobRun.html: at most 25 runs.
                for start in range(0, len(live), 25):
                    glue.batch_stop_job_run(JobName=name, JobRunIds=live[start : start + 25])
    except NotFoundError:
        return 0
    return len(live)


def _stop_sagemaker(step: StopJobs, jobs: SageMakerJobs, working: Working) -> int:
    sagemaker = working.sessions.client("sagemaker", step.account, step.region)
    kind, named = jobs.kind, f"{jobs.kind.capitalize()}Job"
    stopped = 0
    with translated(f"stop the {kind} jobs in {step.account}, {step.region}"):
        pages = sagemaker.get_paginator(f"list_{kind}_jobs").paginate(StatusEquals="InProgress")
        for summary in [summary for page in pages for summary in page[f"{named}Summaries"]]:
            name = {f"{named}Name": summary[f"{named}Name"]}
            # Others' jobs are not ours to look at: the deployer's role names ours by how their names begin.
            if not summary[f"{named}Name"].lower().startswith(tuple(prefix.lower() for prefix in jobs.prefixes)):
                continue
            if getattr(sagemaker, f"describe_{kind}_job")(**name)["RoleArn"] == jobs.role_arn:
                getattr(sagemaker, f"stop_{kind}_job")(**name)
                stopped += 1
    return stopped


def log_groups(sessions: Sessions, account: str, region: str, prefixes: tuple[str, ...]) -> Iterator[str]:
    """The names of the log groups with these prefixes; a prefix that ends in `$` is an exact name."""
    logs: Any = sessions.client("logs", account, region)
    for prefix in prefixes:
        with translated(f"list the log groups {prefix} in {account}, {region}"):
            pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix.rstrip("$"))
            names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
        yield from (name for name in names if not prefix.endswith("$") or name == prefix[:-1])


def remove_log_groups(step: RemoveLogGroups, working: Working) -> str:
    """Delete the log groups that services made for what is gone now."""
    logs = working.sessions.client("logs", step.account, step.region)
    names = list(log_groups(working.sessions, step.account, step.region, step.prefixes))
    for name in names:
        try:
            with translated(f"delete the log group {name} in {step.account}, {step.region}"):
                logs.delete_log_group(logGroupName=name)
        except NotFoundError:
            continue
        working.say(f"{name} deleted")
    return f"{len(names)} log group(s) deleted"
