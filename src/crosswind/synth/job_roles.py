"""The roles of jobs: who may assume them, what they may do; made in the job's stack, or there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from crosswind.synth import sagemaker_statements, site_statements
from crosswind.synth.arns import given_arn
from crosswind.synth.grants import Grant
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement, add_role, service_trust
from crosswind.synth.template import Template, get_att
from crosswind.topology.model import LambdaJob, ProcessingJob, PythonShellJob, SparkJob, TrainingJob

__all__ = ["JobRole", "add_job_role", "job_role"]


@dataclass(frozen=True)
class JobRole:
    """What a job's role must be.

    Attributes:
        description: for the console.
        trust: who may assume it.
        statements: what it may do.
    """

    description: str
    trust: tuple[Statement, ...]
    statements: tuple[Statement, ...]


def job_role(layout: Layout, found: Sequence[Grant], name: str) -> JobRole:
    """What the role of a declared job must be.

    Args:
        layout: of the topology.
        found: all grants.
        name: the job's.
    """
    job = layout.topology.jobs[name]
    account = layout.topology.account_of(job.site)
    match job:
        case SparkJob():
            what, service, statements = "Glue job", "glue", site_statements.spark_job(layout, found, name)
        case PythonShellJob():
            what, service, statements = "Glue job", "glue", site_statements.python_shell_job(layout, found, name)
        case TrainingJob() | ProcessingJob():
            kind = next(kind for kind in sagemaker_statements.KINDS if isinstance(job, kind.jobs))
            what, service = f"SageMaker {kind.name.lower()} job", "sagemaker"
            statements = sagemaker_statements.job_role(layout, found, name, kind)
        case LambdaJob():
            what, service, statements = "Lambda function", "lambda", site_statements.lambda_job(layout, found, name)
        case _:
            assert_never(job)
    # Glue tells no account: see `service_trust`.
    trust = service_trust([f"{service}.amazonaws.com"], "" if service == "glue" else account)
    return JobRole(f"The {what} {name} runs under this role.", (trust,), tuple(statements))


def add_job_role(template: Template, layout: Layout, found: Sequence[Grant], name: str) -> Any:
    """Add the role of a declared job, unless it is there already; returns its ARN, as the template has it."""
    if (existing := layout.topology.jobs[name].existing_role) is not None:
        return given_arn(existing)
    role = job_role(layout, found, name)
    logical_id = add_role(
        template,
        f"{camel(name)}JobRole",
        layout.names.job_role(name),
        role.description,
        trust=role.trust,
        boundary=layout.boundary,
        statements=role.statements,
    )
    return get_att(logical_id, "Arn")
