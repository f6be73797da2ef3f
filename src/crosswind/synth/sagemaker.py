"""Amazon SageMaker: the role of a job. Each run creates its job: CloudFormation has no such types."""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.synth import sagemaker_statements
from crosswind.synth.grants import Grant
from crosswind.synth.job_roles import add_job_role
from crosswind.synth.layout import Layout, camel
from crosswind.synth.template import Template
from crosswind.topology.model import ProcessingJob, TrainingJob

__all__ = ["add_sagemaker_job"]


def add_sagemaker_job(
    template: Template, layout: Layout, found: Sequence[Grant], name: str, job: TrainingJob | ProcessingJob
) -> None:
    """Add the role of a training or a processing job, and an output with its ARN."""
    kind = next(kind for kind in sagemaker_statements.KINDS if isinstance(job, kind.jobs))
    word = kind.name.lower()
    role = add_job_role(template, layout, found, name)
    template.output(f"{camel(name)}RoleArn", role, f"The role of the {word} job {name}.")
