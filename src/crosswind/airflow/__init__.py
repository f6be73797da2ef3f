"""The provider package: what Crosswind adds to Airflow inside Amazon MWAA.

A DAG of Crosswind holds no AWS fact of its own: it names sites, jobs and replications. A run of it, in order:

1. `settings`: the DAG file reads the names beside it (`load_topology`); `defaults` gives them to every operator. Pure;
   no AWS call at parse time.
2. `guard`: before a task runs, its connection must be declared, exist, and name a role of the declared account.
   Airflow's own hooks take the hub's credentials when a connection is unknown; here it is an error.
3. `target`, `owner` (made by `context`): where the task acts, for which DAG run, and whose the jobs are that it starts.
4. `hooks`: one assumed session for each (DAG run, target) in a process, its account asserted, renewed before it ends.
5. `jobs`: a remote job is looked for, adopted, or submitted once. What is left behind is reaped (`reaper`).
6. `handover`: exactly which objects one DAG hands to the next, whether they have arrived, what a model was made from.
7. `operators`, `sensors`: Airflow's side of 5 and 6. They wait in `triggers`, which take the same steps (`watch`,
   `arrivals`) with the same settings. `links` shows the job in the right account of the console.
8. `jobs.failures` says whether an error is waited out, tried again or final (`final`); `denials` explains a denial.

Without Airflow, in the command line, the triggerer's threads and the simulator alike: `settings`, `target`, `owner`,
`context`, `jobs`, `handover`, `watch`, `arrivals`, `configuration`, `console`, `naming`, `accounts`, `substitution`,
`denials`. `compat` holds the only switches between Airflow's versions.

May import of Crosswind: `crosswind.aws` and `crosswind.errors`. May not: call AWS when a DAG is parsed, fall
back to another identity, log a secret. Known cost: importing an operator imports Airflow's amazon provider
(about 3 CPU seconds); importing this package imports nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosswind.airflow.context import owner_of, target_of
    from crosswind.airflow.defaults import default_args
    from crosswind.airflow.guard import declared_connection
    from crosswind.airflow.handover.model import Arrival, Handover, Reference, Version
    from crosswind.airflow.hooks.cross_account import CrossAccountHook, clients_of
    from crosswind.airflow.hooks.sagemaker import CrossAccountSageMakerHook
    from crosswind.airflow.names_file import load_topology
    from crosswind.airflow.operators.glue import CrossAccountGlueJobOperator
    from crosswind.airflow.operators.handover import PublishHandover
    from crosswind.airflow.operators.lambda_ import CrossAccountLambdaOperator
    from crosswind.airflow.operators.processing import CrossAccountSageMakerProcessingOperator
    from crosswind.airflow.operators.sagemaker import CrossAccountSageMakerTrainingOperator
    from crosswind.airflow.owner import Attempt, Owner
    from crosswind.airflow.reaper import reaper_dag
    from crosswind.airflow.sensors.arrival import ArrivalSensor
    from crosswind.airflow.settings import TopologyNames
    from crosswind.airflow.target import AwsTarget

__all__ = [
    "Arrival",
    "ArrivalSensor",
    "Attempt",
    "AwsTarget",
    "CrossAccountGlueJobOperator",
    "CrossAccountHook",
    "CrossAccountLambdaOperator",
    "CrossAccountSageMakerHook",
    "CrossAccountSageMakerProcessingOperator",
    "CrossAccountSageMakerTrainingOperator",
    "Handover",
    "Owner",
    "PublishHandover",
    "Reference",
    "TopologyNames",
    "Version",
    "clients_of",
    "declared_connection",
    "default_args",
    "load_topology",
    "owner_of",
    "reaper_dag",
    "target_of",
]

_HOME = {
    "Arrival": "handover.model",
    "ArrivalSensor": "sensors.arrival",
    "Attempt": "owner",
    "AwsTarget": "target",
    "CrossAccountGlueJobOperator": "operators.glue",
    "CrossAccountHook": "hooks.cross_account",
    "CrossAccountLambdaOperator": "operators.lambda_",
    "CrossAccountSageMakerHook": "hooks.sagemaker",
    "CrossAccountSageMakerProcessingOperator": "operators.processing",
    "CrossAccountSageMakerTrainingOperator": "operators.sagemaker",
    "Handover": "handover.model",
    "Owner": "owner",
    "PublishHandover": "operators.handover",
    "Reference": "handover.model",
    "TopologyNames": "settings",
    "Version": "handover.model",
    "clients_of": "hooks.cross_account",
    "declared_connection": "guard",
    "default_args": "defaults",
    "load_topology": "names_file",
    "owner_of": "context",
    "reaper_dag": "reaper",
    "target_of": "context",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
