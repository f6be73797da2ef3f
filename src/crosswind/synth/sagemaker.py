"""Amazon SageMaker: the role of a job. Each run creates its job: CloudFormation has no such types."""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.synth import sagemaker_statements
from crosswind.synth.grants import Grant
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import add_role, service_trust
from crosswind.synth.template import Template, get_att
from crosswind.topology.model import ProcessingJob, TrainingJob

__all__ = ["add_sagemaker_job"]


def add_sagemaker_job(
    template: Template, layout: Layout, found: Sequence[Grant], name: str, job: TrainingJob | ProcessingJob
) -> None:
    """Add the role of a training or a processing job, and an output with its ARN."""
    kind = next(kind for kind in sagemaker_statements.KINDS if isinstance(job, kind.jobs))
    word = kind.name.lower()
    role = add_role(
        template,
        f"{camel(name)}JobRole",
        layout.names.job_role(name),
        f"The SageMaker {word} job {name} runs under this role.",
        trust=[service_trust(["sagemaker.amazonaws.com"], layout.topology.account_of(job.site))],
        statements=sagemaker_statements.job_role(layout, found, name, kind),
    )
    template.output(f"{camel(name)}RoleArn", get_att(role, "Arn"), f"The role of the {word} job {name}.")
