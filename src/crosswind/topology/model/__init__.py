"""What a user declares in `crosswind.yaml`, as frozen values that forbid unknown keys. One file a noun.

Every key is documented in its class, and in docs/reference/topology.md. `MODELS` says which class holds which
part of the file; the loader uses it to name the valid keys.
"""

from __future__ import annotations

from pydantic import BaseModel

from crosswind.topology.model.buckets import Bucket, Replication
from crosswind.topology.model.hub import Airflow, Hub, Network
from crosswind.topology.model.jobs import (
    JOBS,
    GlueJob,
    Job,
    LambdaJob,
    ProcessingJob,
    PythonShellJob,
    SageMakerJob,
    SparkJob,
    TrainingJob,
)
from crosswind.topology.model.part import FolderRef
from crosswind.topology.model.pipelines import Intervals, Pipeline, Step
from crosswind.topology.model.sites import Account, Site
from crosswind.topology.model.topology import GROUPS, Topology

__all__ = [
    "GROUPS",
    "JOBS",
    "MODELS",
    "Account",
    "Airflow",
    "Bucket",
    "FolderRef",
    "GlueJob",
    "Hub",
    "Intervals",
    "Job",
    "LambdaJob",
    "Network",
    "Pipeline",
    "ProcessingJob",
    "PythonShellJob",
    "Replication",
    "SageMakerJob",
    "Site",
    "SparkJob",
    "Step",
    "Topology",
    "TrainingJob",
]

MODELS: dict[tuple[str, ...], tuple[type[BaseModel], ...]] = {
    (): (Topology,),
    ("accounts", "*"): (Account,),
    ("hub",): (Hub,),
    ("hub", "airflow"): (Airflow,),
    ("hub", "network"): (Network,),
    ("sites", "*"): (Site,),
    ("buckets", "*"): (Bucket,),
    ("replications", "*"): (Replication,),
    ("jobs", "*"): tuple(JOBS.values()),
    ("pipelines", "*"): (Pipeline,),
    ("pipelines", "*", "steps", "*"): (Step,),
    ("intervals",): (Intervals,),
}
"""The class of each part of the file; `*` is any name or position. A job's class follows from its `type`."""
