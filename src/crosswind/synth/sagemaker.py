"""Amazon SageMaker: the role of a training job. Each run creates its job: CloudFormation has no such type."""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.synth import site_statements
from crosswind.synth.grants import Grant
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import add_role, service_trust
from crosswind.synth.template import Template, get_att
from crosswind.topology.model import SageMakerJob

__all__ = ["add_sagemaker_job"]


def add_sagemaker_job(template: Template, layout: Layout, found: Sequence[Grant], name: str, job: SageMakerJob) -> None:
    """Add a training job's role and an output with its ARN."""
    role = add_role(
        template,
        f"{camel(name)}JobRole",
        layout.names.job_role(name),
        f"The SageMaker training job {name} runs under this role.",
        trust=[service_trust(["sagemaker.amazonaws.com"], layout.topology.account_of(job.site))],
        statements=site_statements.sagemaker_job(layout, found, name),
    )
    template.output(f"{camel(name)}RoleArn", get_att(role, "Arn"), f"The role of the training job {name}.")
