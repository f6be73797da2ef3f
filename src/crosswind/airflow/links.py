"""Buttons on a task: its remote job and the job's log, in the right account and Region of the console."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.sdk import BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

from crosswind.airflow import console
from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.settings import Site
from crosswind.airflow.target import AwsTarget

__all__ = ["RemoteJobLink", "RemoteJobLogLink", "show_links"]


class _Stored(BaseOperatorLink):
    """A link that the task stores when it knows its job: Airflow's web server shows what is stored, runs no code."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address that was stored; empty before there is a job."""
        return XCom.get_value(key=self.xcom_key, ti_key=ti_key) or ""


class RemoteJobLink(_Stored):
    """The console's page of the job."""

    name: ClassVar[str] = "Remote job"
    xcom_key: ClassVar[str] = "crosswind_job_url"


class RemoteJobLogLink(_Stored):
    """The console's page of the job's log."""

    name: ClassVar[str] = "Remote job's log"
    xcom_key: ClassVar[str] = "crosswind_log_url"


def show_links(ti: Any, submission: Submission, target: AwsTarget, site: Site | None, group: str = "") -> str:
    """Store the addresses of a job and its log, and give the job's.

    Args:
        ti: the running task instance.
        submission: the job.
        target: where it runs.
        site: the declared site, whose `console_role` people switch to; None when there is none.
        group: the job's log group, when it is not the service's own.
    """
    where = {"account": target.account, "role": site.console_role if site else "", "region": target.region}
    job = console.switched(console.job_url(submission, target.region), **where)
    log = console.switched(console.log_url(submission, target.region, group), **where)
    ti.xcom_push(key=RemoteJobLink.xcom_key, value=job)
    ti.xcom_push(key=RemoteJobLogLink.xcom_key, value=log)
    return job
