"""The provider package: what Crosswind adds to Airflow inside Amazon MWAA.

A DAG of Crosswind holds no AWS fact of its own. The stages of one task, in order:

1. `settings`: the DAG file reads the names beside it (`load_topology`). Pure; no AWS call at parse time.
2. `guard`: before a task runs, its connection must be declared, exist, and name a role of the declared
   account. Airflow's own hooks take the hub's credentials when a connection is unknown; here it is an error.
3. `hooks`: one assumed session a hook, shared by all of its clients, one Region, its account asserted.
4. `operators`: configuration from S3, placeholders filled, one call that starts the job, then a wait.
5. `triggers`: the same wait in the triggerer, with the same settings, none of them lost on the way.
6. `handover`: which objects one DAG hands to the next, as data.
7. `denials`: when a call is denied, the explanation that the endpoint sent goes into the task's log.

`naming` makes the names that AWS wants (role session, training job, run). It, `accounts`, `substitution`,
`settings`, `handover` and `denials` know no Airflow. `compat` holds the only switches between Airflow's versions.

May import of Crosswind: `crosswind.aws` and `crosswind.errors`. May not: call AWS when a DAG is parsed, fall
back to another identity, log a secret. Known cost: importing an operator imports Airflow's amazon provider
(about 3 CPU seconds); importing this package imports nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosswind.airflow.defaults import default_args
    from crosswind.airflow.guard import declared_connection
    from crosswind.airflow.handover import Handover
    from crosswind.airflow.hooks.cross_account import CrossAccountHook
    from crosswind.airflow.hooks.sagemaker import CrossAccountSageMakerHook
    from crosswind.airflow.naming import job_name, run_name, session_name
    from crosswind.airflow.operators.sagemaker import CrossAccountSageMakerTrainingOperator
    from crosswind.airflow.settings import TopologyNames, load_topology
    from crosswind.airflow.triggers.sagemaker import CrossAccountSageMakerTrainingTrigger

__all__ = [
    "CrossAccountHook",
    "CrossAccountSageMakerHook",
    "CrossAccountSageMakerTrainingOperator",
    "CrossAccountSageMakerTrainingTrigger",
    "Handover",
    "TopologyNames",
    "declared_connection",
    "default_args",
    "job_name",
    "load_topology",
    "run_name",
    "session_name",
]

_HOME = {
    "CrossAccountHook": "hooks.cross_account",
    "CrossAccountSageMakerHook": "hooks.sagemaker",
    "CrossAccountSageMakerTrainingOperator": "operators.sagemaker",
    "CrossAccountSageMakerTrainingTrigger": "triggers.sagemaker",
    "Handover": "handover",
    "TopologyNames": "settings",
    "declared_connection": "guard",
    "default_args": "defaults",
    "job_name": "naming",
    "load_topology": "settings",
    "run_name": "naming",
    "session_name": "naming",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
