"""DAGs, their steps, and how often their tasks look."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crosswind.topology.model.part import FileName, FolderRef, Name, Part

__all__ = ["Intervals", "Pipeline", "Step"]

# A year is more than any task waits; Airflow's own arithmetic overflows far above it.
Seconds = Annotated[int, Field(ge=1, le=31_536_000)]


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

    poke_seconds: Seconds = 60
    timeout_seconds: Seconds = 3600
    job_seconds: Seconds = 30
    retries: int = Field(default=2, ge=0, le=10)
    retry_seconds: Seconds = 60
    arrival_seconds: Seconds = 3600
    reap_seconds: Seconds = 300
