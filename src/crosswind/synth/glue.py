"""AWS Glue: Spark and Python shell jobs, each with its role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from crosswind.synth.grants import Grant, split_ref
from crosswind.synth.job_roles import add_job_role
from crosswind.synth.layout import Layout, camel
from crosswind.synth.template import Template
from crosswind.topology.model import PythonShellJob, SparkJob

__all__ = ["add_glue_job"]

_CONCURRENT_RUNS = 3


def add_glue_job(
    template: Template, layout: Layout, found: Sequence[Grant], name: str, job: SparkJob | PythonShellJob
) -> None:
    """Add a Glue job and its role. The script is uploaded by deploy, beside the template."""
    role = add_job_role(template, layout, found, name)
    bucket, _ = split_ref(job.scripts)
    template.add(
        f"{camel(name)}Job",
        "AWS::Glue::Job",
        {
            "Name": layout.names.job(name),
            "Role": role,
            **_machine(job, f"s3://{layout.names.bucket(bucket)}/{layout.names.script_key(name)}"),
            "Timeout": job.timeout_minutes,
            # Airflow retries, with a prefix of its own for each attempt; a retry by Glue would write into the
            # old one.
            "MaxRetries": 0,
            # Runs of a pipeline write to prefixes of their own, so that they may overlap.
            "ExecutionProperty": {"MaxConcurrentRuns": _CONCURRENT_RUNS},
        },
    )


def _machine(job: SparkJob | PythonShellJob, script: str) -> dict[str, Any]:
    """What runs the script.

    A Python shell has neither workers nor a version of Glue's: Glue refuses the first, and ignores the second
    (docs.aws.amazon.com/glue/latest/dg/add-job-python.html).
    """
    match job:
        case SparkJob():
            return {
                "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": script},
                "GlueVersion": job.glue_version,
                "WorkerType": job.worker_type,
                "NumberOfWorkers": job.workers,
                "DefaultArguments": {
                    "--enable-continuous-cloudwatch-log": "true",
                    "--enable-metrics": "true",
                    "--job-language": "python",
                },
            }
        case PythonShellJob():
            return {
                "Command": {"Name": "pythonshell", "PythonVersion": job.python_version, "ScriptLocation": script},
                "MaxCapacity": job.max_capacity,
                "DefaultArguments": {"--job-language": "python"},
            }
        case _:
            assert_never(job)
