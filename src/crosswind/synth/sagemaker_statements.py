"""The IAM statements about SageMaker's jobs: of the jobs' own roles, and of who runs them. Each statement stands once.

Training and processing jobs differ by names alone; `KINDS` holds these.
Action, resource and condition names: docs.aws.amazon.com/service-authorization/latest/reference/
list_amazonsagemaker.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crosswind.synth import key_statements, object_statements
from crosswind.synth.actors import Actor
from crosswind.synth.arns import log_group_arn, processing_arns, role_arn, training_arns
from crosswind.synth.grants import Grant, folders
from crosswind.synth.keys import key_at
from crosswind.synth.layout import Layout
from crosswind.synth.registries import REPOSITORY, registry
from crosswind.synth.roles import Statement, allow
from crosswind.synth.template import sub
from crosswind.topology.model import ProcessingJob, SageMakerJob, TrainingJob

__all__ = ["KINDS", "PROCESSING", "TRAINING", "declared", "job_role", "reap", "run"]


@dataclass(frozen=True)
class Kind:
    """A kind of job: its name in actions and statements, its class, its ARNs, and what its outputs are called."""

    name: str
    jobs: type[SageMakerJob]
    arns: Callable[[Layout, Iterable[str], str | None], list[dict[str, Any]]]
    outputs: str


TRAINING = Kind("Training", TrainingJob, training_arns, "Models")
PROCESSING = Kind("Processing", ProcessingJob, processing_arns, "Outputs")
KINDS = (TRAINING, PROCESSING)


def declared(layout: Layout, sites: Iterable[str], kind: Kind) -> list[str]:
    """The declared jobs of a kind at some sites."""
    return [name for site in sites for name, job in layout.jobs(site) if isinstance(job, kind.jobs)]


def job_role(layout: Layout, found: Sequence[Grant], name: str, kind: Kind) -> list[Statement]:
    """A job's role: its data, what it makes, the image, its logs and metrics.

    Source: docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, "CreateTrainingJob API" and
    "CreateProcessingJob API".
    """
    who = f"job {name}"
    site = layout.topology.jobs[name].site
    region = layout.topology.region_of(site)
    written = folders(found, who, "write")
    keys = {bucket: key_at(layout, bucket, site) for bucket in written if layout.has_key(bucket)}
    image = f"arn:${{AWS::Partition}}:ecr:{region}:{registry(region)}:repository/{REPOSITORY}"
    return [
        *object_statements.list_folders(layout, folders(found, who, "read", "delete")),
        *object_statements.read(layout, folders(found, who, "read")),
        *object_statements.write(layout, written),
        *object_statements.delete(layout, folders(found, who, "delete")),
        *object_statements.use_keys(layout, site, folders(found, who, "read"), written),
        *([key_statements.encrypt_outputs(kind.outputs, keys)] if keys else []),
        allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [sub(image)],
        ),
        # A token is for a whole registry: the action takes no resource.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "WriteLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [log_group_arn(layout, name, layout.names.log_group(name))],
        ),
        allow(
            "PutMetrics",
            ["cloudwatch:PutMetricData"],
            ["*"],
            {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
        ),
    ]


def run(layout: Layout, jobs: Sequence[str], kind: Kind, actor: Actor) -> list[Statement]:
    """What Airflow needs to create, follow and stop declared jobs of a kind.

    Args:
        layout: of the topology.
        jobs: the declared jobs.
        kind: theirs.
        actor: whose statements they are; one that serves all pipelines also tells by their tags whose jobs are.
    """
    topology = layout.topology
    tags = ["sagemaker:ListTags"] if actor.pipeline is None else []
    roles = [role_arn(topology.account_of(topology.jobs[job].site), layout.names.job_role(job)) for job in jobs]
    return [
        allow(
            f"Run{kind.name}",
            [
                "sagemaker:AddTags",
                f"sagemaker:Create{kind.name}Job",
                f"sagemaker:Describe{kind.name}Job",
                f"sagemaker:Stop{kind.name}Job",
                *tags,
            ],
            kind.arns(layout, jobs, actor.pipeline),
        ),
        # Airflow's own operator looks there for the job of an earlier attempt.
        _list(layout, jobs, kind),
        allow(
            f"Pass{kind.name}Role",
            ["iam:PassRole"],
            roles,
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow(
            f"Read{kind.name}Logs",
            ["logs:DescribeLogStreams", "logs:GetLogEvents"],
            [log_group_arn(layout, job, layout.names.log_group(job)) for job in jobs],
        ),
    ]


def reap(layout: Layout, jobs: Sequence[str], kind: Kind) -> list[Statement]:
    """What finds and stops the jobs of declared jobs that other roles create."""
    actions = [f"sagemaker:Describe{kind.name}Job", "sagemaker:ListTags", f"sagemaker:Stop{kind.name}Job"]
    return [allow(f"Reap{kind.name}", actions, kind.arns(layout, jobs, None)), _list(layout, jobs, kind)]


def _list(layout: Layout, jobs: Sequence[str], kind: Kind) -> Statement:
    """A list of names takes no resource."""
    regions = sorted({layout.topology.region_of(layout.topology.jobs[job].site) for job in jobs})
    condition = {"StringEquals": {"aws:RequestedRegion": regions}}
    return allow(f"List{kind.name}", [f"sagemaker:List{kind.name}Jobs"], ["*"], condition)
