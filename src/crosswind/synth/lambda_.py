"""AWS Lambda: a function of one file, inline in the template, with its role and its log group."""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.synth.grants import Grant
from crosswind.synth.job_roles import add_job_role
from crosswind.synth.layout import Layout, camel
from crosswind.synth.template import Template, ref
from crosswind.topology.model import LambdaJob

__all__ = ["add_lambda_job"]

_LOG_DAYS = 30
# The shortest that Lambda takes. What has not begun by then never begins: a submitter that has waited a little longer
# than this and the function's time-out may submit anew without a second invocation running.
_QUEUED_SECONDS = 60


def add_lambda_job(
    template: Template, layout: Layout, found: Sequence[Grant], name: str, job: LambdaJob, *, source: str
) -> None:
    """Add a function, its role and its log group; how it is invoked asynchronously, where it puts results.

    Args:
        template: the site's template.
        layout: of the topology.
        found: all grants.
        name: the job's name, and the function's.
        job: as declared.
        source: the text of its file; inline code is the module `index`.
    """
    function = layout.names.job(name)
    role = add_job_role(template, layout, found, name)
    # Made here and not by the first invocation, so that it has a retention and goes with the stack.
    logs = template.add(
        f"{camel(name)}JobLogs",
        "AWS::Logs::LogGroup",
        {"LogGroupName": f"/aws/lambda/{function}", "RetentionInDays": _LOG_DAYS},
        deletion="Delete",
    )
    logical_id = template.add(
        f"{camel(name)}Job",
        "AWS::Lambda::Function",
        {
            "FunctionName": function,
            "Role": role,
            "Runtime": job.runtime,
            "Handler": f"index.{job.handler}",
            "Code": {"ZipFile": source},
            "Timeout": job.timeout_seconds,
            "MemorySize": job.memory_mb,
        },
        depends_on=[logs],
    )
    if job.results is not None:
        template.add(
            f"{camel(name)}JobInvocation",
            "AWS::Lambda::EventInvokeConfig",
            {
                "FunctionName": ref(logical_id),
                "Qualifier": "$LATEST",
                "MaximumEventAgeInSeconds": _QUEUED_SECONDS,
                # Airflow retries, by a claim of its own for each attempt; Lambda's retries would be second runs of one.
                "MaximumRetryAttempts": 0,
            },
        )
