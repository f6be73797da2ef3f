"""Jobs: what runs at sites, one class a type, and a base for those of one service."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticKnownError

from crosswind.topology.model.part import FileName, FolderRef, Name, Part, RoleArn

__all__ = [
    "JOBS",
    "GlueJob",
    "Job",
    "LambdaJob",
    "ProcessingJob",
    "PythonShellJob",
    "SageMakerJob",
    "SparkJob",
    "TrainingJob",
]


def _one_of_two(capacity: float) -> float:
    if capacity not in (0.0625, 1):
        raise PydanticKnownError("literal_error", {"expected": "0.0625 or 1"})
    return capacity


Capacity = Annotated[float, AfterValidator(_one_of_two), WithJsonSchema({"type": "number", "enum": [0.0625, 1]})]

GlueVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+$")]
# Those of Spark: docs.aws.amazon.com/glue/latest/dg/worker-types.html.
WorkerType = Literal[
    "G.025X", "G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X"
]  # fmt: skip


class _Job(Part):
    site: Name
    reads: tuple[FolderRef, ...] = ()
    writes: tuple[FolderRef, ...] = ()
    deletes: tuple[FolderRef, ...] = ()
    existing_role: RoleArn | None = None


class GlueJob(_Job):
    """What every Glue job has; `SparkJob` and `PythonShellJob` are the types.

    Attributes:
        script: the file of its script.
        scripts: the folder that the script is uploaded into, in a bucket of its site.
        timeout_minutes: when Glue stops it, 1 to 2880.
    """

    script: FileName
    scripts: FolderRef
    timeout_minutes: int = Field(default=15, ge=1, le=2880)


class SparkJob(GlueJob):
    """A Glue Spark job.

    Attributes:
        type: `glue`.
        site: a declared site.
        reads: the folders that it reads, `bucket/folder`, in buckets of its site; elsewhere only in place.
        writes: the folders that it writes, in buckets of its site.
        deletes: the folders that it deletes from, in buckets of its account.
        existing_role: the ARN of a role of its account that is there already; without one, its stack makes one.
        script: the file of its script.
        scripts: the folder that the script is uploaded into, in a bucket of its site.
        timeout_minutes: when Glue stops it, 1 to 2880.
        glue_version: Glue's version, in quotes.
        worker_type: Glue's worker type: `G.025X`, `G.1X` to `G.16X`, or `R.1X` to `R.8X`.
        workers: how many, 2 to 299.
    """

    type: Literal["glue"]
    glue_version: GlueVersion = "5.0"
    worker_type: WorkerType = "G.1X"
    workers: int = Field(default=2, ge=2, le=299)


class PythonShellJob(GlueJob):
    """A Glue Python shell job: a script on one machine, without Spark.

    It has no Glue version: Glue ignores any that is given
    (docs.aws.amazon.com/glue/latest/dg/add-job-python.html).

    Attributes:
        type: `glue_python_shell`.
        site: a declared site.
        reads: the folders that it reads, `bucket/folder`, in buckets of its site; elsewhere only in place.
        writes: the folders that it writes, in buckets of its site.
        deletes: the folders that it deletes from, in buckets of its account.
        existing_role: the ARN of a role of its account that is there already; without one, its stack makes one.
        script: the file of its script.
        scripts: the folder that the script is uploaded into, in a bucket of its site.
        timeout_minutes: when Glue stops it, 1 to 2880.
        python_version: `3.9`, the only one that Glue still takes for new jobs.
        max_capacity: the data processing units that it gets: `0.0625` or `1`.
    """

    type: Literal["glue_python_shell"]
    python_version: Literal["3.9"] = "3.9"
    max_capacity: Capacity = 0.0625


class SageMakerJob(_Job):
    """What every SageMaker job has; `TrainingJob` and `ProcessingJob` are the types.

    Attributes:
        config: the file of the request that creates it, as JSON with placeholders.
        configs: the folder that the file is uploaded into, in a bucket of its site.
    """

    config: FileName
    configs: FolderRef


class TrainingJob(SageMakerJob):
    """A SageMaker training job.

    Attributes:
        type: `sagemaker`.
        site: a declared site.
        reads: the folders that it reads, `bucket/folder`, in buckets of its site; elsewhere only in place.
        writes: the folders that it writes, in buckets of its site.
        deletes: the folders that it deletes from, in buckets of its account.
        existing_role: the ARN of a role of its account that is there already; without one, its stack makes one.
        config: the file of its CreateTrainingJob request, as JSON with placeholders.
        configs: the folder that the file is uploaded into, in a bucket of its site.
    """

    type: Literal["sagemaker"]


class ProcessingJob(SageMakerJob):
    """A SageMaker processing job: a script in a container of SageMaker's.

    Attributes:
        type: `sagemaker_processing`.
        site: a declared site.
        reads: the folders that it reads, `bucket/folder`, in buckets of its site; elsewhere only in place.
        writes: the folders that it writes, in buckets of its site.
        deletes: the folders that it deletes from, in buckets of its account.
        existing_role: the ARN of a role of its account that is there already; without one, its stack makes one.
        config: the file of its CreateProcessingJob request, as JSON with placeholders.
        configs: the folder that the file is uploaded into, in a bucket of its site.
        script: the file of its script.
        scripts: the folder that the script is uploaded into, in a bucket of its site.
    """

    type: Literal["sagemaker_processing"]
    script: FileName
    scripts: FolderRef


class LambdaJob(_Job):
    """A Lambda function of one file, shipped inline in the template.

    Attributes:
        type: `lambda`.
        site: a declared site.
        reads: the folders that it reads, `bucket/folder`, in buckets of its site; elsewhere only in place.
        writes: the folders that it writes, in buckets of its site.
        deletes: the folders that it deletes from, in buckets of its account.
        existing_role: the ARN of a role of its account that is there already; without one, its stack makes one.
        source: the file of its code.
        handler: the function in that file which Lambda calls.
        runtime: `python3.11`, `python3.12` or `python3.13`.
        timeout_seconds: when Lambda stops it, 1 to 900.
        memory_mb: its memory, 128 to 10240.
        results: the folder in a bucket of its site into which an asynchronous invocation puts its result; without one,
            Airflow invokes the function synchronously.
    """

    type: Literal["lambda"]
    source: FileName
    handler: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")] = "handler"
    runtime: Literal["python3.11", "python3.12", "python3.13"] = "python3.12"
    timeout_seconds: int = Field(default=60, ge=1, le=900)
    memory_mb: int = Field(default=256, ge=128, le=10240)
    results: FolderRef | None = None


Job = Annotated[
    SparkJob | PythonShellJob | TrainingJob | ProcessingJob | LambdaJob,
    Field(discriminator="type"),
]

JOBS: dict[str, type[_Job]] = {
    "glue": SparkJob,
    "glue_python_shell": PythonShellJob,
    "sagemaker": TrainingJob,
    "sagemaker_processing": ProcessingJob,
    "lambda": LambdaJob,
}
"""The class of each type."""
