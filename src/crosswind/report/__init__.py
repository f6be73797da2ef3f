"""The read model of a run: what happened, where, who acted, and how long it took.

Three stages:

1. `trail` reads the local world's request log: one AWS call a record, with the identity that made it.
2. `collect` asks the accounts what a run left behind: the training job, the replicas, what was removed.
3. `summary` joins both with the task instances of the DAG runs into one frozen `Summary`, which the command
   line prints and pages may draw.

May not: change anything, print. Only `collect` calls AWS.
"""

from crosswind.report.collect import collect
from crosswind.report.summary import StepRow, Summary, TaskRow, summarise
from crosswind.report.trail import Request, Trail

__all__ = ["Request", "StepRow", "Summary", "TaskRow", "Trail", "collect", "summarise"]
