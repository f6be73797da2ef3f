"""DAGs, their steps, and how often their tasks look."""

from __future__ import annotations

from pydantic import Field

from crosswind.topology.model.part import FileName, FolderRef, Name, Part

__all__ = ["Intervals", "Pipeline", "Step"]


class Step(Part):
    """One step of a pipeline: it either waits or runs a job.

    Attributes:
        wait: it waits for a folder (`bucket/folder`) or an object in it (`bucket/folder/key`).
        run: it runs a declared job.
        task: its task in the DAG; without one, the job's name.
    """

    wait: FolderRef | None = None
    run: Name | None = None
    task: Name | None = None


class Pipeline(Part):
    """A DAG and the steps that it takes.

    Attributes:
        dag: its file, in the folder `hub.airflow.dags`.
        after: the pipeline whose success starts it.
        steps: what it does, in order.
    """

    dag: FileName
    after: Name | None = None
    steps: tuple[Step, ...]


class Intervals(Part):
    """How often sensors and operators look, and how long they wait.

    Attributes:
        poke_seconds: between two looks of a sensor.
        timeout_seconds: when a sensor gives up.
        job_seconds: between two looks at a running job.
        retries: of a task, 0 to 10.
        retry_seconds: before the first retry; later ones wait longer.
        arrival_seconds: when a handover that has not arrived is given up.
        reap_seconds: between two looks for jobs that no task owns.
    """

    poke_seconds: int = Field(default=60, ge=1)
    timeout_seconds: int = Field(default=3600, ge=1)
    job_seconds: int = Field(default=30, ge=1)
    retries: int = Field(default=2, ge=0, le=10)
    retry_seconds: int = Field(default=60, ge=1)
    arrival_seconds: int = Field(default=3600, ge=1)
    reap_seconds: int = Field(default=300, ge=1)
