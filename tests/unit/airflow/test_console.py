"""Addresses of the console, in each partition."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from crosswind.airflow.console import job_url, log_url, switched
from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.owner import Attempt, Owner

ATTEMPT = Attempt(Owner("d", "r", "t", -1, 2), 1)


def submission(kind: str, job: str = "job", id: str = "id-1") -> Submission:  # noqa: A002 - the member's own name
    return Submission(kind, job, id, ATTEMPT)


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("glue", "gluestudio/home?region=us-east-1#/job/job/run/id-1"),
        ("training", "sagemaker/home?region=us-east-1#/jobs/id-1"),
        ("processing", "sagemaker/home?region=us-east-1#/processing-jobs/id-1"),
        ("lambda", "lambda/home?region=us-east-1#/functions/job?tab=monitoring"),
    ],
)
def test_each_kind_has_its_page(kind: str, page: str) -> None:
    assert job_url(submission(kind), "us-east-1") == f"https://console.aws.amazon.com/{page}"


@pytest.mark.parametrize(
    ("region", "console", "sign_in"),
    [
        ("eu-west-1", "console.aws.amazon.com", "signin.aws.amazon.com"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com", "signin.amazonaws-us-gov.com"),
        ("cn-north-1", "console.amazonaws.cn", "signin.amazonaws.cn"),
    ],
)
def test_each_partition_has_its_own(region: str, console: str, sign_in: str) -> None:
    url = job_url(submission("glue"), region)
    assert urlsplit(url).netloc == console
    assert urlsplit(switched(url, account="1" * 12, role="Dev", region=region)).netloc == sign_in


def test_a_log_is_found_by_group_and_stream() -> None:
    assert log_url(submission("glue"), "us-east-1").endswith(
        "#logsV2:log-groups/log-group/$252Faws-glue$252Fjobs$252Foutput$3FlogStreamNameFilter$3Did-1"
    )
    assert log_url(submission("training"), "us-east-1", "/mine").endswith("$252Fmine$3FlogStreamNameFilter$3Did-1$252F")
    assert log_url(submission("lambda"), "us-east-1").endswith("$252Faws$252Flambda$252Fjob")


def test_names_are_escaped() -> None:
    assert job_url(submission("glue", "my job/x"), "us-east-1").endswith("#/job/my%20job%2Fx/run/id-1")


def test_people_switch_first_where_a_role_is_declared() -> None:
    url = job_url(submission("training"), "us-east-1")
    asked = parse_qs(urlsplit(switched(url, account="2" * 12, role="Dev", region="us-east-1")).query)
    assert asked == {
        "account": ["2" * 12],
        "roleName": ["Dev"],
        "displayName": ["Dev@222222222222"],
        "redirect_uri": [url],
    }
    assert switched(url, account="2" * 12, role="", region="us-east-1") == url
