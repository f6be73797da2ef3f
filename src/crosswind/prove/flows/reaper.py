"""The DAG that stops remote jobs which no live task owns, and `crosswind reap`, which does the same from outside.

The code: `crosswind.airflow.reaper`, `crosswind.airflow.jobs.reap`.
"""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate
from crosswind.prove.flow import OBSERVED, SOMETIMES, Evidence, Flow, documented
from crosswind.prove.flows.sagemaker import TYPES, job_names, kind_of
from crosswind.topology.model import SageMakerJob
from crosswind.topology.names import CLAIMS

__all__ = ["reap", "reaper"]

_GONE = documented("AmazonS3/latest/API/API_GetObject.html")


def reaper(estate: Estate) -> Iterator[Flow]:
    """Airflow's own: at every site, under the role that serves all pipelines."""
    for name, job in estate.jobs("glue", "glue_python_shell"):
        for _, asks, _ in estate.tasks(name):
            yield from _glue(estate, estate.airflow(job.site, "", asks), name, OBSERVED, SOMETIMES)
    for name, job in estate.jobs(*TYPES):
        assert isinstance(job, SageMakerJob)  # noqa: S101 - these are its types
        for _, asks, task in estate.tasks(name):
            yield from _sagemaker(estate, estate.airflow(job.site, "", asks), job, task, OBSERVED, SOMETIMES)


def reap(estate: Estate) -> Iterator[Flow]:
    """From outside: under the deployer's role."""
    for name, job in estate.jobs("glue", "glue_python_shell"):
        yield from _glue(estate, _deployer(estate, job.site, f"jobs.{name}"), name, OBSERVED, SOMETIMES)
    for name, job in estate.jobs(*TYPES):
        assert isinstance(job, SageMakerJob)  # noqa: S101 - these are its types
        for _, asks, task in estate.tasks(name):
            yield from _sagemaker(estate, _deployer(estate, job.site, asks), job, task, OBSERVED, SOMETIMES)


def _deployer(estate: Estate, site: str, asks: str) -> Actor:
    account = estate.account(site)
    return Actor(estate.principals.deployer(account), estate.region(site), account, asks)


def _glue(estate: Estate, at: Actor, name: str, looks: Evidence, acts: Evidence) -> Iterator[Flow]:
    job = estate.site_arn(estate.topology.jobs[name].site, "glue", f"job/{estate.names.job(name)}")
    yield at.flow(f"looks for runs of {name} that nobody owns", "glue:GetJobRuns", job, looks)
    yield at.flow(f"stops a run of {name} that nobody owns", "glue:BatchStopJobRun", job, acts)
    bucket = estate.names.claims_bucket(name)
    claim = estate.object(bucket, f"{CLAIMS}<token>")
    yield at.flow(f"asks whose the run of {name} is", "s3:GetObject", claim, acts)
    yield at.flow("is told that a claim is gone", "s3:ListBucket", estate.bucket(bucket), _GONE)


def _sagemaker(
    estate: Estate, at: Actor, job: SageMakerJob, task: str, looks: Evidence, acts: Evidence
) -> Iterator[Flow]:
    word, arn = kind_of(job)
    yield at.flow("looks for jobs that nobody owns", f"sagemaker:List{word}Jobs", "*", looks)
    for form in job_names(task):
        one = estate.site_arn(job.site, "sagemaker", f"{arn}/{form}")
        yield at.flow("asks whose a job is", "sagemaker:ListTags", one, acts)
        yield at.flow("stops a job that nobody owns", f"sagemaker:Stop{word}Job", one, acts)
        yield at.flow("looks at a job that would not stop", f"sagemaker:Describe{word}Job", one, acts)
