"""Addresses of AWS's console: a job, its log, and the page that switches into the account first. Pure."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from crosswind.airflow.jobs.model import Submission

__all__ = ["job_url", "log_url", "switched"]

# (console, sign-in) by what a Region's name begins with. Source: the console's own addresses in each partition;
# docs.aws.amazon.com/general/latest/gr/aws-service-information.html
_DOMAINS = {
    "cn-": ("console.amazonaws.cn", "signin.amazonaws.cn"),
    "us-gov-": ("console.amazonaws-us-gov.com", "signin.amazonaws-us-gov.com"),
    "": ("console.aws.amazon.com", "signin.aws.amazon.com"),
}
_PAGES = {
    "glue": "gluestudio/home?region={region}#/job/{job}/run/{id}",
    "training": "sagemaker/home?region={region}#/jobs/{id}",
    "processing": "sagemaker/home?region={region}#/processing-jobs/{id}",
    "lambda": "lambda/home?region={region}#/functions/{job}?tab=monitoring",
}
# A log group and what its streams of one run begin with.
_LOGS = {
    "glue": ("{group}/output", "{id}"),
    "training": ("{group}", "{id}/"),
    "processing": ("{group}", "{id}/"),
    "lambda": ("{group}", ""),
}
_GROUPS = {
    "glue": "/aws-glue/jobs",
    "training": "/aws/sagemaker/TrainingJobs",
    "processing": "/aws/sagemaker/ProcessingJobs",
    "lambda": "/aws/lambda/{job}",
}


def job_url(submission: Submission, region: str) -> str:
    """The console's page of a job, in its Region and partition."""
    page = _PAGES[submission.kind].format(region=region, job=quote(submission.job, ""), id=quote(submission.id, ""))
    return f"https://{_domains(region)[0]}/{page}"


def log_url(submission: Submission, region: str, group: str = "") -> str:
    """The console's page of a job's log streams.

    Args:
        submission: the job.
        region: where it runs.
        group: its log group; by default the service's own.
    """
    known = {"job": submission.job, "id": submission.id}
    pattern, streams = _LOGS[submission.kind]
    name = pattern.format(group=group or _GROUPS[submission.kind].format(**known), **known)
    page = f"cloudwatch/home?region={region}#logsV2:log-groups/log-group/{_escaped(quote(name, ''))}"
    if begins := streams.format(**known):
        page += _escaped(f"?logStreamNameFilter={quote(begins, '')}")
    return f"https://{_domains(region)[0]}/{page}"


def switched(url: str, *, account: str, role: str, region: str) -> str:
    """The page that switches to a role in an account and then goes on to `url`; `url` itself without a role.

    A console address names a Region and no account: it opens in whatever account the browser is signed in to.

    Args:
        url: the console's page.
        account: in which it is meant to open.
        role: the name of people's role there; empty when none was declared.
        region: for the partition's sign-in page.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html (account, roleName,
    displayName). `redirect_uri` is what the console's own form sends; where it is ignored, the console's home opens,
    in the right account.
    """
    if not role:
        return url
    asked = {"account": account, "roleName": role, "displayName": f"{role}@{account}", "redirect_uri": url}
    return f"https://{_domains(region)[1]}/switchrole?{urlencode(asked)}"


def _domains(region: str) -> tuple[str, str]:
    return next(domains for begins, domains in _DOMAINS.items() if region.startswith(begins))


def _escaped(text: str) -> str:
    """CloudWatch's own escape of what follows `#`: percent-encoded, with `$` for the percent sign."""
    return quote(text, "").replace("%", "$")
