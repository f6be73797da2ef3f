"""AWS Lambda: a function of one file, inline in the template, with its role and its log group."""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.synth import site_statements
from crosswind.synth.grants import Grant
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import add_role, service_trust
from crosswind.synth.template import Template, get_att
from crosswind.topology.model import LambdaJob

__all__ = ["add_lambda_job"]

_LOG_DAYS = 30


def add_lambda_job(
    template: Template, layout: Layout, found: Sequence[Grant], name: str, job: LambdaJob, *, source: str
) -> None:
    """Add a function, its role and its log group.

    Args:
        template: the site's template.
        layout: of the topology.
        found: all grants.
        name: the job's name, and the function's.
        job: as declared.
        source: the text of its file; inline code is the module `index`.
    """
    function = layout.names.job(name)
    role = add_role(
        template,
        f"{camel(name)}JobRole",
        layout.names.job_role(name),
        f"The Lambda function {name} runs under this role.",
        trust=[service_trust(["lambda.amazonaws.com"], layout.topology.account_of(job.site))],
        statements=site_statements.lambda_job(layout, found, name),
    )
    # Made here and not by the first invocation, so that it has a retention and goes with the stack.
    logs = template.add(
        f"{camel(name)}JobLogs",
        "AWS::Logs::LogGroup",
        {"LogGroupName": f"/aws/lambda/{function}", "RetentionInDays": _LOG_DAYS},
        deletion="Delete",
    )
    template.add(
        f"{camel(name)}Job",
        "AWS::Lambda::Function",
        {
            "FunctionName": function,
            "Role": get_att(role, "Arn"),
            "Runtime": job.runtime,
            "Handler": f"index.{job.handler}",
            "Code": {"ZipFile": source},
            "Timeout": job.timeout_seconds,
            "MemorySize": job.memory_mb,
        },
        depends_on=[logs],
    )
